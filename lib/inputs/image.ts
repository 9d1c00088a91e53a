/**
 * Pictures in memory, and how a file becomes one.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

/** A picture in memory: 8-bit red, green, blue, row by row from the top left. */
export interface RgbImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** `[height, width, 3]`. */
  readonly data: Uint8Array;
}

/** A rectangle in pixels, half-open: left, top, right, bottom. */
export type Box = readonly [x0: number, y0: number, x1: number, y1: number];

/** Largest picture that is decoded, in pixels: where Pillow begins to warn of decompression bombs. */
export const maxImagePixels = 89_478_485;

/** How a file is decoded. */
export interface DecodeOptions {
  /** Largest picture that is decoded, in pixels; {@link maxImagePixels} by default. */
  readonly maxPixels?: number;
  /** What to call the picture in messages, e.g. its path. */
  readonly name?: string;
}

/** First bytes of the file formats that are read. */
const signatures: readonly (readonly [format: string, bytes: RegExp])[] = [
  ["PNG", /^\x89PNG\r\n/],
  ["JPEG", /^\xff\xd8\xff/],
  ["WebP", /^RIFF[^]{4}WEBP/],
  ["GIF", /^GIF8[79]a/],
  ["TIFF", /^(II\*\0|MM\0\*)/],
  ["AVIF", /^[^]{4}ftypavi[fs]/],
];

/** Name of the picture format that a file begins like, or null. */
export function imageFormat(bytes: Uint8Array): string | null {
  const start = String.fromCharCode(...bytes.subarray(0, 16));
  return signatures.find(([, pattern]) => pattern.test(start))?.[0] ?? null;
}

/** Throws unless sizes and data of a picture fit together. */
export function checkImage(image: RgbImage, name = "the picture"): RgbImage {
  const { width, height, data } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!whole || data.length !== width * height * 3) {
    throw new InputError(
      `Cannot use ${name} of ${width} x ${height} pixels with ${data.length} bytes: ` +
        `wanted width * height * 3 bytes (red, green, blue)`,
    );
  }
  return image;
}

/**
 * Decodes the first picture of a PNG, JPEG, WebP, GIF, TIFF or AVIF file.
 *
 * As Pillow's `convert("RGB")` does: alpha is dropped (not blended), grey becomes equal red, green
 * and blue, 16 bits become 8, palettes are looked up; colour profiles and the orientation in EXIF
 * data are ignored.
 *
 * @param bytes the whole file
 * @returns a picture whose data belongs to the caller
 * @throws {InputError} if the format is another, the file is damaged or the picture has more than
 *   `maxPixels` pixels (checked before the pixels are unpacked)
 *
 * @example
 * ```ts
 * import { decodeImage } from "../../lib/inputs/image.ts";
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
  const { maxPixels = maxImagePixels, name = "the picture" } = options;
  if (imageFormat(bytes) === null) {
    const known = signatures.map(([format]) => format).join(", ");
    throw new InputError(`Cannot decode ${name}: not a picture in a known format (${known})`);
  }
  const { default: sharp } = await import("sharp"); // loaded on first use: it is large
  const input = { limitInputPixels: false, ignoreIcc: true, failOn: "error" } as const;
  let stage = "read";
  try {
    const { width, height } = await sharp(bytes, input).metadata();
    if (width * height > maxPixels) {
      stage = "limit";
      throw new InputError(
        `Cannot decode ${name}: ${width} x ${height} is ${width * height} pixels; ` +
          `at most ${maxPixels}`,
      );
    }
    const { data, info } = await sharp(bytes, input)
      .removeAlpha().toColourspace("srgb").raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: threeChannels(data, info.channels) };
  } catch (error) {
    if (stage === "limit") throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(`Cannot decode ${name}: damaged file (${reason})`);
  }
}

/** Red, green and blue of pixels that may have one channel only. */
function threeChannels(data: Uint8Array, channels: number): Uint8Array {
  if (channels === 3) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice();
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    for (let c = 0; c < 3; c++) out[3 * i + c] = data[channels * i + (channels < 3 ? 0 : c)];
  }
  return out;
}
