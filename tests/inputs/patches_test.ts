import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import type { RgbImage } from "../../lib/inputs/image.ts";
import { cutPatches, joinPatches } from "../../lib/inputs/patches.ts";
import { patchCoordinates } from "../../lib/model/vision_grid.ts";

const levels = Float32Array.from({ length: 768 }, (_, i) => i % 256);

/** An image whose red is the column, green the row, blue the frame. */
function coordinates(width: number, height: number, frame: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data.set([i % width, Math.floor(i / width), frame], 3 * i);
  }
  return { width, height, data };
}

Deno.test("cutPatches: every value is the pixel that its place says", () => {
  const small = fc.integer({ min: 1, max: 3 });
  fc.assert(
    fc.property(
      small,
      small,
      small,
      small,
      small,
      fc.integer({ min: 1, max: 5 }),
      (p, m, t, h, w, n) => {
        const [rows, columns] = [h * m, w * m];
        const frames = Array.from({ length: n }, (_, i) => coordinates(columns * p, rows * p, i));
        const config = { patchSize: p, mergeSize: m, temporalPatchSize: t };
        const { data, grid } = cutPatches(frames, levels, config);
        assertEquals(grid, [Math.ceil(n / t), rows, columns]);
        const places = patchCoordinates([grid], m); // the model's own order of patches
        const size = 3 * t * p * p;
        assertEquals(data.length, grid[0] * rows * columns * size);
        for (let i = 0; i < data.length; i++) {
          const patch = Math.floor(i / size), within = i % size;
          const channel = Math.floor(within / (t * p * p));
          const frame = Math.floor(within / (p * p)) % t;
          const y = Math.floor(within / p) % p, x = within % p;
          const time = Math.floor(patch / (rows * columns));
          const wanted = [
            places[2 * patch + 1] * p + x,
            places[2 * patch] * p + y,
            Math.min(time * t + frame, n - 1),
          ][channel];
          assert(data[i] === wanted, `value ${i} is ${data[i]}, wanted ${wanted}`);
        }
      },
    ),
    { numRuns: 40 },
  );
});

Deno.test("cutPatches: sides must be multiples of a block", () => {
  const config = { patchSize: 2, mergeSize: 2, temporalPatchSize: 1 };
  assertThrows(() => cutPatches([coordinates(6, 4, 0)], levels, config), Error, "multiples of 4");
});

Deno.test("joinPatches: one after the other", () => {
  const part = (...values: number[]) => ({
    data: Float32Array.from(values),
    grid: [1, 1, 1] as const,
  });
  assertEquals([...joinPatches([part(1, 2), part(3)])], [1, 2, 3]);
  assertEquals([...joinPatches([part(1, 2)])], [1, 2]);
});
