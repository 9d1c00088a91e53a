import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";
import { drawCount, drawRows, resamplePlan } from "../../lib/stats/resample.ts";

const labels = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 30 });

Deno.test("every draw takes as many samples of each stratum as there are, but for single ones", () => {
  fc.assert(fc.property(labels, fc.integer(), (strata, seed) => {
    const rows = drawRows(resamplePlan(strata.length, { strata }), new Random(seed));
    assertEquals(rows.length, strata.length);
    const sizes = new Map<number, number>();
    for (const label of strata) sizes.set(label, (sizes.get(label) ?? 0) + 1);
    const alone = [...sizes.values()].some((size) => size === 1);
    if (!alone) assertEquals(Array.from(rows, (row) => strata[row]).sort(), [...strata].sort());
  }));
});

Deno.test("strata of a single sample vary together, so that no interval is one point", () => {
  fc.assert(fc.property(labels, (strata) => {
    const { strata: found } = resamplePlan(strata.length, { strata });
    assert(found.every(({ length }) => length > 1 || strata.length === 1));
    assertEquals(found.flat(2).length, strata.length);
  }));
  const sizes = (strata: string) =>
    resamplePlan(strata.length, { strata: [...strata] }).strata.map(({ length }) => length);
  assertEquals(sizes("abcde"), [5]);
  assertEquals(sizes("aabbbc"), [3, 3]);
  assertEquals(sizes("aabbbcd"), [2, 3, 2]);
});

Deno.test("clusters are drawn whole", () => {
  fc.assert(fc.property(labels, fc.integer(), (clusters, seed) => {
    const rows = drawRows(resamplePlan(clusters.length, { clusters }), new Random(seed));
    const times = (row: number): number => rows.filter((drawn) => drawn === row).length;
    clusters.forEach((cluster, row) => assertEquals(times(row), times(clusters.indexOf(cluster))));
  }));
});

Deno.test("a single sample occurs in a draw as often as the multinomial says", () => {
  const random = new Random(2);
  const plan = resamplePlan(20);
  let absent = 0;
  for (let draw = 0; draw < 2000; draw++) {
    if (!drawRows(plan, random).includes(7)) absent++;
  }
  assert(Math.abs(absent / 2000 - (1 - 1 / 20) ** 20) < 0.045);
});

Deno.test("labels that do not fit are refused", () => {
  assertThrows(() => resamplePlan(0), InputError, "at least 1");
  assertThrows(() => resamplePlan(3, { strata: ["a"] }), InputError, "one per sample");
  assertThrows(
    () => resamplePlan(2, { strata: ["scene", "page"], clusters: [1, 1] }),
    InputError,
    "one stratum per cluster",
  );
  assertThrows(() => drawCount(0, 5), InputError, "positive integer");
});
