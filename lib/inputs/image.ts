/**
 * Images in memory, and how a file becomes one.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RgbImage } from "./rgb_image.ts";
import { decodeBmp, readBmpHeader } from "./bmp.ts";
import { fillUncovered, gifBackground } from "./gif_background.ts";
import { clippedGrey, fromLumaChroma, threeChannels, withoutInks } from "./image_channels.ts";
import { formatProblem, imageFormat } from "./image_format.ts";
import { orientationOf, uprightImage } from "./image_orientation.ts";
import {
  decodeChromaBlocks,
  readTiffTags,
  tiffColors,
  tiffOrientation,
  tiffSize,
  withValidOrientation,
} from "./tiff_tags.ts";

export type { Box, RgbImage } from "./rgb_image.ts";

/** Largest image that is decoded, in pixels: where Pillow begins to warn of decompression bombs. */
export const maxImagePixels = 89_478_485;

/** Longest side of an image that is decoded, in pixels: JPEG's limit. */
export const maxImageEdge = 65_535;

/** Most memory that decoding one image may take, in bytes; about 450 MB. */
export const maxDecodingBytes = 450_000_000;

/** How a file is decoded. */
export interface DecodeOptions {
  /** Largest image that is decoded, in pixels; {@link maxImagePixels} by default. */
  readonly maxPixels?: number;
  /** What to call the image in messages, e.g. its path. */
  readonly name?: string;
  /** What becomes of transparency: it is dropped (default), or laid over white. */
  readonly alpha?: "white" | "drop";
}

/** Throws unless sizes and data of an image fit together. */
export function checkImage(image: RgbImage, name = "the image"): RgbImage {
  const { width, height, data } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!whole || data.length !== width * height * 3) {
    throw new InputError(
      `Cannot use ${name} of ${width} x ${height} pixels with ${data.length} bytes: ` +
        "wanted width * height * 3 bytes (red, green, blue)" +
        (whole && data.length === width * height * 4 ? "; leave out every fourth, alpha" : ""),
    );
  }
  return image;
}

/** What is known of an image before its pixels are unpacked. */
interface ImageFacts {
  readonly width: number;
  readonly height: number;
  /** Bytes per pixel that decoding holds at once. */
  readonly held: number;
  /** 1 to 8. */
  readonly orientation: number;
}

/** Throws where an image is too large to be decoded. */
function checkSize(facts: ImageFacts, maxPixels: number, name: string): void {
  const { width, height, held, orientation } = facts;
  const pixels = width * height;
  const tooMuch = (why: string) =>
    new InputError(`Cannot decode ${name}: ${width} x ${height} ${why}; make it smaller first`);
  if (pixels > maxPixels) throw tooMuch(`is ${pixels} pixels; at most ${maxPixels}`);
  if (Math.max(width, height) > maxImageEdge) {
    throw tooMuch(`pixels has a side longer than ${maxImageEdge}`);
  }
  const bytes = pixels * (held + (orientation > 1 ? 3 : 0));
  if (bytes <= maxDecodingBytes) return;
  const megabytes = Math.ceil(bytes / 1e6);
  throw tooMuch(`pixels of this kind take ${megabytes} MB; at most ${maxDecodingBytes / 1e6}`);
}

/** Bytes of one sample of libvips' formats. */
const sampleBytes: Readonly<Record<string, number>> = {
  uchar: 1,
  char: 1,
  ushort: 2,
  short: 2,
  double: 8,
};

/** Formats that are unpacked as a whole before the first row comes. */
const wholeFormats = ["WebP", "GIF", "AVIF"];

/** Reads a file with sharp. */
async function decodeWithSharp(
  bytes: Uint8Array,
  format: string,
  maxPixels: number,
  name: string,
  blend: boolean,
): Promise<RgbImage> {
  const { default: sharp } = await import("sharp"); // loaded on first use: it is large
  const input = { limitInputPixels: false, ignoreIcc: true, failOn: "error" } as const;
  const meta = await sharp(bytes, input).metadata();
  const { width, height, space, depth, channels, isProgressive = false } = meta;
  const orientation = format === "AVIF" ? 1 : orientationOf(bytes, format, meta); // libheif turns
  const stored = channels * (sampleBytes[depth] ?? 4);
  const whole = isProgressive || wholeFormats.includes(format) ? Math.max(stored, 4) : 0;
  const raw16 = space === "grey16" && !(format === "PNG" && bytes[25] === 4); // 4: with transparency
  const converted = space === "cmyk" || raw16 || (blend && meta.hasAlpha) ? stored : 0;
  checkSize({ width, height, held: 3 + converted + whole, orientation }, maxPixels, name);
  const opened = sharp(bytes, input);
  const resolved = { resolveWithObject: true } as const;
  if (space === "cmyk") {
    const { data, info } = await opened.pipelineColourspace("cmyk").toColourspace("cmyk")
      .raw({ depth: "uchar" }).toBuffer(resolved);
    const rgb = withoutInks(data, info.channels);
    return uprightImage({ width, height, data: rgb }, orientation);
  }
  if (raw16) {
    const { data, info } = await opened.toColourspace("grey16").raw({ depth: "ushort" })
      .toBuffer(resolved);
    const grey = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
    const rgb = clippedGrey(grey, info.channels);
    return uprightImage({ width, height, data: rgb }, orientation);
  }
  const colour = opened.toColourspace("srgb");
  const under = format === "GIF" && !blend ? gifBackground(bytes) : null;
  if (under && meta.hasAlpha) {
    const [r, g, b] = under.color;
    colour.flatten({ background: { r, g, b } });
  }
  const { data, info } = await (blend ? colour : colour.removeAlpha())
    .raw({ depth: "uchar" }).toBuffer(resolved);
  const image = { width, height, data: threeChannels(data, info.channels, blend) };
  if (under) fillUncovered(image, under);
  return uprightImage(image, orientation);
}

/**
 * Decodes the first image of a PNG, JPEG, WebP, GIF, TIFF, AVIF or BMP file.
 *
 * As transformers does with the path, address or base64 text of an image (`load_image`): it is
 * brought upright as its EXIF data or XMP packet says, transparency is dropped, grey becomes equal
 * red, green and blue, palettes are looked up, 16-bit grey is clipped at 255 (16-bit colours are
 * scaled); colour profiles are ignored. Images opened by Pillow and passed as objects are another
 * matter there: they stay as they are stored, and transparency is laid over white (`alpha`).
 *
 * @param bytes the whole file
 * @returns an image whose data belongs to the caller; its sizes are those of the upright image
 * @throws {InputError} if the format is another, the file is damaged, or the image has more than
 *   `maxPixels` pixels, a side of more than {@link maxImageEdge}, or takes more memory than
 *   {@link maxDecodingBytes} (all checked before the pixels are unpacked)
 *
 * @example
 * ```ts
 * import { decodeImage } from "./image.ts";
 * import { assertEquals } from "@std/assert";
 * const file = await Deno.readFile("tests/golden/qwen3_vl/expected/image_image0.png");
 * const { width, height, data } = await decodeImage(file);
 * assertEquals([width, height, data.length], [97, 61, 97 * 61 * 3]);
 * ```
 */
export async function decodeImage(
  bytes: Uint8Array,
  options: DecodeOptions = {},
): Promise<RgbImage> {
  const { maxPixels = maxImagePixels, name = "the image", alpha = "drop" } = options;
  const format = imageFormat(bytes);
  if (format === null) throw new InputError(`Cannot decode ${name}: ${formatProblem(bytes)}`);
  try {
    if (format === "BMP") {
      const { width, height, bits } = readBmpHeader(bytes, name);
      checkSize({ width, height, held: bits <= 8 ? 4 : 3, orientation: 1 }, maxPixels, name);
      return decodeBmp(bytes, name);
    }
    const blend = alpha === "white";
    if (format !== "TIFF") return await decodeWithSharp(bytes, format, maxPixels, name, blend);
    const tags = readTiffTags(bytes), colors = tiffColors(tags, name);
    if (colors === "blocks") {
      const [width, height] = tiffSize(tags);
      const orientation = tiffOrientation(tags);
      checkSize({ width, height, held: 3, orientation }, maxPixels, name);
      return uprightImage(decodeChromaBlocks(bytes, tags, name), orientation);
    }
    const file = withValidOrientation(bytes, tags);
    const image = await decodeWithSharp(file, format, maxPixels, name, blend);
    return colors === "read" ? image : { ...image, data: fromLumaChroma(image.data) };
  } catch (error) {
    if (error instanceof InputError) throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    const missing = /(\w+) compression support is not configured/.exec(reason)?.[1];
    throw new InputError(
      missing === undefined
        ? `Cannot decode ${name}: damaged file (${reason})`
        : `Cannot decode ${name}: ${format} compressed with ${missing} is not read; save it as PNG`,
    );
  }
}
