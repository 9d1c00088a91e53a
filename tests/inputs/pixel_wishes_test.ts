import { assert, assertEquals } from "@std/assert";
import {
  wishedFrameSize,
  wishedImageSize,
  wishedSampling,
  wishesSize,
} from "../../lib/inputs/pixel_wishes.ts";

const budget = { factor: 28, minPixels: 3136, maxPixels: 1_003_520 };

Deno.test("wishedImageSize: budgets of the part go before the checkpoint's", () => {
  // sizes of qwen-vl-utils' smart_resize
  assertEquals(wishedImageSize([280, 560], budget), [280, 560]);
  assertEquals(wishedImageSize([280, 560], budget, { max_pixels: 50_176 }), [140, 308]);
  assertEquals(wishedImageSize([280, 560], budget, { min_pixels: 200_704 }), [336, 644]);
  assertEquals(wishedImageSize([10, 10], budget, { max_pixels: 784 }), [28, 28]);
  const asked = { resized_height: 100, resized_width: 200 };
  assertEquals(wishedImageSize([280, 560], budget, asked), [112, 196]);
});

Deno.test("wishedFrameSize: each frame has its budget, all together theirs", () => {
  const size = [720, 1280] as const;
  // qwen-vl-utils: 768 tokens a frame at most, and total_pixels / frames * 2
  assertEquals(wishedFrameSize(size, 8, budget, { max_pixels: 50_176 }), [168, 280]);
  assertEquals(wishedFrameSize(size, 8, budget, { max_pixels: 10_000_000 }), [560, 1008]);
  assertEquals(wishedFrameSize(size, 8, budget, { total_pixels: 802_816 }), [336, 588]);
  const asked = { resized_height: 56, resized_width: 84 };
  assertEquals(wishedFrameSize(size, 8, budget, asked), [56, 84]);
});

Deno.test("wishedSampling: frames of the part go before the checkpoint's", () => {
  const sampling = { fps: 2, numFrames: null, minFrames: 4, maxFrames: 768 };
  assertEquals(wishedSampling(sampling), sampling);
  assertEquals(wishedSampling(sampling, { nframes: 6 }), { ...sampling, fps: null, numFrames: 6 });
  assertEquals(wishedSampling(sampling, { fps: 5 }), sampling); // of a list: when they were taken
  assertEquals(wishedSampling(sampling, { fps: 5 }, true), { ...sampling, fps: 5 });
  const fixed = { ...sampling, fps: null, numFrames: 8 };
  assertEquals(wishedSampling(fixed, { fps: 5 }, true), { ...sampling, fps: 5 });
  const few = wishedSampling({ ...sampling, fps: null }, { max_frames: 3 });
  assertEquals(few, { fps: 2, numFrames: null, minFrames: 3, maxFrames: 3 });
});

Deno.test("wishesSize: only sizes count", () => {
  assert(wishesSize({ total_pixels: 1 }) && wishesSize({ max_pixels: 1 }));
  assert(!wishesSize(undefined) && !wishesSize({ nframes: 4 }));
});
