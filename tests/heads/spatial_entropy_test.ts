import { assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { spatialEntropy } from "../../lib/heads/spatial_entropy.ts";
import type { PlacedGrid } from "../../lib/inputs/visual_grid.ts";

function grid(rows: number, columns: number, start = 0, media = 0): PlacedGrid {
  return {
    kind: "image",
    media,
    size: [columns, rows],
    frames: [],
    rows,
    columns,
    newline: "none",
    region: [0, 0, columns, rows],
    start,
  };
}

/** A map from lines of digits, tenths. */
const map = (...lines: string[]) => [...lines.join("")].map((digit) => Number(digit) / 10);

Deno.test("one region has entropy 0, whatever its shape", () => {
  assertAlmostEquals(spatialEntropy(map("00000", "09000", "00900", "00090"), [grid(4, 5)]), 0);
});

Deno.test("touching at a corner joins regions, a gap parts them", () => {
  // mean 0.1 each, threshold 0.2: excess 0.7 and 0.7
  const joined = map("9000000", "0900000", "0000000", "0000000");
  const parted = map("9000000", "0000000", "0090000", "0000000");
  assertAlmostEquals(spatialEntropy(joined, [grid(4, 7)]), 0);
  assertAlmostEquals(spatialEntropy(parted, [grid(4, 7)]), Math.log(2));
});

Deno.test("regions count by how much they exceed twice the mean", () => {
  // 20 cells, sum 1.2, threshold 0.12: excesses 0.68 and 0.28
  const values = map("80000", "00000", "00000", "00004");
  const p = 0.68 / 0.96;
  assertAlmostEquals(
    spatialEntropy(values, [grid(4, 5)]),
    -p * Math.log(p) - (1 - p) * Math.log(1 - p),
  );
});

Deno.test("cells of two images never join, and line ends are left out", () => {
  const two = [grid(1, 8), grid(1, 8, 8, 1)];
  const edge = map("0000000", "9", "9", "0000000");
  assertAlmostEquals(spatialEntropy(edge, two), Math.log(2));
  const withEnds = { ...grid(2, 3), newline: "row" as const };
  assertAlmostEquals(spatialEntropy(map("0009", "9009"), [withEnds]), 0);
});

Deno.test("even attention has no region", () => {
  assertEquals(spatialEntropy(Array(12).fill(1 / 12), [grid(3, 4)]), Infinity);
});

Deno.test("entropy lies between 0 and the logarithm of the cells, and ignores scale", () => {
  const maps = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
    minLength: 20,
    maxLength: 20,
  });
  fc.assert(fc.property(maps, (values) => {
    const entropy = spatialEntropy(values, [grid(4, 5)]);
    if (entropy === Infinity) return;
    const scaled = spatialEntropy(values.map((value) => value / 4), [grid(4, 5)]);
    assertAlmostEquals(scaled, entropy, 1e-9);
    if (entropy < -1e-12 || entropy > Math.log(20)) throw new Error(`entropy ${entropy}`);
  }));
});
