import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { decodeImage } from "../../lib/inputs/image.ts";
import { encodePng } from "../../lib/data/png.ts";

Deno.test("encodePng: any image comes back as it was", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.nat(255)),
      async (width, height, bytes) => {
        const data = Uint8Array.from({ length: width * height * 3 }, () => bytes.next().value);
        const image = { width, height, data };
        assertEquals(await decodeImage(await encodePng(image)), image);
      },
    ),
    { numRuns: 30 },
  );
});

Deno.test("encodePng: sizes that do not fit the data are refused", async () => {
  const image = { width: 2, height: 2, data: new Uint8Array(11) };
  await assertRejects(() => encodePng(image), InputError, "11 bytes");
});
