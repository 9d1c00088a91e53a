import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { nextImages, onevisionImages, onevisionVideos } from "../../lib/families/anyres_rows.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import type { Media } from "../../lib/model/model_inputs.ts";
import { goldenDir } from "../suites/golden.ts";

const { config } = await readModelConfig(goldenDir("llava_onevision"));
const tower = config.imageTower!;
const perTile = 9; // three by three tokens

const pictures = (sizes: readonly (readonly [number, number])[]): Media => ({
  image_sizes: { data: Int32Array.from(sizes.flat()), shape: [sizes.length, 2] },
});

Deno.test("an image whole, then its tiles row by row with a newline after each row", () => {
  // 42 by 84 pixels: two tiles side by side, nothing cut off and nothing shrunk
  const { order, resampled } = onevisionImages(pictures([[42, 84]]), tower)!;
  assertEquals(resampled, []);
  const newline = 3 * perTile;
  assertEquals([...order], [
    ...[0, 1, 2, 3, 4, 5, 6, 7, 8],
    ...[9, 10, 11, 18, 19, 20, newline],
    ...[12, 13, 14, 21, 22, 23, newline],
    ...[15, 16, 17, 24, 25, 26, newline],
  ]);
});

Deno.test("several images: each whole, with one newline", () => {
  const { order } = onevisionImages(pictures([[10, 90], [90, 10]]), tower)!;
  const whole = (first: number) => Array.from({ length: perTile }, (_, i) => first + i);
  assertEquals([...order], [...whole(0), 18, ...whole(9), 18]);
});

Deno.test("of any image there are as many rows as placeholders in the prompt", async () => {
  const processor = await loadProcessorOf(goldenDir("llava_onevision"));
  const side = fc.integer({ min: 8, max: 200 });
  await fc.assert(
    fc.asyncProperty(side, side, async (height, width) => {
      const image = { width, height, data: new Uint8Array(3 * width * height) };
      const content = [{ type: "image" as const, image }, { type: "text" as const, text: "?" }];
      const { inputIds, media } = await processor.prepare([{ role: "user", content }]);
      const { order, resampled } = onevisionImages(media, tower)!;
      assertEquals(order.length, inputIds.filter((id) => id === config.imageTokenId).length);
      const projected = media["pixel_values"].shape[1] * perTile;
      const more = resampled.reduce((sum, { rows }) => sum + rows.length / 4, 0);
      assert(order.every((row) => row >= 0 && row <= projected + more));
      assert(resampled.every(({ rows }) => rows.every((row) => row >= perTile && row < projected)));
    }),
    { numRuns: 25 },
  );
});

Deno.test("LLaVA-NeXT: each of several images has its rows, and none of the padding", async () => {
  const { config } = await readModelConfig(goldenDir("llava_next"));
  const processor = await loadProcessorOf(goldenDir("llava_next"));
  const tower = config.imageTower!, perTile = 4; // two by two tokens
  const side = fc.integer({ min: 4, max: 90 });
  const sizes = fc.array(fc.tuple(side, side), { minLength: 1, maxLength: 3 });
  await fc.assert(
    fc.asyncProperty(sizes, async (pictures) => {
      const images = pictures.map(([height, width]) => ({
        type: "image" as const,
        image: { width, height, data: new Uint8Array(3 * width * height) },
      }));
      const content = [...images, { type: "text" as const, text: "?" }];
      const { inputIds, media, grids } = await processor.prepare([{ role: "user", content }]);
      const { order } = nextImages(media, tower)!;
      assertEquals(order.length, inputIds.filter((id) => id === config.imageTokenId).length);
      const most = media["pixel_values"].shape[1], newline = pictures.length * most * perTile;
      const picture = Array.from(order.filter((row) => row !== newline), (row) => {
        return Math.floor(row / perTile / most);
      });
      assertEquals(picture, picture.toSorted((a, b) => a - b));
      assertEquals([...new Set(picture)], pictures.map((_, i) => i));
      assertEquals([...new Set(grids.map(({ media }) => media))], pictures.map((_, i) => i));
    }),
    { numRuns: 25 },
  );
});

Deno.test("frames are pooled one by one, and a newline ends the video", () => {
  const pixels = { data: new Float32Array(0), shape: [1, 2, 3, 42, 42] };
  const { order, resampled } = onevisionVideos({ pixel_values_videos: pixels }, tower)!;
  assertEquals(resampled.length, 2);
  assertEquals([...order], [18, 19, 20, 21, 22, 23, 24, 25, 26]);
  resampled.forEach(({ rows }, frame) =>
    assert(rows.every((row) => Math.floor(row / perTile) === frame))
  );
});
