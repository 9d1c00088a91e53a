import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { entropy, gini, shareOf, topCount, topShare } from "../../lib/stats/concentration.ts";
import { topIndices } from "../../lib/stats/rank.ts";
import { reference } from "./reference.ts";

/** Zero, or a value that stays a normal number when it is scaled. */
const share = fc.double({ min: 0, max: 1, noNaN: true }).map((value) => value < 1e-300 ? 0 : value);
const shares = fc.array(share, { minLength: 1, maxLength: 40 });

Deno.test("Gini, entropy and top share equal the values by NumPy and SciPy", () => {
  for (const table of reference.concentration) {
    assertAlmostEquals(gini(table.values), table.gini, 1e-12);
    assertAlmostEquals(entropy(table.values), table.entropy, 1e-12);
    assertAlmostEquals(topShare(table.values, 0.2), table.topFifth, 1e-12);
  }
});

Deno.test("concentration ignores scale and order, and lies within its bounds", () => {
  fc.assert(fc.property(shares, fc.double({ min: 0.1, max: 100, noNaN: true }), (values, scale) => {
    const other = values.map((value) => value * scale).reverse();
    const count = values.length;
    for (const measure of [gini, entropy, (list: number[]) => topShare(list, 0.3)]) {
      assertAlmostEquals(measure(other), measure(values), 1e-6);
    }
    assert(gini(values) >= 0 && gini(values) <= (count - 1) / count + 1e-12);
    assert(topShare(values, 0.3) >= topCount(count, 0.3) / count - 1e-9);
    assertAlmostEquals(
      shareOf(values, topIndices(values, topCount(count, 0.3))),
      topShare(values, 0.3),
      1e-9,
    );
  }));
});

Deno.test("moving weight from a smaller to a larger value concentrates", () => {
  fc.assert(fc.property(shares, (values) => {
    const sorted = [...values].sort((a, b) => a - b);
    if (sorted.length < 2 || sorted[0] < 1e-6) return;
    const moved = [...sorted];
    moved[moved.length - 1] += moved[0] / 2;
    moved[0] /= 2;
    assert(gini(moved) > gini(sorted));
    assert(entropy(moved) < entropy(sorted));
  }));
});

Deno.test("an all-zero map counts as evenly spread", () => {
  const zeros = [0, 0, 0, 0];
  assertEquals(gini(zeros), 0);
  assertEquals(topShare(zeros, 0.25), 0.25);
  assertEquals(shareOf(zeros, [1, 2]), 0.5);
});

Deno.test("the number of top heads rounds halves up and is at least 1", () => {
  const cases: [number, number, number][] = [
    [96, 0.05, 5],
    [270, 0.05, 14],
    [70, 0.15, 11],
    [10, 0.01, 1],
    [3, 1, 3],
    [144, 0.125, 18],
  ];
  for (const [count, fraction, top] of cases) assertEquals(topCount(count, fraction), top);
  assertThrows(() => topCount(10, 1.1), InputError, "in (0, 1]");
  assertThrows(() => topCount(0, 0.5), InputError, "at least 1");
});

Deno.test("negative values are refused unless counted as zero", () => {
  assertThrows(() => gini([1, -1]), InputError, "value 1 is -1");
  assertEquals(topShare([3, -5, 1], 1 / 3, { negative: "zero" }), 0.75);
  assertThrows(() => entropy([]), InputError, "0 values");
});
