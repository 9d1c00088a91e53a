import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { crc32, deflateSync } from "node:zlib";
import { InputError } from "../../lib/common/errors.ts";
import { checkImage, decodeImage } from "../../lib/inputs/image.ts";
import { imageFormat } from "../../lib/inputs/image_format.ts";
import { bytes, pictures, reference } from "./reference.ts";

Deno.test("decodeImage equals transformers' load_image on files of many kinds", async (t) => {
  for (const { name, file, size, pixels } of pictures) {
    await t.step(name, async () => {
      const image = await decodeImage(bytes(file));
      assertEquals([image.width, image.height], [...size]);
      const wanted = bytes(pixels);
      // libtiff converts luma and chroma in floats, Pillow and we in whole numbers
      const most = /chroma tiff, (packed|blocks)/.test(name) ? 1 : 0;
      const gaps = image.data.map((level, i) => Math.abs(level - wanted[i]));
      assertEquals([gaps.length, Math.max(...gaps) <= most], [wanted.length, true]);
    });
  }
});

Deno.test("decodeImage: transparency over white, as transformers does with objects", async (t) => {
  for (const { name, file, size, pixels, dropped } of reference.decode) {
    await t.step(name, async () => {
      const image = await decodeImage(bytes(file), { alpha: "white" });
      assertEquals([image.width, image.height], [...size]);
      assertEquals([...image.data], [...bytes(pixels)]);
      const opaque = await decodeImage(bytes(file));
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

Deno.test("decodeImage: extreme shapes are refused at once", async () => {
  const [edge, more] = [blackPng(65_535, 1), blackPng(1, 65_536)];
  assertEquals((await decodeImage(edge)).width, 65_535);
  await assertRejects(() => decodeImage(more), Error, "a side longer than 65535");
  // interlaced images are held twice while they are unpacked
  const interlaced = blackPng(9000, 9000);
  interlaced[28] = 1;
  new DataView(interlaced.buffer).setUint32(29, crc32(interlaced.subarray(12, 29)));
  await assertRejects(() => decodeImage(interlaced), Error, "MB; at most 450");
});

Deno.test("decodeImage: formats that are not read say what to do instead", async () => {
  const file = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
  const cases = [
    ["\0\0\0\x18ftypheic\0\0\0\0", "HEIC is not read; convert it: `heif-convert"],
    ["\0\0\0\x18ftypmif1\0\0\0\0", "HEIC is not read"],
    ["\0\0\x01\0\x01\0", "ICO is not read; save the wanted size as PNG"],
    ["P6\n1 1 255\nabc", "PNM is not read; convert it"],
    ["%PDF-1.7", "PDF is not read; turn its pages into images"],
    ["<!DOCTYPE html>", "HTML is not read; a page was saved"],
    ["version https://git-lfs.github.com/spec/v1", "git lfs pull"],
    ["\0\0\0\x18ftypmp42", "video is not read; give it as a video"],
    ["", "the file is empty"],
  ];
  for (const [text, wanted] of cases) {
    await assertRejects(() => decodeImage(file(text), { name: "x" }), InputError, wanted);
  }
  const lab = pictures.find(({ name }) => name === "luma and chroma tiff")!;
  const tiff = bytes(lab.file), view = new DataView(tiff.buffer);
  for (let at = view.getUint32(4, true) + 2; at + 12 < tiff.length; at += 12) {
    if (view.getUint16(at, true) === 262) {
      view.setUint16(at + 8, 8, true);
      break;
    }
  }
  await assertRejects(() => decodeImage(tiff), InputError, "CIELAB colours is not read");
});

Deno.test("decodeImage: other files and damaged ones are refused", async () => {
  const svg = new TextEncoder().encode("<svg xmlns='http://www.w3.org/2000/svg'/>");
  await assertRejects(() => decodeImage(svg), Error, "SVG is not read; draw it");
  const text = new TextEncoder().encode("hello, world");
  await assertRejects(() => decodeImage(text), Error, "not an image in a known format (PNG");
  for (const { name, file } of [...reference.decode, ...pictures]) {
    if (/bmp of runs/.test(name)) continue; // rows that are missing are black
    const whole = bytes(file);
    const half = whole.slice(0, Math.floor(whole.length / 2));
    await assertRejects(() => decodeImage(half, { name }), Error, `Cannot decode ${name}`);
  }
});

Deno.test("imageFormat knows each kind by its first bytes", () => {
  const formats = new Set(
    [...reference.decode, ...pictures].map(({ file }) => imageFormat(bytes(file))),
  );
  assertEquals(formats, new Set(["PNG", "TIFF", "WebP", "GIF", "JPEG", "BMP"]));
  assertEquals(imageFormat(Uint8Array.of(1, 2, 3)), null);
});

Deno.test("checkImage: pixels must fill the image", () => {
  const image = { width: 2, height: 1, data: new Uint8Array(6) };
  assertEquals(checkImage(image), image);
  assertThrows(() => checkImage({ ...image, data: new Uint8Array(8) }), Error, "with 8 bytes");
  assertThrows(() => checkImage({ ...image, width: 0 }), Error, "0 x 1 pixels");
});
