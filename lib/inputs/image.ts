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
  /** What becomes of transparency: it is laid over white (default), or dropped. */
  readonly alpha?: "white" | "drop";
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
 * As transformers does with a picture opened by Pillow: transparent pictures are laid over white,
 * grey becomes equal red, green and blue, palettes are looked up; colour profiles and the orientation
 * in EXIF data are ignored. Unlike there, 16-bit grey is scaled to 8 bits (Pillow clips it to white).
 *
 * @param bytes the whole file
 * @returns a picture whose data belongs to the caller
 * @throws {InputError} if the format is another, the file is damaged or the picture has more than
 *   `maxPixels` pixels (checked before the pixels are unpacked)
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
  const { maxPixels = maxImagePixels, name = "the picture", alpha = "white" } = options;
  if (imageFormat(bytes) === null) {
    const known = signatures.map(([format]) => format).join(", ");
    throw new InputError(`Cannot decode ${name}: not a picture in a known format (${known})`);
  }
  const { default: sharp } = await import("sharp"); // loaded on first use: it is large
  const input = { limitInputPixels: false, ignoreIcc: true, failOn: "error" } as const;
  let stage = "read";
  try {
    const { width, height, space } = await sharp(bytes, input).metadata();
    if (width * height > maxPixels) {
      stage = "limit";
      throw new InputError(
        `Cannot decode ${name}: ${width} x ${height} is ${width * height} pixels; ` +
          `at most ${maxPixels}`,
      );
    }
    const inks = space === "cmyk";
    const opened = inks ? sharp(bytes, input).pipelineColourspace("cmyk") : sharp(bytes, input);
    const { data, info } = await opened
      .toColourspace(inks ? "cmyk" : "srgb").raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    const rgb = inks
      ? withoutInks(data, info.channels)
      : threeChannels(data, info.channels, alpha === "white");
    return { width: info.width, height: info.height, data: rgb };
  } catch (error) {
    if (stage === "limit") throw error;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new InputError(`Cannot decode ${name}: damaged file (${reason})`);
  }
}

/**
 * One colour over white, `opacity` in 0 … 255.
 *
 * Source: Pillow's `AlphaComposite.c`, whose rounding this is.
 */
function overWhite(level: number, opacity: number): number {
  if (opacity === 0) return 255;
  const sum = (level * opacity + 255 * (255 - opacity) + 0x80) << 7;
  return (((sum >> 8) + sum) >> 8) >> 7;
}

/** Red, green and blue of cyan, magenta, yellow and black, as Pillow's `Convert.c` (`cmyk2rgb`). */
function withoutInks(data: Uint8Array, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  for (let i = 0; i < pixels; i++) {
    const light = 255 - data[channels * i + 3];
    for (let c = 0; c < 3; c++) {
      const product = data[channels * i + c] * light + 0x80;
      out[3 * i + c] = light - (((product >> 8) + product) >> 8);
    }
  }
  return out;
}

/** Red, green and blue of pixels with 1 (grey), 2 (grey, alpha), 3 or 4 (with alpha) channels. */
function threeChannels(data: Uint8Array, channels: number, blend: boolean): Uint8Array {
  if (channels === 3) return new Uint8Array(data);
  const pixels = data.length / channels;
  const out = new Uint8Array(pixels * 3);
  const opaque = !blend || channels === 1;
  for (let i = 0; i < pixels; i++) {
    const from = channels * i;
    for (let c = 0; c < 3; c++) {
      const level = data[from + (channels < 3 ? 0 : c)];
      out[3 * i + c] = opaque ? level : overWhite(level, data[from + channels - 1]);
    }
  }
  return out;
}
