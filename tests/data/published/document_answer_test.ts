import { assertEquals } from "@std/assert";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { isDocumentAnswer, metricOfAnswer } from "../../../lib/data/published/document_answer.ts";

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
