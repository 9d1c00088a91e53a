import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { checkImage, decodeImage, imageFormat } from "../../lib/inputs/image.ts";
import { bytes, reference } from "./reference.ts";

Deno.test("decodeImage equals transformers on Pillow's pictures of many kinds", async (t) => {
  for (const { name, file, size, pixels, dropped } of reference.decode) {
    await t.step(name, async () => {
      const image = await decodeImage(bytes(file));
      assertEquals([image.width, image.height], [...size]);
      assertEquals([...image.data], [...bytes(pixels)]);
      const opaque = await decodeImage(bytes(file), { alpha: "drop" });
      assertEquals([...opaque.data], [...bytes(dropped)]);
    });
  }
});

Deno.test("decodeImage: the pixel limit holds before pixels are unpacked", async () => {
  const { file, size } = reference.decode[0];
  const pixels = size[0] * size[1];
  await decodeImage(bytes(file), { maxPixels: pixels });
  await assertRejects(
    () => decodeImage(bytes(file), { maxPixels: pixels - 1, name: "a.png" }),
    Error,
    `Cannot decode a.png: 7 x 6 is 42 pixels; at most 41`,
  );
  // A header that promises 60,000 x 60,000 pixels in a file of 60 bytes.
  const bomb = bytes(file).slice();
  const header = new DataView(bomb.buffer);
  header.setUint32(16, 60_000);
  header.setUint32(20, 60_000);
  await assertRejects(() => decodeImage(bomb), Error, "Cannot decode");
});

Deno.test("decodeImage: other files and damaged ones are refused", async () => {
  const svg = new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>");
  await assertRejects(() => decodeImage(svg), Error, "not a picture in a known format");
  await assertRejects(() => decodeImage(new Uint8Array(0)), Error, "not a picture");
  for (const { name, file } of reference.decode) {
    const whole = bytes(file);
    const half = whole.slice(0, Math.floor(whole.length / 2));
    await assertRejects(() => decodeImage(half, { name }), Error, `Cannot decode ${name}`);
  }
});

Deno.test("imageFormat knows each kind by its first bytes", () => {
  const formats = new Set(reference.decode.map(({ file }) => imageFormat(bytes(file))));
  assertEquals(formats, new Set(["PNG", "TIFF", "WebP", "GIF", "JPEG"]));
  assertEquals(imageFormat(Uint8Array.of(1, 2, 3)), null);
});

Deno.test("checkImage: pixels must fill the picture", () => {
  const image = { width: 2, height: 1, data: new Uint8Array(6) };
  assertEquals(checkImage(image), image);
  assertThrows(() => checkImage({ ...image, data: new Uint8Array(8) }), Error, "with 8 bytes");
  assertThrows(() => checkImage({ ...image, width: 0 }), Error, "0 x 1 pixels");
});
