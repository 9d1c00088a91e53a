import { assertEquals, assertThrows } from "@std/assert";
import {
  frameBudgetSize,
  nativeImages,
  nativeVideos,
  readNativeConfig,
  sharedBudgetSize,
  type VideoRules,
} from "../../lib/inputs/native_resolution.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { spreadFrames } from "../../lib/inputs/video.ts";
import { plainLayout } from "../../lib/inputs/video_layouts.ts";

const defaults = {
  imageMean: [0.5, 0.5, 0.5],
  imageStd: [0.5, 0.5, 0.5],
  patchSize: 4,
  temporalPatchSize: 2,
  mergeSize: 2,
  minPixels: 64,
  maxPixels: 6400,
};
const settings = (json: Record<string, unknown> = {}) => new JsonReader(json, "p.json");
const picture = (width: number, height: number) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3),
});
const rules: VideoRules = {
  processor: "Qwen2VLVideoProcessor",
  defaults,
  fps: 2,
  maxVideoTokens: 10,
  sample: spreadFrames,
  size: sharedBudgetSize,
  layout: plainLayout,
  secondsPerGrid: true,
};

// Equality with transformers is tested for every family in families/input_recipes_test.ts.
Deno.test("budgets: old keys go before those in size, these before the defaults", () => {
  const budget = (json: Record<string, unknown>) => {
    const reader = settings(json);
    const { minPixels, maxPixels, factor } = readNativeConfig(reader, defaults);
    reader.finish();
    return [minPixels, maxPixels, factor];
  };
  assertEquals(budget({}), [64, 6400, 8]);
  assertEquals(budget({ size: { shortest_edge: 128, longest_edge: 256 } }), [128, 256, 8]);
  assertEquals(budget({ size: { min_pixels: 128, max_pixels: 256 } }), [128, 256, 8]);
  assertEquals(budget({ min_pixels: 99, size: { shortest_edge: 128 } }), [99, 6400, 8]);
  assertThrows(() => budget({ size: { height: 3 } }), Error, 'size: unknown key "height"');
});

Deno.test("nativeImages: one grid of merged tokens for each image", () => {
  const { tensors, layouts } = nativeImages("T", settings(), defaults)
    .prepare([picture(31, 17), picture(8, 8)]);
  assertEquals([...tensors.image_grid_thw.data], [1, 4, 8, 1, 2, 2]);
  assertEquals(tensors.pixel_values.shape, [36, 96]);
  const grids = layouts.flat().flatMap((piece) => typeof piece === "string" ? [] : [piece.grid]);
  assertEquals(grids.map(({ rows, columns }) => [rows, columns]), [[2, 4], [1, 1]]);
  assertEquals(grids[0].region, [0, 0, 31, 17]);
});

Deno.test("nativeImages: images that are not to be resized must fit", () => {
  const fixed = nativeImages("T", settings({ do_resize: false }), defaults);
  assertEquals([...fixed.prepare([picture(16, 8)]).tensors.image_grid_thw.data], [1, 2, 4]);
  assertThrows(() => fixed.prepare([picture(15, 8)]), Error, "multiples of 8");
});

Deno.test("nativeVideos: sampled frames in temporal patches, with seconds for each", () => {
  const video = { frames: Array.from({ length: 10 }, () => picture(16, 8)), fps: 4 };
  const { tensors, layouts } = nativeVideos("V", settings({ min_frames: 3 }), rules).prepare([
    video,
  ]);
  assertEquals([...tensors.video_grid_thw.data], [3, 2, 4]); // 5 frames, the last one repeated
  assertEquals([...tensors.second_per_grid_ts.data], [1]); // 2 frames at 5 in 2.5 seconds
  const frames = layouts[0].flatMap((piece) =>
    typeof piece === "string" ? [] : [piece.grid.frames]
  );
  assertEquals(frames, [[0, 2], [4, 7], [9, 9]]); // 2.25, 4.5 and 6.75 rounded
});

Deno.test("nativeVideos: every frame where sampling is off", () => {
  const video = { frames: Array.from({ length: 4 }, () => picture(16, 8)), fps: 1 };
  const { layouts } = nativeVideos("V", settings({ do_sample_frames: false }), rules)
    .prepare([video]);
  assertEquals(layouts[0].length, 2);
  assertThrows(() => nativeVideos("V", settings({ frames: 3 }), rules), Error, "unknown key");
});

Deno.test("cap_pixels_per_frame bounds each frame", () => {
  const config = (capPixelsPerFrame: boolean) => ({
    ...readNativeConfig(settings(), defaults),
    capPixelsPerFrame,
    maxVideoTokens: 10,
  });
  // 2 frames of 80 x 80 in a budget of 6400 for both; capped: 10 tokens of 8 x 8 each, 1280 for both.
  assertEquals(sharedBudgetSize(2, [80, 80], config(false)), [56, 56]);
  assertEquals(sharedBudgetSize(2, [80, 80], config(true)), [24, 24]);
  // 6400 for each; capped: 9 tokens' pixels (10 less a tenth) for each two frames of four.
  assertEquals(frameBudgetSize(4, [80, 80], config(false)), [80, 80]);
  assertEquals(frameBudgetSize(4, [80, 80], config(true)), [16, 16]);
});
