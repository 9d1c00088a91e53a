/**
 * Images stored turned or mirrored, as cameras do, brought upright.
 *
 * @module
 */
import { inflateSync } from "node:zlib";
import type { RgbImage } from "./rgb_image.ts";

/** What a decoder knows about a file. */
export interface StoredOrientation {
  /** From EXIF or TIFF tags; absent where there is none. */
  readonly orientation?: number;
  /** The XMP packet. */
  readonly xmp?: Uint8Array;
}

/** Orientation that an XMP packet states, or null. */
function xmpOrientation(xmp: Uint8Array | undefined): number | null {
  if (xmp === undefined) return null;
  const text = new TextDecoder("latin1").decode(xmp);
  const digit = /tiff:Orientation(="|>)([0-9])/.exec(text)?.[2];
  return digit === undefined ? null : Number(digit);
}

/** Orientation of an EXIF block (from its TIFF header on), or null. */
function exifOrientation(bytes: Uint8Array): number | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 14) return null;
  const little = bytes[0] === 0x49;
  const first = view.getUint32(4, little);
  if (first + 2 > bytes.length) return null;
  const entries = view.getUint16(first, little);
  for (let i = 0, at = first + 2; i < entries && at + 12 <= bytes.length; i++, at += 12) {
    if (view.getUint16(at, little) === 274) return view.getUint16(at + 8, little);
  }
  return null;
}

/** Longest text that is unpacked to look for EXIF data. */
const longestProfile = 1 << 20;

/** EXIF data that ImageMagick keeps as hexadecimal text in PNG files; null if there is none. */
function textProfile(png: Uint8Array): Uint8Array | null {
  const view = new DataView(png.buffer, png.byteOffset, png.length);
  const name = (start: number, length: number) =>
    String.fromCharCode(...png.subarray(start, start + length));
  const keyword = "Raw profile type exif\0";
  for (let at = 8; at + 12 <= png.length;) {
    const length = view.getUint32(at), type = name(at + 4, 4), body = at + 8;
    if ((type === "zTXt" || type === "tEXt") && name(body, keyword.length) === keyword) {
      const rest = png.subarray(body + keyword.length, body + length);
      try {
        const text = type === "tEXt"
          ? rest
          : inflateSync(rest.subarray(1), { maxOutputLength: longestProfile });
        const hex = new TextDecoder("latin1").decode(text).split("\n").slice(3).join("");
        const found = Uint8Array.from(hex.match(/../g) ?? [], (pair) => parseInt(pair, 16));
        return found[0] === 0x45 ? found.subarray(6) : found; // behind "Exif" and two zeros
      } catch {
        return null; // what is damaged beside the pixels says nothing
      }
    }
    at = body + length + 4;
  }
  return null;
}

/**
 * How an image is stored: 1 upright, 2 mirrored, 3 upside down, … 8 turned; anything else counts as
 * upright.
 *
 * Source: Pillow's `Image.getexif`: EXIF data first, then XMP.
 */
export function orientationOf(
  file: Uint8Array,
  format: string | null,
  stored: StoredOrientation,
): number {
  const profile = format === "PNG" && stored.orientation === undefined ? textProfile(file) : null;
  return stored.orientation ?? (profile && exifOrientation(profile)) ??
    xmpOrientation(stored.xmp) ?? 1;
}

/**
 * Brings an image upright.
 *
 * Source: Pillow's `ImageOps.exif_transpose`.
 *
 * @param orientation 1 to 8 as EXIF counts; others leave the image as it is
 *
 * @example
 * ```ts
 * import { uprightImage } from "./image_orientation.ts";
 * import { assertEquals } from "@std/assert";
 * const row = { width: 2, height: 1, data: Uint8Array.of(1, 1, 1, 2, 2, 2) };
 * const { width, height, data } = uprightImage(row, 8); // turned clockwise when it was stored
 * assertEquals([width, height, data[0]], [1, 2, 2]);
 * ```
 */
export function uprightImage(image: RgbImage, orientation: number): RgbImage {
  if (!(orientation >= 2 && orientation <= 8)) return image;
  const { width: w, height: h, data } = image;
  const swapped = orientation >= 5;
  const [width, height] = swapped ? [h, w] : [w, h];
  // position in the stored image: start, and steps along the new rows and columns
  const last = (h - 1) * w;
  const [start, right, down] = ([
    [w - 1, -1, w], // 2: mirrored
    [last + w - 1, -1, -w], // 3: half a turn
    [last, 1, -w], // 4: upside down, mirrored
    [0, w, 1], // 5: transposed
    [last, -w, 1], // 6: a quarter turn clockwise
    [last + w - 1, -w, -1], // 7: transposed over the other diagonal
    [w - 1, w, -1], // 8: a quarter turn counterclockwise
  ] as const)[orientation - 2];
  const out = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0, from = 3 * (start + y * down); x < width; x++, from += 3 * right) {
      out[to++] = data[from];
      out[to++] = data[from + 1];
      out[to++] = data[from + 2];
    }
  }
  return { width, height, data: out };
}
