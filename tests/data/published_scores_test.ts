import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { isCorrect } from "../../lib/data/metrics.ts";
import { publishedScores } from "../../lib/data/published_scores.ts";
import { parseSample } from "../../lib/data/sample_json.ts";

Deno.test("publishedScores: by the sample's metric, thoughts left out", () => {
  const mlvu = { answer: ["B", "a cat"], choices: ["a dog", "a cat"], metric: "mlvu" } as const;
  const said = ["B", "(B) a cat", "The answer is B.", "a cat", "A", "<think>A?</think>B"];
  assertEquals(said.map((one) => Object.values(publishedScores(one, mlvu))), [
    [1, 1],
    [1, 1],
    [0, 1],
    [0, 0],
    [0, 0],
    [1, 1],
  ]);
  assertEquals(said.map((one) => isCorrect(one, mlvu)), [true, true, true, true, false, true]);
  const text = { answer: ["abc", "xyz"], metric: "text" } as const;
  assertEquals(publishedScores("abx", text), { "mmlongbench-score": 1 - 1 / 3 });
  assertEquals(publishedScores("xyz", text), { "mmlongbench-score": 1 });
  for (const metric of [undefined, "box", "interval"] as const) {
    assertEquals(publishedScores("x", { answer: "x", metric }), {});
  }
  assertEquals(publishedScores("A", { answer: "a", choices: ["a", "b"] }), {});
});

Deno.test("isCorrect: what is thought before an answer does not count, whatever the metric", () => {
  const answers = [
    ["tom", undefined],
    ["[0, 0, 9, 9]", "box"],
    ["1 to 3", "interval"],
    ["8", "integer"],
    ["['a', 'b']", "list"],
  ] as const;
  for (const [answer, metric] of answers) {
    assertEquals(
      isCorrect(`<think>[5, 5, 6, 6] or 2 to 9?</think>\n\n${answer}`, { answer, metric }),
      true,
    );
    assertEquals(isCorrect(`<think>${answer}`, { answer, metric }), false);
  }
});

Deno.test("parseSample: the metric mlvu needs choices", () => {
  const sample = { id: "s", domain: "d", images: [], question: "q", answer: "a", evidence: [] };
  assertThrows(() => parseSample({ ...sample, metric: "mlvu" }, "line 1"), InputError, "metric");
});
