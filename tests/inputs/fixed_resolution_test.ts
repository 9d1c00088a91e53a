import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import {
  cutMiddle,
  fixedImages,
  patchGrid,
  readFixedSize,
  resizeShorterSide,
} from "../../lib/inputs/fixed_resolution.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";

const half = [0.5, 0.5, 0.5];
const picture = (width: number, height: number) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3).fill(200),
});
const recipe = (json: Record<string, unknown>) =>
  fixedImages({ token: "T", grid: patchGrid(4) }, new JsonReader(json, "p.json"), {
    imageMean: half,
    imageStd: half,
    edge: 12,
  });

Deno.test("the middle of an image: centred, of the wanted size, within a pixel", () => {
  const side = fc.integer({ min: 1, max: 60 });
  fc.assert(fc.property(side, side, side, side, (w, h, width, height) => {
    const { image, region } = cutMiddle(picture(w, h), { width, height }, picture(w, h));
    assertEquals([image.width, image.height], [width, height]);
    assert(Math.abs((region[0] + region[2]) / 2 - w / 2) <= 0.5);
    assert(Math.abs((region[1] + region[3]) / 2 - h / 2) <= 0.5);
    assertAlmostEquals(region[2] - region[0], width, 1e-9);
  }));
});

Deno.test("resizeShorterSide keeps the aspect", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 90 }), fc.integer({ min: 1, max: 90 }), (w, h) => {
      const { width, height } = resizeShorterSide(picture(w, h), 10, "bicubic");
      assertEquals(Math.min(width, height), 10);
      assertEquals(Math.max(width, height), Math.trunc(10 * Math.max(w, h) / Math.min(w, h)));
    }),
  );
});

Deno.test("fixedImages: one grid over the part that is seen", () => {
  const { tensors, layouts } = recipe({}).prepare([picture(48, 24), picture(5, 20)]);
  assertEquals(tensors.pixel_values.shape, [2, 3, 12, 12]);
  const grids = layouts.flat().flatMap((piece) => typeof piece === "string" ? [] : [piece.grid]);
  assertEquals(grids.map(({ rows, columns }) => [rows, columns]), [[3, 3], [3, 3]]);
  assertEquals(grids[0].region, [12, 0, 36, 24]); // 24 x 12 after resizing, 6 columns cut at each side
  assertEquals(grids[1].region, [0, 7.5, 5, 12.5]);
});

Deno.test("fixedImages: without cropping, and squeezed into a square", () => {
  const whole = recipe({ do_center_crop: false, size: { height: 8, width: 16 } });
  const { tensors, layouts } = whole.prepare([picture(30, 30)]);
  assertEquals(tensors.pixel_values.shape, [1, 3, 8, 16]);
  const [grid] = layouts[0].flatMap((piece) => typeof piece === "string" ? [] : [piece.grid]);
  assertEquals([grid.rows, grid.columns, ...grid.region], [2, 4, 0, 0, 30, 30]);
});

Deno.test("readFixedSize: height and width, one edge, or the fallback", () => {
  const read = (size?: unknown) => {
    const settings = new JsonReader({ size }, "p.json");
    const found = readFixedSize(settings, "size", 7);
    settings.finish();
    return found;
  };
  assertEquals(read(), { height: 7, width: 7 });
  assertEquals(read({ shortest_edge: 3 }), { height: 3, width: 3 });
  assertEquals(read({ height: 2, width: 5 }), { height: 2, width: 5 });
  assertThrows(() => read({ hight: 2 }), Error, "height");
});
