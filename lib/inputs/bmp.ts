/**
 * Windows bitmap files, which the image library does not read.
 *
 * Source: Pillow's `BmpImagePlugin.py`, whose readings of odd files these are; transparency is
 * dropped.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RgbImage } from "./rgb_image.ts";

/** The header of a file. */
export interface BmpHeader {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Whether the first row is the top one. */
  readonly topDown: boolean;
  /** Bits per pixel. */
  readonly bits: number;
  /** Kind of compression: 0 none, 1 and 2 runs, 3 and 6 masks of bits. */
  readonly compression: number;
  /** Bytes of the header after the file's own 14. */
  readonly size: number;
  /** Entries of the palette; 0 where the file does not say. */
  readonly colors: number;
  /** First byte of the pixels. */
  readonly offset: number;
}

const damaged = (name: string, reason: string) =>
  new InputError(`Cannot decode ${name}: damaged file (${reason})`);

/** Reads the header alone. */
export function readBmpHeader(bytes: Uint8Array, name = "the image"): BmpHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 26) throw damaged(name, "BMP header cut off");
  const size = view.getUint32(14, true), offset = view.getUint32(10, true);
  if (size === 12) {
    const [width, height] = [view.getUint16(18, true), view.getUint16(20, true)];
    const bits = view.getUint16(24, true);
    return { width, height, topDown: false, bits, compression: 0, size, colors: 0, offset };
  }
  if (bytes.length < 14 + size) throw damaged(name, "BMP header cut off");
  const rows = view.getInt32(22, true);
  return {
    width: view.getInt32(18, true),
    height: Math.abs(rows),
    topDown: rows < 0,
    bits: view.getUint16(28, true),
    compression: view.getUint32(30, true),
    size,
    colors: view.getUint32(46, true),
    offset,
  };
}

/** Places of red, green and blue in a pixel, and the largest value of each. */
type Masks = readonly (readonly [shift: number, most: number])[];

const plainMasks: Readonly<Record<number, Masks>> = {
  16: [[10, 31], [5, 31], [0, 31]],
  24: [[16, 255], [8, 255], [0, 255]],
  32: [[16, 255], [8, 255], [0, 255]],
};

function readMasks(view: DataView, { bits, compression }: BmpHeader, name: string): Masks {
  if (compression === 0) return plainMasks[bits];
  const masks = [0, 1, 2].map((c) => view.getUint32(54 + 4 * c, true));
  if (masks.every((mask) => mask === 0) && bits === 32) return plainMasks[32];
  return masks.map((mask) => {
    const shift = mask === 0 ? 0 : 31 - Math.clz32(mask & -mask), most = mask >>> shift;
    if (mask === 0 || most > 0xffff || (most & (most + 1)) !== 0) {
      throw damaged(name, "odd masks of BMP colours");
    }
    return [shift, most] as const;
  });
}

/** Palette indices of a file whose rows are runs of equal pixels. */
function unpackRuns(bytes: Uint8Array, header: BmpHeader): Uint8Array {
  const { width, height, compression } = header;
  const small = compression === 2; // two pixels a byte
  const out = new Uint8Array(width * height);
  let at = header.offset, to = 0, x = 0;
  const put = (value: number) => {
    if (to < out.length) out[to++] = value;
  };
  while (to < out.length && at + 1 < bytes.length) {
    const count = bytes[at], value = bytes[at + 1];
    at += 2;
    if (count > 0) {
      const fits = Math.min(count, Math.max(0, width - x));
      for (let i = 0; i < fits; i++) put(!small ? value : i % 2 === 0 ? value >> 4 : value & 15);
      x += fits;
    } else if (value === 0) { // end of the row
      to = Math.ceil(to / width) * width;
      x = 0;
    } else if (value === 1) { // end of the image
      break;
    } else if (value === 2) { // a step right and up
      to = Math.min(out.length, to + (bytes[at] ?? 0) + (bytes[at + 1] ?? 0) * width);
      at += 2;
      x = to % width;
    } else { // pixels as they are, padded to an even number of bytes
      const length = small ? Math.ceil(value / 2) : value;
      for (let i = 0; i < value; i++) {
        const pair = bytes[at + (small ? i >> 1 : i)] ?? 0;
        put(!small ? pair : i % 2 === 0 ? pair >> 4 : pair & 15);
      }
      at += length + length % 2;
      x += value;
    }
  }
  return out;
}

/** Colours of the palette, `[entries, 3]`. */
function readPalette(bytes: Uint8Array, header: BmpHeader, name: string): Uint8Array {
  const { size, bits } = header, step = size === 12 ? 3 : 4;
  const colors = header.colors || 1 << bits;
  if (colors > 65_536) throw damaged(name, `a palette of ${colors} colours`);
  const start = 14 + size, out = new Uint8Array(Math.max(colors, 256) * 3);
  for (let i = 0; i < colors; i++) {
    for (let c = 0; c < 3; c++) out[3 * i + c] = bytes[start + i * step + 2 - c] ?? 0;
  }
  return out;
}

/**
 * Decodes a bitmap file of 1, 4, 8, 16, 24 or 32 bits a pixel.
 *
 * @param bytes the whole file, which begins with `BM`
 * @throws {InputError} if the file is damaged or of a kind that hardly exists
 */
export function decodeBmp(bytes: Uint8Array, name = "the image"): RgbImage {
  const header = readBmpHeader(bytes, name);
  const { width, height, topDown, bits, compression } = header;
  if (!(width > 0 && height > 0)) throw damaged(name, `${width} x ${height} pixels`);
  const runs = (compression === 1 && bits === 8) || (compression === 2 && bits === 4);
  const masked = (compression === 3 || compression === 6) && bits >= 16;
  if (![1, 4, 8, 16, 24, 32].includes(bits) || !(compression === 0 || runs || masked)) {
    throw new InputError(
      `Cannot decode ${name}: BMP of ${bits} bits a pixel with compression ${compression} is not ` +
        `read; save it as PNG`,
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const stride = Math.floor((width * bits + 31) / 32) * 4;
  // pixels start behind the palette where the file names the end of its header
  const offset = header.offset || 14 + header.size;
  if (!runs && offset + stride * (height - 1) + Math.ceil(width * bits / 8) > bytes.length) {
    throw damaged(name, "pixels cut off");
  }
  const data = new Uint8Array(width * height * 3);
  const palette = bits <= 8 ? readPalette(bytes, header, name) : null;
  const indices = runs ? unpackRuns(bytes, header) : null;
  const masks = palette ? [] : readMasks(view, header, name);
  const scale = masks.map(([, most]) =>
    Uint8Array.from({ length: most + 1 }, (_, i) => i * 255 / most)
  );
  for (let row = 0; row < height; row++) {
    let to = (topDown ? row : height - 1 - row) * width * 3;
    const from = offset + row * stride;
    for (let x = 0; x < width; x++, to += 3) {
      if (palette) {
        const index = indices
          ? indices[row * width + x]
          : bytes[from + (x * bits >> 3)] >> (8 - bits - x * bits % 8) & (1 << bits) - 1;
        data.set(palette.subarray(3 * index, 3 * index + 3), to);
        continue;
      }
      const at = from + x * (bits >> 3);
      const pixel = bits === 16
        ? view.getUint16(at, true)
        : bits === 24
        ? bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16
        : view.getUint32(at, true);
      for (let c = 0; c < 3; c++) data[to + c] = scale[c][pixel >>> masks[c][0] & masks[c][1]];
    }
  }
  return { width, height, data };
}
