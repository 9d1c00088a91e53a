import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { imageUrl, pngBytes, shrink } from "../../lib/figures/overlay_image.ts";
import { decodeImage } from "../../lib/inputs/image.ts";
import { plainImage } from "./helpers.ts";

Deno.test("a PNG file decodes to the same pixels", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 17 }),
      fc.integer({ min: 1, max: 17 }),
      fc.infiniteStream(fc.integer({ min: 0, max: 255 })),
      async (width, height, bytes) => {
        const data = Uint8Array.from({ length: width * height * 3 }, () => bytes.next().value);
        const decoded = await decodeImage(pngBytes({ width, height, data }));
        assertEquals([decoded.width, decoded.height], [width, height]);
        assertEquals(decoded.data, data);
      },
    ),
    { numRuns: 25 },
  );
});

Deno.test("a shrunk image keeps its proportions and mean colour", () => {
  const data = new Uint8Array(90 * 60 * 3).map((_, i) => (i * 37) % 256);
  const small = shrink({ width: 90, height: 60, data }, 30);
  assertEquals([small.width, small.height, small.data.length], [30, 20, 1800]);
  const mean = (values: Uint8Array): number =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  assert(Math.abs(mean(small.data) - mean(data)) < 1);
  const same = plainImage(5, 5);
  assertEquals(shrink(same, 5), same);
  assertEquals(shrink(plainImage(1000, 2), 10).height, 1);
});

Deno.test("images become data URLs, and nothing else is let through", () => {
  assert(imageUrl(plainImage(2, 2)).startsWith("data:image/png;base64,iVBOR"));
  const url = "data:image/jpeg;base64,AAAA";
  assertEquals(imageUrl({ width: 1, height: 1, url }), url);
  for (const bad of ["http://example.com/a.png", 'data:image/png;base64,A"onload="x', "x.png"]) {
    assertThrows(() => imageUrl({ width: 1, height: 1, url: bad }), InputError, "data URL");
  }
  assertThrows(() => imageUrl({ width: 0, height: 1, url }), InputError, "0 x 1 pixels");
  assertThrows(
    () => pngBytes({ width: 2, height: 2, data: new Uint8Array(5) }),
    InputError,
    "from 5 bytes",
  );
});
