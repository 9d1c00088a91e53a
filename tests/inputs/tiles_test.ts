import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { tiledImages, tileGrid } from "../../lib/inputs/tiles.ts";
import { reference } from "./reference.ts";

const half = [0.5, 0.5, 0.5];
const tokens = { token: "T", start: "<", end: ">", side: 2 };
const defaults = { imageMean: half, imageStd: half, edge: 8 };
const recipe = (json: Record<string, unknown> = {}) =>
  tiledImages(tokens, new JsonReader(json, "test.json"), defaults);

Deno.test("tileGrid equals transformers' get_optimal_tiled_canvas", () => {
  for (const [size, tile, most, wanted] of reference.tileGrid) {
    assertEquals(tileGrid(size, [tile, tile], 1, most), [...wanted], `${size}`);
  }
});

Deno.test("tiledImages: tiles cover the image once, the thumbnail once more", () => {
  const image = { width: 30, height: 9, data: new Uint8Array(30 * 9 * 3).fill(100) };
  const { tensors, layouts, rows } = recipe({ max_patches: 4 }).prepare([image]);
  assertEquals(tensors.pixel_values.shape, [4, 3, 8, 8]);
  assertEquals(rows, [4]);
  const grids = layouts[0].flatMap((piece) => typeof piece === "string" ? [] : [piece.grid]);
  assertEquals(layouts[0].map((piece) => typeof piece === "string" ? piece : piece.token), [
    "<",
    ..."TTTT",
    ">",
  ]);
  assertEquals(grids.map(({ region }) => region.map((v) => Math.round(v))), [
    [0, 0, 10, 9],
    [10, 0, 20, 9],
    [20, 0, 30, 9],
    [0, 0, 30, 9],
  ]);
  const grey = tensors.pixel_values.data;
  grey.forEach((value) => assertAlmostEquals(value, 100 / 127.5 - 1, 1e-6));
});

Deno.test("tiledImages: a square image is one tile without thumbnail", () => {
  const image = { width: 8, height: 8, data: new Uint8Array(192) };
  const { tensors, layouts } = recipe().prepare([image]);
  assertEquals(tensors.pixel_values.shape[0], 1);
  assert(layouts[0].length === 3);
});

Deno.test("tiledImages: unknown settings are refused", () => {
  assertThrows(() => recipe({ max_patch: 3 }), Error, "max_patches");
});
