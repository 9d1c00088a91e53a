import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { contactSheet } from "../../lib/tasks/contact_sheet.ts";
import type { RgbImage, Sample } from "../../lib/tasks/sample.ts";

const picture: RgbImage = {
  width: 2,
  height: 1,
  data: Uint8Array.of(200, 0, 0, 0, 0, 200),
};
const sample: Sample = {
  id: "s",
  domain: "d",
  question: "where is the naïve star?",
  answer: ["b", "tom"],
  evidence: [{ image: 0, box: [1, 0, 2, 1] }],
  images: [picture],
};

const pixel = ({ width, data }: RgbImage, x: number, y: number) =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

Deno.test("contactSheet: pictures are enlarged by whole numbers and keep their colours", () => {
  const sheet = contactSheet([sample], { columns: 1, tileWidth: 100 });
  assertEquals(sheet.data.length, sheet.width * sheet.height * 3);
  assertEquals(sheet.width, 8 + 100 + 8);
  assertEquals([0, 7, 8, 57, 58, 107, 108].map((x) => pixel(sheet, x, 20)), [
    [255, 255, 255],
    [255, 255, 255],
    [200, 0, 0],
    [200, 0, 0],
    [0, 0, 200],
    [0, 0, 200],
    [255, 255, 255],
  ]);
});

Deno.test("contactSheet: evidence is outlined where it is", () => {
  const options = { columns: 1, tileWidth: 100, evidence: true };
  const sheet = contactSheet([sample], options);
  assertEquals(pixel(sheet, 58, 30), [255, 0, 200]);
  assertEquals(pixel(sheet, 80, 30), [0, 0, 200]);
  assertEquals(pixel(sheet, 20, 8), [200, 0, 0]);
  const whole: Sample = { ...sample, evidence: [{ image: 0 }, { text: [0, 5] }] };
  assertEquals(pixel(contactSheet([whole], options), 8, 30), [255, 0, 200]);
});

Deno.test("contactSheet: longer questions take more lines; videos and texts alone are drawn too", () => {
  const one = contactSheet([sample], { tileWidth: 300 });
  const long = contactSheet([{ ...sample, question: `${sample.question} `.repeat(4).trim() }], {
    tileWidth: 300,
  });
  assert(long.height > one.height);
  const { images: _images, ...text } = sample;
  const video: Sample = {
    ...text,
    evidence: [{ frames: [1, 3] }],
    video: { frames: Array(5).fill(picture), fps: 2 },
  };
  const sheet = contactSheet([video, { ...text, images: [], evidence: [] }, sample], {
    columns: 2,
    evidence: true,
  });
  assert(sheet.height > 0 && sheet.data.some((value) => value !== 255));
});

Deno.test("contactSheet: nothing to draw, or no room for it, is refused", () => {
  assertThrows(() => contactSheet([]), InputError, "0 samples");
  assertThrows(() => contactSheet([sample], { columns: 0 }), InputError, "0 columns");
  assertThrows(() => contactSheet([sample], { tileWidth: 5 }), InputError, "5 pixels");
});
