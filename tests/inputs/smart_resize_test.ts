import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { imageSize, type Size, videoSize } from "../../lib/inputs/smart_resize.ts";
import { reference } from "./reference.ts";

Deno.test("imageSize equals transformers' smart_resize", () => {
  for (const [size, [factor, minPixels, maxPixels], wanted] of reference.imageSize) {
    assertEquals(imageSize(size, { factor, minPixels, maxPixels }), wanted, `${size}`);
  }
});

Deno.test("videoSize equals transformers' smart_resize of Qwen3-VL videos", () => {
  for (const [frames, size, [factor, minPixels, maxPixels], wanted] of reference.videoSize) {
    assertEquals(videoSize(frames, size, { factor, minPixels, maxPixels }, 2), wanted, `${size}`);
  }
});

Deno.test("imageSize: whole factors within the budget", () => {
  const side = fc.integer({ min: 20, max: 3000 });
  fc.assert(fc.property(side, side, fc.constantFrom(28, 32), (height, width, factor) => {
    const budget = { factor, minPixels: 4 * factor ** 2, maxPixels: 1000 * factor ** 2 };
    const [h, w] = imageSize([height, width], budget);
    assertEquals([h % factor, w % factor], [0, 0]);
    assert(h * w >= budget.minPixels && h * w <= budget.maxPixels, `${h} x ${w}`);
  }));
});

Deno.test("sizes: long strips and videos of one frame are refused", () => {
  const budget = { factor: 32, minPixels: 4096, maxPixels: 65536 };
  const strip: Size = [2, 402];
  assertThrows(() => imageSize(strip, budget), Error, "at most 200 times");
  assertThrows(() => videoSize(1, [64, 64], budget, 2), Error, "at least 2");
});
