/**
 * Numbers as float16 in base64, compressed.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

const wide = new Float32Array(1), bits = new Uint32Array(wide.buffer);

/**
 * The float16 nearest to a number, as its 16 bits; halfway cases to the even one.
 *
 * @example
 * ```ts
 * import { float16Bits, float16Value } from "./pack.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(float16Bits(1), 0x3c00);
 * assertEquals(float16Value(float16Bits(0.1)), 0.0999755859375);
 * ```
 */
export function float16Bits(value: number): number {
  wide[0] = value;
  const sign = bits[0] >>> 16 & 0x8000, magnitude = bits[0] & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00; // not a number
  if (magnitude >= 0x477ff000) return sign | 0x7c00; // rounds beyond the largest
  if (magnitude < 0x38800000) { // below the smallest normal number: multiples of 2 ** -24
    const exact = Math.abs(wide[0]) * 2 ** 24, low = Math.floor(exact);
    const up = exact - low > 0.5 || exact - low === 0.5 && low % 2 === 1;
    return sign | (low + Number(up));
  }
  const shifted = magnitude - 0x38000000, rest = shifted & 0x1fff;
  const low = shifted >>> 13;
  return sign | (low + Number(rest > 0x1000 || rest === 0x1000 && low % 2 === 1));
}

/** The number of which these are the bits. */
export function float16Value(half: number): number {
  const sign = half & 0x8000 ? -1 : 1, exponent = half >>> 10 & 31, fraction = half & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Passes bytes through a compression or decompression stream. */
async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const piped = new Blob([bytes]).stream().pipeThrough(stream);
  return new Uint8Array(await new Response(piped).arrayBuffer());
}

/**
 * Packs numbers: float16, all high bytes before all low ones (they are alike among themselves),
 * deflated, in base64.
 *
 * @throws {InputError} for a number that is not finite
 *
 * @example
 * ```ts
 * import { packFloats, unpackFloats } from "./pack.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...await unpackFloats(await packFloats([0, 0.25, -3]))], [0, 0.25, -3]);
 * ```
 */
export async function packFloats(values: ArrayLike<number>): Promise<string> {
  const count = values.length, bytes = new Uint8Array(2 * count);
  for (let i = 0; i < count; i++) {
    if (!Number.isFinite(values[i])) {
      throw new InputError(`Cannot pack number ${i} of ${count}: it is ${values[i]}`);
    }
    const half = float16Bits(values[i]);
    bytes[i] = half >>> 8;
    bytes[count + i] = half & 255;
  }
  return toBase64(await through(bytes, new CompressionStream("deflate-raw")));
}

/** The numbers that {@link packFloats} packed. */
export async function unpackFloats(packed: string): Promise<Float32Array> {
  const binary = atob(packed);
  const bytes = await through(
    Uint8Array.from(binary, (character) => character.charCodeAt(0)),
    new DecompressionStream("deflate-raw"),
  );
  const count = bytes.length / 2;
  return Float32Array.from(
    { length: count },
    (_, i) => float16Value(bytes[i] << 8 | bytes[count + i]),
  );
}

/** Bytes in base64. */
export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) {
    text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  }
  return btoa(text);
}
