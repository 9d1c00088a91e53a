import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { anyresImages, bestResolution, fittedSize, tokenMap } from "../../lib/inputs/anyres.ts";
import { gridBox, gridLength } from "../../lib/inputs/visual_grid.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { reference } from "./reference.ts";

const half = [0.5, 0.5, 0.5];
const squares = (across: number, tile: number) => {
  const edges = Array.from({ length: across }, (_, i) => (i + 1) * tile);
  return edges.flatMap((h) => edges.map((w) => [h, w] as const));
};
const recipe = (json: Record<string, unknown> = {}) =>
  anyresImages(
    { token: "T", side: 3, maxTiles: 4, several: "whole" },
    new JsonReader(json, "test.json"),
    {
      imageMean: half,
      imageStd: half,
      edge: 42,
      resolutions: squares(3, 42),
    },
  );
const picture = (width: number, height: number, level = 0) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(level),
});

Deno.test("bestResolution and tokenMap equal transformers'", () => {
  for (const [size, [side, tile, most, across], best, [tokens, newlines]] of reference.tokenMap) {
    const found = bestResolution(size, squares(across, tile));
    assertEquals(found, [...best], `${size}`);
    const full = [side * found[0] / tile, side * found[1] / tile] as const;
    const map = tokenMap(size, full, most * side * side);
    assertEquals([map.rows * map.columns, map.rows], [tokens, newlines], `${size}`);
  }
});

Deno.test("fittedSize: one side fills the canvas, the other stays within", () => {
  const side = fc.integer({ min: 1, max: 2000 });
  fc.assert(fc.property(side, side, side, side, (h, w, canvasH, canvasW) => {
    const [height, width] = fittedSize([h, w], [canvasH, canvasW]);
    assert(height <= canvasH && width <= canvasW);
    assert(height === canvasH || width === canvasW);
  }));
});

Deno.test("anyresImages: tokens lie over what they show, the border beyond it", () => {
  const side = fc.integer({ min: 10, max: 300 });
  fc.assert(
    fc.property(side, side, (width, height) => {
      const { layouts } = recipe().prepare([picture(width, height)]);
      const [base, map] = layouts[0].flatMap((piece) =>
        typeof piece === "string" ? [] : [piece.grid]
      );
      assertEquals(base.region, [0, 0, width, height]);
      assertEquals([base.newline, map.newline], ["none", "row"]);
      assertEquals(gridLength(map), map.rows * (map.columns + 1));
      // The map covers the image but for at most a token's width at each edge.
      const [x0, y0, x1, y1] = map.region;
      const box = gridBox(map, 0, 0);
      const [dx, dy] = [box[2] - box[0], box[3] - box[1]];
      assert(Math.abs(x0) <= dx && Math.abs(y0) <= dy, `${map.region} of ${width} x ${height}`);
      assert(Math.abs(x1 - width) <= dx && Math.abs(y1 - height) <= dy, `${map.region}`);
    }),
    { numRuns: 50 },
  );
});

Deno.test("anyresImages: several images are whole, each on a square of the mean colour", () => {
  const { tensors, layouts } = recipe().prepare([picture(42, 14, 255), picture(10, 10, 255)]);
  assertEquals(tensors.pixel_values.shape, [2, 1, 3, 42, 42]);
  assertEquals([...tensors.image_sizes.data], [14, 42, 10, 10]);
  assertEquals([...tensors.batch_num_images.data], [2]);
  const [first] = layouts[0].flatMap((piece) => typeof piece === "string" ? [] : [piece]);
  assertEquals(first.grid.region, [0, -14, 42, 28]);
  assertEquals(first.grid.newline, "end");
  const { data } = tensors.pixel_values;
  assert(Math.abs(data[0]) < 0.01, "the border is the mean");
  assertEquals(data[21 * 42 + 21], 1); // the middle is white
});

Deno.test("anyresImages: resolutions must be a list of pairs", () => {
  assertThrows(() => recipe({ image_grid_pinpoints: [[3]] }), Error, "[height, width]");
});
