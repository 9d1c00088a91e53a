/**
 * Images for figures: pixels to a PNG data URL, shrunk to the size at which they are shown.
 *
 * @module
 */

import { deflateSync } from "node:zlib";
import { InputError } from "../common/errors.ts";

/** An image in memory: 8-bit red, green, blue, row by row from the top left. */
export interface PixelImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** `[height, width, 3]`. */
  readonly data: Uint8Array;
}

/** An image that is encoded already; its size must be told, because it is not decoded here. */
export interface EncodedImage {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** A data URL of an image, e.g. `data:image/png;base64,...`. */
  readonly url: string;
}

/** An image that a figure can show. */
export type OverlayImage = PixelImage | EncodedImage;

const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? 0xedb88320 ^ (value >>> 1) : value >>> 1;
  return value;
});

/** A chunk of a PNG file: length, name, content, checksum. */
function pngChunk(name: string, content: Uint8Array): Uint8Array {
  const chunk = new Uint8Array(12 + content.length);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, content.length);
  chunk.set(new TextEncoder().encode(name), 4);
  chunk.set(content, 8);
  let crc = 0xffffffff;
  for (let i = 4; i < 8 + content.length; i++) crc = crcTable[(crc ^ chunk[i]) & 255] ^ (crc >>> 8);
  view.setUint32(8 + content.length, ~crc >>> 0);
  return chunk;
}

/**
 * An image as a PNG file (8-bit RGB).
 *
 * @throws {InputError} when sizes and data do not fit together
 *
 * @example
 * ```ts
 * import { pngBytes } from "./overlay_image.ts";
 * import { assertEquals } from "@std/assert";
 * const file = pngBytes({ width: 1, height: 1, data: new Uint8Array([255, 0, 0]) });
 * assertEquals([...file.subarray(1, 4)], [...new TextEncoder().encode("PNG")]);
 * ```
 */
export function pngBytes(image: PixelImage): Uint8Array {
  const { width, height, data } = checkPixels(image);
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([8, 2], 8); // 8 bits, RGB
  const stride = width * 3;
  const rows = new Uint8Array(height * (stride + 1));
  for (let y = 0; y < height; y++) {
    const out = y * (stride + 1);
    rows[out] = y === 0 ? 1 : 2; // differences to the left in the first row, then to above
    for (let x = 0; x < stride; x++) {
      const before = y === 0 ? (x < 3 ? 0 : data[x - 3]) : data[(y - 1) * stride + x];
      rows[out + 1 + x] = data[y * stride + x] - before;
    }
  }
  const parts = [
    new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]),
    pngChunk("IHDR", header),
    pngChunk("IDAT", deflateSync(rows)),
    pngChunk("IEND", new Uint8Array(0)),
  ];
  const file = new Uint8Array(parts.reduce((size, part) => size + part.length, 0));
  parts.reduce((at, part) => (file.set(part, at), at + part.length), 0);
  return file;
}

/** Throws unless sizes and data fit together. */
function checkPixels(image: PixelImage): PixelImage {
  const { width, height, data } = image;
  const whole = Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0;
  if (!whole || data.length !== width * height * 3) {
    throw new InputError(
      `Cannot draw an image of ${width} x ${height} pixels from ${data.length} bytes: wanted ` +
        `width * height * 3 bytes (red, green, blue)`,
    );
  }
  return image;
}

/**
 * An image whose longer side has at most `side` pixels, each the mean of the pixels it replaces.
 *
 * @param image pixels; returned as it is when small enough
 * @param side largest width and height, at least 1
 */
export function shrink(image: PixelImage, side: number): PixelImage {
  const { width, height, data } = checkPixels(image);
  const factor = Math.max(width, height) / side;
  if (factor <= 1) return image;
  const [w, h] = [width, height].map((size) => Math.max(1, Math.round(size / factor)));
  const out = new Uint8Array(w * h * 3);
  for (let y = 0; y < h; y++) {
    const [top, bottom] = [y, y + 1].map((edge) => Math.floor(edge * height / h));
    for (let x = 0; x < w; x++) {
      const [left, right] = [x, x + 1].map((edge) => Math.floor(edge * width / w));
      for (let channel = 0; channel < 3; channel++) {
        let sum = 0;
        for (let row = top; row < bottom; row++) {
          for (let column = left; column < right; column++) {
            sum += data[(row * width + column) * 3 + channel];
          }
        }
        out[(y * w + x) * 3 + channel] = Math.round(sum / ((bottom - top) * (right - left)));
      }
    }
  }
  return { width: w, height: h, data: out };
}

/** How much of a muted image's colour is left. */
const saturation = 0.3;

/**
 * An image with pale colours, so that what is drawn over it is more vivid than anything in it.
 *
 * @example
 * ```ts
 * import { muted } from "./overlay_image.ts";
 * import { assertEquals } from "@std/assert";
 * const { data } = muted({ width: 1, height: 1, data: new Uint8Array([250, 0, 0]) });
 * assertEquals([...data], [127, 52, 52]);
 * ```
 */
export function muted(image: PixelImage): PixelImage {
  const data = Uint8Array.from(image.data);
  for (let i = 0; i + 2 < data.length; i += 3) {
    const grey = 0.299 * data[i] + 0.587 * data[i + 1] + 0.114 * data[i + 2];
    for (let c = i; c < i + 3; c++) data[c] = Math.round(grey + saturation * (data[c] - grey));
  }
  return { ...image, data };
}

/** Base64 of bytes. */
function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  }
  return btoa(text);
}

/**
 * The data URL of an image.
 *
 * @param image pixels, or an image that is encoded already
 * @param side pixels are shrunk to at most this width and height, 640 by default
 * @throws {InputError} when sizes and data do not fit together, or the URL is not an image's data
 * URL (figures must not load anything from elsewhere)
 */
export function imageUrl(image: OverlayImage, side = 640): string {
  if (!("url" in image)) {
    return `data:image/png;base64,${base64(pngBytes(shrink(image, side)))}`;
  }
  const { width, height, url } = image;
  if (!(width > 0 && height > 0 && Number.isFinite(width * height))) {
    throw new InputError(`Cannot draw an image of ${width} x ${height} pixels`);
  }
  if (!/^data:image\/(png|jpeg|webp|gif);base64,[A-Za-z0-9+/=]+$/.test(url)) {
    throw new InputError(
      `Cannot draw the image "${url.slice(0, 40)}": wanted pixels or a base64 data URL of a ` +
        `png, jpeg, webp or gif image`,
    );
  }
  return url;
}
