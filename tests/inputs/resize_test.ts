import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { cutOut } from "../../lib/inputs/canvas.ts";
import type { RgbImage } from "../../lib/inputs/image.ts";
import { resizeImage, resizeOnCanvas } from "../../lib/inputs/resize.ts";
import { bytes, reference } from "./reference.ts";

Deno.test("resizeImage equals torch's 8-bit antialiased filters bit for bit", () => {
  for (const { from, to, filter, input, output } of reference.resize) {
    const image = { width: from[0], height: from[1], data: bytes(input) };
    const found = resizeImage(image, to[0], to[1], filter);
    assertEquals([...found.data], [...bytes(output)], `${from} to ${to}, ${filter}`);
  }
});

const side = fc.integer({ min: 1, max: 24 });
const filter = fc.constantFrom("bicubic" as const, "bilinear" as const);

/** Images of any size with random pixels. */
const pictures: fc.Arbitrary<RgbImage> = fc.tuple(side, side).chain(([width, height]) =>
  fc.uint8Array({ minLength: width * height * 3, maxLength: width * height * 3 })
    .map((data) => ({ width, height, data }))
);

/** Pixels of `image` at `(x, y)` taken from where `at` says. */
function rearranged(image: RgbImage, at: (x: number, y: number) => [number, number]): RgbImage {
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      const [fromX, fromY] = at(x, y);
      const from = (fromY * image.width + fromX) * 3;
      data.set(image.data.subarray(from, from + 3), (y * image.width + x) * 3);
    }
  }
  return { ...image, data };
}

Deno.test("resizeImage: the same size is the same image", () => {
  fc.assert(fc.property(pictures, filter, (image, kind) => {
    assertEquals(resizeImage(image, image.width, image.height, kind).data, image.data);
  }));
});

Deno.test("resizeImage: one colour stays one colour", () => {
  fc.assert(fc.property(side, side, side, side, fc.nat(255), filter, (w, h, toW, toH, level, f) => {
    const image = { width: w, height: h, data: new Uint8Array(w * h * 3).fill(level) };
    const { data } = resizeImage(image, toW, toH, f);
    assert(data.every((value) => value === level), `${level} became ${data}`);
  }));
});

Deno.test("resizeImage: mirroring before or after differs by two levels at most", () => {
  fc.assert(fc.property(pictures, side, side, filter, (image, width, height, kind) => {
    const mirror = (picture: RgbImage) =>
      rearranged(picture, (x, y) => [picture.width - 1 - x, picture.height - 1 - y]);
    const before = resizeImage(mirror(image), width, height, kind).data;
    const after = mirror(resizeImage(image, width, height, kind)).data;
    before.forEach((value, i) => assert(Math.abs(value - after[i]) <= 2));
  }));
});

Deno.test("resizeImage: channels do not touch each other", () => {
  fc.assert(fc.property(pictures, side, side, (image, width, height) => {
    const red = { ...image, data: image.data.map((value, i) => i % 3 === 0 ? value : 0) };
    const found = resizeImage(red, width, height).data;
    const whole = resizeImage(image, width, height).data;
    found.forEach((value, i) => assertEquals(value, i % 3 === 0 ? whole[i] : 0));
  }));
});

Deno.test("resizeImage: bilinear stays within the range of the image", () => {
  fc.assert(fc.property(pictures, side, side, (image, width, height) => {
    const { data } = resizeImage(image, width, height, "bilinear");
    const low = image.data.reduce((a, b) => Math.min(a, b));
    const high = image.data.reduce((a, b) => Math.max(a, b));
    assert(data.every((value) => value >= low && value <= high));
  }));
});

Deno.test("resizeImage: impossible sizes are refused", () => {
  const image = { width: 1, height: 1, data: new Uint8Array(3) };
  assertThrows(() => resizeImage(image, 0, 3), Error, "width 0");
  assertThrows(() => resizeImage(image, 3, 1.5), Error, "height 1.5");
});

Deno.test("resizeOnCanvas equals resizing the canvas with the image on it", () => {
  const color = [122, 7, 250] as const;
  const shapes = [[1, 37, 40], [37, 1, 40], [5, 9, 9], [30, 20, 31]] as const;
  for (const filter of ["bicubic", "bilinear"] as const) {
    for (const [width, height, edge] of shapes) {
      const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => i * 7919 % 256);
      const image = { width, height, data };
      const left = Math.floor((edge - width) / 2), top = Math.floor((edge - height) / 2);
      const canvas = { width: edge, height: edge, left, top, color };
      const whole = cutOut(image, -left, -top, edge, edge, color);
      for (const [w, h] of [[7, 7], [64, 50], [edge, 12], [edge, edge]]) {
        const found = resizeOnCanvas(image, canvas, w, h, filter);
        assertEquals(found, resizeImage(whole, w, h, filter));
      }
    }
  }
});

Deno.test("resizeOnCanvas: a long strip on a square takes neither seconds nor gigabytes", () => {
  const strip = { width: 60_000, height: 1, data: new Uint8Array(180_000).fill(200) };
  const canvas = { width: 60_000, height: 60_000, left: 0, top: 30_000, color: [9, 9, 9] } as const;
  const before = performance.now();
  const { data } = resizeOnCanvas(strip, canvas, 384, 384);
  assert(performance.now() - before < 5000);
  assert(data.every((level) => level >= 9 && level <= 11)); // one row in 156 of another colour
  assert(data.some((level) => level > 9));
});

Deno.test("resizeImage: results that memory cannot hold are refused", () => {
  const strip = { width: 60_000, height: 1, data: new Uint8Array(180_000) };
  assertThrows(() => resizeImage(strip, 3_360_000, 56), InputError, "at most 89478485 pixels");
});
