import { assert } from "@std/assert";
import { isCorrect, isExactMatch } from "../../lib/data/metrics.ts";

Deno.test("isExactMatch: any right answer, whole", () => {
  assert(isExactMatch("TOM", { answer: "tom" }));
  assert(isExactMatch("tom", { answer: ["b", "tom"] }));
  for (const wrong of ["to", "tom eva", "", "tommy"]) {
    assert(!isExactMatch(wrong, { answer: ["b", "tom"] }), wrong);
  }
});

Deno.test("isCorrect: by choice, else by the sample's metric, else by exact match", () => {
  const box = "[100, 100, 300, 300]", near = "[100, 100, 300, 290]";
  assert(isCorrect(near, { answer: ["[0, 0, 1, 1]", box], metric: "box" }));
  assert(!isCorrect(near, { answer: box }));
  assert(isCorrect("1 to 3", { answer: "1 to 3.5", metric: "interval" }));
  assert(
    isCorrect("8.0", { answer: "8", metric: "integer" }) && !isCorrect("8.0", { answer: "8" }),
  );
  assert(isCorrect("a", { answer: "tom", choices: ["tom", "eva"], metric: "text" }));
});
