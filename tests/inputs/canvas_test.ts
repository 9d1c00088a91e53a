import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { cutOut, cutTiles, stackImages } from "../../lib/inputs/canvas.ts";

const coordinates = (width: number, height: number) => ({
  width,
  height,
  data: Uint8Array.from({ length: width * height * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return [pixel % width, Math.floor(pixel / width), 7][i % 3];
  }),
});

Deno.test("cutOut: pixels where there are any, the colour elsewhere", () => {
  const size = fc.integer({ min: 1, max: 9 }), place = fc.integer({ min: -12, max: 12 });
  fc.assert(fc.property(size, size, place, place, size, size, (w, h, left, top, width, height) => {
    const found = cutOut(coordinates(w, h), left, top, width, height, [50, 60, 70]);
    assertEquals(found.data.length, width * height * 3);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const [fromX, fromY] = [x + left, y + top];
        const inside = fromX >= 0 && fromY >= 0 && fromX < w && fromY < h;
        const wanted = inside ? [fromX, fromY, 7] : [50, 60, 70];
        assertEquals(
          [...found.data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3)],
          wanted,
        );
      }
    }
  }));
});

Deno.test("cutTiles: row by row, everything once", () => {
  const tiles = cutTiles(coordinates(6, 4), 3, 2);
  assertEquals(tiles.map(({ data }) => [data[0], data[1]]), [[0, 0], [3, 0], [0, 2], [3, 2]]);
  assert(tiles.every(({ width, height }) => width === 3 && height === 2));
});

Deno.test("stackImages: channels apart, levels replaced", () => {
  const levels = Float32Array.from({ length: 768 }, (_, i) => i);
  const { data, shape } = stackImages([coordinates(2, 1), coordinates(2, 1)], levels);
  assertEquals(shape, [2, 3, 1, 2]);
  assertEquals([...data.slice(0, 6)], [0, 1, 256, 256, 512 + 7, 512 + 7]);
  assertEquals(data.slice(0, 6), data.slice(6));
  assertThrows(
    () => stackImages([coordinates(2, 1), coordinates(1, 2)], levels),
    Error,
    "one size",
  );
});
