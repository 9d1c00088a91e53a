import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Box } from "../../../lib/data/sample.ts";
import {
  boxIn,
  boxText,
  intervalIn,
  intervalText,
  isSameBox,
  isSameInterval,
  overlapShare,
} from "../../../lib/data/published/overlap.ts";

const place = fc.integer({ min: 0, max: 12 });
const box = fc.tuple(place, place, place, place)
  .filter(([x0, y0, x1, y1]) => x0 < x1 && y0 < y1);

Deno.test("overlapShare: the share of unit squares in both, of those in either", () => {
  fc.assert(fc.property(box, box, (a, b) => {
    let both = 0, either = 0;
    for (let x = 0; x < 12; x++) {
      for (let y = 0; y < 12; y++) {
        const [inA, inB] = [a, b].map((c) => c[0] <= x && x < c[2] && c[1] <= y && y < c[3]);
        if (inA && inB) both++;
        if (inA || inB) either++;
      }
    }
    assertAlmostEquals(overlapShare(a, b), both / either, 1e-12);
  }));
  assertEquals(overlapShare([3, 3, 3, 3], [3, 3, 3, 3]), 0);
  assertEquals(overlapShare([5, 1], [1, 5]), 0); // an end before its start
});

Deno.test("boxText: read back, it is the box", () => {
  fc.assert(fc.property(box, ([x0, y0, x1, y1]) => {
    const written = boxText([x0 * 40, y0 * 40, x1 * 40, y1 * 40] as Box, [480, 480]);
    const read = boxIn(written)!;
    [x0, y0, x1, y1].forEach((one, i) => assertAlmostEquals(read[i], one / 12 * 1000, 0.051));
    assert(isSameBox(written, written));
  }));
});

Deno.test("boxIn: the forms in which models write boxes", () => {
  const forms: readonly (readonly [string, readonly number[] | null])[] = [
    ["[[10, 20, 30, 40]]", [10, 20, 30, 40]],
    ["<box>(10,20),(30,40)</box>", [10, 20, 30, 40]],
    ['[{"bbox_2d": [10, 20, 30.5, 40], "label": "2 dogs"}]', [10, 20, 30.5, 40]],
    ["10 20 30 40", [10, 20, 30, 40]],
    ["[0.1, 0.25, 0.5, 1.0]", [100, 250, 500, 1000]],
    ["from 10 to 20, from 30 to 40", null],
    ["[10, 20, 30]", null],
  ];
  for (const [text, wanted] of forms) assertEquals(boxIn(text), wanted, text);
});

Deno.test("isSameBox: right from an intersection over union of 0.5 on", () => {
  assert(isSameBox("[0, 0, 100, 50]", "[0, 0, 100, 100]"));
  assert(!isSameBox("[0, 0, 100, 49]", "[0, 0, 100, 100]"));
  assert(!isSameBox("nowhere", "[0, 0, 100, 100]"));
});

Deno.test("intervals: seconds, and minutes with seconds", () => {
  assertEquals(intervalIn(intervalText(1.234, 5)), [1.23, 5]);
  assertEquals(intervalIn("from 0:05 until 1:10.5"), [5, 70.5]);
  assertEquals(intervalIn("4.5-6"), [4.5, 6]);
  assertEquals(intervalIn("at 4.5"), null);
  assert(isSameInterval("2 to 6", "2 to 10"));
  assert(!isSameInterval("2 to 5.9", "2 to 10"));
  assert(!isSameInterval("10 to 2", "2 to 10"));
});
