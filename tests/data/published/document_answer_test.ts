import { assert, assertEquals } from "@std/assert";
import { isCorrect } from "../../../lib/data/metrics.ts";
import {
  documentScore,
  isDocumentAnswer,
  metricOfAnswer,
} from "../../../lib/data/published/document_answer.ts";

type Format = Parameters<typeof isDocumentAnswer>[2];

/**
 * Format, answer, prediction, and whether `eval_score` of https://github.com/mayubo2333/MMLongBench-Doc
 * (`eval/eval_score.py`) gives it a score above 0, as run with Python 3.11.
 */
const reference: readonly (readonly [Format, string, string, boolean])[] = [
  ["integer", "8", "8", true],
  ["integer", "8", "8.9", true],
  ["integer", "8", " 8 ", true],
  ["integer", "8", "eight", false],
  ["integer", "8", "-8", false],
  ["integer", "1,200", "1,200", false],
  ["number", "18.29%", "18.3", true],
  ["number", "18.29%", "0.1829", true],
  ["number", "18.29%", "1829%", true],
  ["number", "18.29%", "19", false],
  ["number", "18.29%", "$18.29 (million)", true],
  ["number", "0.001", "0.004", false],
  ["number", "0.005", "0.014", false],
  ["number", "21%", "21", true],
  ["number", "17.5", "x", false],
  ["number", "-3.5", "-3.51", true],
  ["number", "0.105", "0.10", true], // Python rounds 0.105 to 0.1
  ["number", "0.105", "0.11", false],
  ["number", "0.125", "0.12", true], // and halves to the even digit
  ["number", "0.5%", "0.4950", false],
  ["number", "2.675", "2.67", true],
  ["number", "0.00001", "1e-05", true],
  ["number", "5", "1e400", false],
  ["integer", "8", "1e400", false],
  ["text", "Less well-off", "less well off", true],
  ["text", "Less well-off", "better off", false],
  ["text", "Europe IPO", "Europe IPO (2010)", true],
  ["text", "page 14", "page 15", false],
  ["text", "page 14", "Page 14", true],
  ["text", "2015-2016", "2015-2017", false],
  ["text", "https://w.wiki/6gb", "https://w.wiki/6gc", false],
  ["text", "Men's", "mens", true],
  ["text", "9:30 a.m.", "9:31 a.m.", false],
  ["text", "me@x.org", "me@y.org", false],
  ["text", "2024-05", "2024-06", false],
  ["text", "2024-05-01", "2024-05-02", false],
  ["text", "12 34", "12 35", false],
  ["text", "Not answerable", "not answerable.", true],
  ["text", "Not answerable", "8", false],
  ["text", "purple", "purple!", true],
  ["text", "abcd", "abxy", false],
  ["text", "abc", "abx", true],
  ["list", "['White', '10%']", "['10%', 'white']", true],
  ["list", "['White', '10%']", "['White', '20%']", false],
  ["list", "['White', '10%']", "['White']", false],
  ["list", "['Circle', 'Rectangle']", "['circles', 'rectangle']", true],
  ["list", "['Circle', 'Rectangle']", "['circle', 'star']", false],
  ["list", "[1, 2]", "[2, 1]", true],
  ["list", "[1, 2]", "['1', '2']", true],
  ["list", "[\"Men's\", 'b']", "['b', \"men's\"]", true],
  ["list", "['a\\'b']", '["a\'b"]', true],
  ["list", "['x']", "x", true],
  ["list", "['2010', '2011']", "['2010', '2012']", false],
];

Deno.test("isDocumentAnswer: right where the benchmark's own script gives a score", () => {
  for (const [metric, answer, prediction, right] of reference) {
    assertEquals(isDocumentAnswer(prediction, answer, metric), right, `${answer} | ${prediction}`);
    assertEquals(isCorrect(prediction, { answer, metric }), right);
  }
});

Deno.test("isDocumentAnswer: a list may be written without brackets", () => {
  assertEquals(isDocumentAnswer("10%, White", "['White', '10%']", "list"), true);
  assertEquals(isDocumentAnswer("White", "['White', '10%']", "list"), false);
  assertEquals(isDocumentAnswer("Bath, Ohio", "['Bath, Ohio']", "list"), true);
});

Deno.test("metricOfAnswer: by what the answer looks like", () => {
  const answers = ["['a']", "12", "-3", "12.5", "18.29%", "$3.2", "about 12", "2015-2016", "ash"];
  assertEquals(answers.map(metricOfAnswer), [
    "list",
    "integer",
    "integer",
    "number",
    "number",
    "number",
    "text",
    "text",
    "text",
  ]);
});

/** Format, answer, prediction and score of `eval_score` of eval/eval_score.py, as run with Python 3.11. */
const scores: readonly (readonly [Format, string, string, number])[] = [
  ["text", "Less well-off", "less well off", 12 / 13],
  ["text", "abc", "abx", 2 / 3],
  ["text", "abcd", "abxy", 0],
  ["text", "page 14", "Page 14", 1],
  ["list", "['White', '10%']", "['10%', 'white']", 1],
  ["list", "['Circle', 'Rectangle']", "['circles', 'rectangle']", 6 / 7],
  ["list", "['White', '10%']", "10%, white", 0], // no brackets
  ["list", "['White', '10%']", "['White', '10%'", 0], // Python cannot read it
  ["list", "['White', '10%']", "['White' '10%']", 0], // one text in Python
  ["list", "['a', 1.50]", "[1.5, 'a']", 1],
  ["list", "['Fact Checker']", "fact checkers", 12 / 13],
  ["integer", "8", "8.9", 1],
  ["number", "18.29%", "0.1829", 1],
];

Deno.test("documentScore: the score that the benchmark averages", () => {
  for (const [format, answer, prediction, score] of scores) {
    const found = documentScore(prediction, answer, format);
    assert(Math.abs(found - score) < 1e-12, `${answer} | ${prediction}: ${found}`);
  }
  assertEquals(documentScore("<think>9?</think>8", "8", "integer"), 1);
});
