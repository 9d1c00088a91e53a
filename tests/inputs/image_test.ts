import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { crc32, deflateSync } from "node:zlib";
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

/** A valid PNG file of black pixels, one bit each. */
function blackPng(width: number, height: number): Uint8Array {
  const chunk = (type: string, data: Uint8Array) => {
    const body = new Uint8Array([...new TextEncoder().encode(type), ...data]);
    const out = new Uint8Array(body.length + 8), view = new DataView(out.buffer);
    view.setUint32(0, data.length);
    out.set(body, 4);
    view.setUint32(4 + body.length, crc32(body));
    return [...out];
  };
  const header = new Uint8Array(13), view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 1; // bits
  const rows = deflateSync(new Uint8Array((1 + Math.ceil(width / 8)) * height));
  const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
  const chunks = [chunk("IHDR", header), chunk("IDAT", rows), chunk("IEND", new Uint8Array(0))];
  return Uint8Array.from([...signature, ...chunks.flat()]);
}

Deno.test("decodeImage: the pixel limit holds before pixels are unpacked", async () => {
  const { file, size } = reference.decode[0];
  const pixels = size[0] * size[1];
  await decodeImage(bytes(file), { maxPixels: pixels });
  await assertRejects(
    () => decodeImage(bytes(file), { maxPixels: pixels - 1, name: "a.png" }),
    Error,
    `Cannot decode a.png: 7 x 6 is 42 pixels; at most 41`,
  );
  const small = await decodeImage(blackPng(9, 2));
  assertEquals([small.width, small.height, Math.max(...small.data)], [9, 2, 0]);
  const bomb = blackPng(12_000, 12_000); // 18 MB of zeros in a few kilobytes
  assertEquals(bomb.length < 100_000, true);
  await assertRejects(() => decodeImage(bomb), Error, "is 144000000 pixels; at most 89478485");
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
