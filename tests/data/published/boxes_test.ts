import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import { boxField, scaledBox } from "../../../lib/data/published/boxes.ts";
import { Row } from "../../../lib/data/published/row.ts";

const row = (bbox: unknown) => Row.of({ bbox }, "entry 1");

Deno.test("scaledBox: inside the image, and at the same share of it", () => {
  const place = fc.integer({ min: -500, max: 1500 }).map((tenths) => tenths / 10);
  const side = fc.integer({ min: 1, max: 300 });
  fc.assert(fc.property(fc.tuple(place, place, place, place), side, side, (box, w, h) => {
    const scaled = scaledBox(box, [100, 100], [w, h]);
    const cut = box.map((one) => Math.min(Math.max(one, 0), 100));
    if (!scaled) return assert(!(cut[0] < cut[2] && cut[1] < cut[3]));
    scaled.forEach((one, i) => {
      const all = [w, h][i % 2];
      assert(one >= 0 && one <= all);
      assert(Math.abs(one / all - cut[i] / 100) < 1e-12);
    });
  }));
});

Deno.test("boxField: COCO's form and corners; a pixel over the edge is cut off", () => {
  assertEquals(boxField(row([10, 20, 30, 40]), "bbox", "xywh", [100, 100]), [10, 20, 40, 60]);
  assertEquals(boxField(row([10, 20, 30, 40]), "bbox", "xyxy", [100, 100]), [10, 20, 30, 40]);
  assertEquals(boxField(row([-0.4, 0, 100.9, 100]), "bbox", "xywh", [100, 100]), [0, 0, 100, 100]);
  const wrong = [[10, 20, 92, 40], [10, 20, 0, 40], [10, 20, 30], "box", [-3, 0, 5, 5]];
  for (const box of wrong) {
    const read = () => boxField(row(box), "bbox", "xywh", [100, 100]);
    assertThrows(read, InputError, "entry 1: bbox is");
  }
});
