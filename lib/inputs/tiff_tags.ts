/**
 * What a TIFF file says about its first image, where the image library needs help: luma and
 * chroma, orientations that do not exist.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RgbImage } from "./rgb_image.ts";
import { fromLumaChroma } from "./image_channels.ts";

/** Tags of the first image: numbers by tag, as far as they are bytes or whole numbers. */
export interface TiffTags {
  /** Values by tag. */
  readonly values: ReadonlyMap<number, readonly number[]>;
  /** Where the value of the orientation stands in the file, or null. */
  readonly orientationAt: number | null;
  /** Whether the file is little-endian. */
  readonly little: boolean;
}

const [widthTag, heightTag, compressionTag, photometricTag] = [256, 257, 259, 262];
const [stripOffsetsTag, orientationTag, rowsTag, stripBytesTag] = [273, 274, 278, 279];
const [planarTag, subsamplingTag] = [284, 530];

/** Most values of one tag that are read: strips of an image of the largest height. */
const mostValues = 100_000;

/** Reads the tags of the first image; damaged ones are left out. */
export function readTiffTags(bytes: Uint8Array): TiffTags {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Map<number, readonly number[]>();
  const little = bytes[0] === 0x49;
  let orientationAt: number | null = null;
  const first = bytes.length < 8 ? bytes.length : view.getUint32(4, little);
  const entries = first + 2 <= bytes.length ? view.getUint16(first, little) : 0;
  for (let i = 0, at = first + 2; i < entries && at + 12 <= bytes.length; i++, at += 12) {
    const tag = view.getUint16(at, little), type = view.getUint16(at + 2, little);
    const count = view.getUint32(at + 4, little);
    const size = { 1: 1, 3: 2, 4: 4 }[type];
    if (size === undefined || count > mostValues) continue;
    const start = count * size <= 4 ? at + 8 : view.getUint32(at + 8, little);
    if (start + count * size > bytes.length) continue;
    if (tag === orientationTag && type === 3) orientationAt = start;
    values.set(
      tag,
      Array.from(
        { length: count },
        (_, j) =>
          size === 1
            ? bytes[start + j]
            : size === 2
            ? view.getUint16(start + 2 * j, little)
            : view.getUint32(start + 4 * j, little),
      ),
    );
  }
  return { values, orientationAt, little };
}

/** The file with an orientation that exists: libtiff refuses others, Pillow ignores them. */
export function withValidOrientation(bytes: Uint8Array, tags: TiffTags): Uint8Array {
  const orientation = tags.values.get(orientationTag)?.[0] ?? 1;
  if (tags.orientationAt === null || orientation === tiffOrientation(tags)) return bytes;
  const fixed = Uint8Array.from(bytes);
  new DataView(fixed.buffer).setUint16(tags.orientationAt, 1, tags.little);
  return fixed;
}

/** Width and height of the first image; 0 where the file does not say. */
export function tiffSize({ values }: TiffTags): readonly [width: number, height: number] {
  return [values.get(widthTag)?.[0] ?? 0, values.get(heightTag)?.[0] ?? 0];
}

/** Orientation of the first image, 1 to 8. */
export function tiffOrientation({ values }: TiffTags): number {
  const orientation = values.get(orientationTag)?.[0] ?? 1;
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

/** How a TIFF keeps its colours, where the image library would get them wrong. */
export type TiffColors =
  /** As the library reads them. */
  | "read"
  /** Y, Cb and Cr for each pixel: what the library gives as red, green and blue. */
  | "lumaChroma"
  /** Y for each pixel, Cb and Cr for blocks of pixels, uncompressed. */
  | "blocks";

/**
 * How the first image keeps its colours.
 *
 * @throws {InputError} for CIELAB, and for compressed luma with chroma of another resolution
 */
export function tiffColors({ values }: TiffTags, name: string): TiffColors {
  const value = (tag: number, fallback: number) => values.get(tag)?.[0] ?? fallback;
  const photometric = value(photometricTag, 2), compression = value(compressionTag, 1);
  if (photometric >= 8 && photometric <= 10) {
    throw new InputError(
      `Cannot decode ${name}: TIFF with CIELAB colours is not read; save it as RGB or as PNG`,
    );
  }
  if (photometric !== 6 || compression === 6 || compression === 7) return "read"; // JPEG inside
  const [across, down] = values.get(subsamplingTag) ?? [2, 2];
  if (across === 1 && down === 1) return "lumaChroma";
  const known = [1, 2, 4].includes(across) && [1, 2, 4].includes(down);
  if (compression === 1 && value(planarTag, 1) === 1 && known) return "blocks";
  throw new InputError(
    `Cannot decode ${name}: compressed TIFF with chroma of lower resolution (${across} x ${down}) ` +
      `is not read; save it as RGB or as PNG`,
  );
}

/**
 * Decodes uncompressed luma with chroma for blocks of pixels, strip by strip; each block's chroma
 * counts for all of its pixels.
 *
 * Source: TIFF 6.0, section 21.
 */
export function decodeChromaBlocks(bytes: Uint8Array, tags: TiffTags, name: string): RgbImage {
  const list = (tag: number) => tags.values.get(tag) ?? [];
  const [width, height] = tiffSize(tags);
  const [across, down] = tags.values.get(subsamplingTag) ?? [2, 2];
  const rows = Math.min(list(rowsTag)[0] ?? height, height);
  const offsets = list(stripOffsetsTag), sizes = list(stripBytesTag);
  const columns = Math.ceil(width / across), block = across * down + 2;
  const data = new Uint8Array(width * height * 3);
  for (let strip = 0, top = 0; top < height; strip++, top += rows) {
    const lines = Math.ceil(Math.min(rows, height - top) / down);
    const end = offsets[strip] + lines * columns * block;
    if (!(end <= bytes.length) || sizes[strip] < lines * columns * block) {
      throw new InputError(`Cannot decode ${name}: damaged file (pixels cut off)`);
    }
    for (let line = 0, at = offsets[strip]; line < lines; line++) {
      for (let column = 0; column < columns; column++, at += block) {
        for (let i = 0; i < across * down; i++) {
          const x = column * across + i % across;
          const y = top + line * down + Math.floor(i / across);
          if (x >= width || y >= Math.min(top + rows, height)) continue;
          const to = 3 * (y * width + x);
          data[to] = bytes[at + i];
          data[to + 1] = bytes[at + block - 2];
          data[to + 2] = bytes[at + block - 1];
        }
      }
    }
  }
  return { width, height, data: fromLumaChroma(data) };
}
