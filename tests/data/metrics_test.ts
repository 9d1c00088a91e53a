import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { wilsonInterval } from "../../lib/stats/proportion.ts";
import { accuracyByDomain, isCorrect, isExactMatch, isNearPlace } from "../../lib/data/metrics.ts";

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

Deno.test("isNearPlace: both coordinates within the tolerance", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 8 }),
    fc.nat(3),
    (x, y, u, v, tolerance) => {
      const near = Math.abs(x - u) <= tolerance && Math.abs(y - v) <= tolerance;
      assertEquals(isNearPlace(`x${x} y${y}`, { answer: `x${u} y${v}` }, tolerance), near);
    },
  ));
  assert(isNearPlace("X 3, Y 4.", { answer: "x3 y5" }));
  assert(!isNearPlace("x3", { answer: "x3 y5" }));
  assert(isNearPlace("C5", { answer: "c5" }) && !isNearPlace("c6", { answer: "c5" }));
});

Deno.test("accuracyByDomain: counts, intervals and chance of each domain", () => {
  const sample = (id: string, domain: string, chance?: number) => ({
    id,
    domain,
    question: "q",
    answer: "yes",
    evidence: [],
    ...(chance === undefined ? {} : { chance }),
  });
  const samples = [
    sample("1", "b", 0.5),
    sample("2", "a", 0.1),
    sample("3", "b", 0.25),
    sample("4", "c"),
  ];
  const table = accuracyByDomain(samples, ["yes", "yes", "no", "Yes!"]);
  assertEquals([...table.keys()], ["b", "a", "c"]);
  assertEquals(table.get("b"), {
    samples: 2,
    right: 1,
    accuracy: wilsonInterval(1, 2),
    chance: 0.375,
  });
  assertEquals(table.get("c")!.chance, null);
  assertThrows(() => accuracyByDomain(samples, ["yes"]), InputError, "1 predictions of 4 samples");
});
