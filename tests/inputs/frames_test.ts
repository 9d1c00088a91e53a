import { assertEquals, assertThrows } from "@std/assert";
import { frameVideos } from "../../lib/inputs/frames.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { defaultFrames } from "../../lib/inputs/video.ts";

const frame = (level: number) => ({
  width: 10,
  height: 6,
  data: new Uint8Array(180).fill(level),
});
const video = (count: number) => ({
  frames: Array.from({ length: count }, (_, i) => frame(10 * i)),
  fps: 4,
});
const recipe = (
  tensor: "pixel_values" | "pixel_values_videos",
  json: Record<string, unknown> = {},
) =>
  frameVideos(new JsonReader({ do_normalize: false, do_rescale: false, ...json }, "v.json"), {
    processor: "LlavaOnevisionVideoProcessor",
    placeholder: "<video>",
    defaults: { imageMean: [0, 0, 0], imageStd: [1, 1, 1], edge: 4 },
    side: 2,
    sample: defaultFrames,
    tensor,
    layout: (grids) => grids.map((grid) => ({ token: "V", grid })),
  });
const framesOf = (layout: readonly (string | { grid: { frames: readonly number[] } })[]) =>
  layout.flatMap((piece) => typeof piece === "string" ? [] : [piece.grid.frames]);

Deno.test("frameVideos: every frame resized, one grid each", () => {
  const { tensors, layouts, rows } = recipe("pixel_values_videos").prepare([video(3), video(3)]);
  assertEquals(tensors.pixel_values_videos.shape, [2, 3, 3, 4, 4]);
  const { data } = tensors.pixel_values_videos;
  assertEquals([0, 1, 2].map((i) => data[i * 48]), [0, 10, 20]);
  assertEquals(rows, [3, 3]);
  assertEquals(framesOf(layouts[1]), [[0], [1], [2]]);
});

Deno.test("frameVideos: sampling where the settings ask for it", () => {
  const sampled = recipe("pixel_values", { do_sample_frames: true, fps: 2 });
  const { tensors, layouts } = sampled.prepare([video(6), video(2)]);
  assertEquals(framesOf(layouts[0]), [[0], [2], [4]]);
  assertEquals(framesOf(layouts[1]), [[0]]);
  assertEquals(tensors.pixel_values.shape, [4, 3, 4, 4]);
});

Deno.test("frameVideos: stacked videos need as many frames each", () => {
  assertThrows(
    () => recipe("pixel_values_videos").prepare([video(3), video(2)]),
    Error,
    "3 and 2 frames",
  );
});
