/**
 * A 128-bit hash of a text, from which random streams are seeded.
 *
 * @module
 */

/** Rotates the 32 bits of `x` to the left. */
function rotate(x: number, bits: number): number {
  return (x << bits) | (x >>> (32 - bits));
}

/** Murmur's finalizer: spreads each bit over the whole word. */
function avalanche(x: number): number {
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

const MULTIPLIERS = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];
const KEY_ROTATIONS = [15, 16, 17, 18];
const HASH_ROTATIONS = [19, 17, 15, 13];
const CONSTANTS = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17];

/**
 * MurmurHash3_x86_128 (A. Appleby, public domain) with seed 0 of a text's UTF-8 bytes.
 *
 * Not cryptographic: for seeding and for spreading keys.
 *
 * @returns four unsigned 32-bit words, `[4]`
 *
 * @example
 * ```ts
 * import { hash128 } from "./hash.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...hash128("")], [0, 0, 0, 0]);
 * ```
 */
export function hash128(text: string): Uint32Array {
  const bytes = new TextEncoder().encode(text);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const hash = new Uint32Array(4);
  const mixKey = (word: number, lane: number): number =>
    Math.imul(
      rotate(Math.imul(word, MULTIPLIERS[lane]), KEY_ROTATIONS[lane]),
      MULTIPLIERS[(lane + 1) % 4],
    );
  const blocks = Math.floor(bytes.length / 16);
  for (let block = 0; block < blocks; block++) {
    for (let lane = 0; lane < 4; lane++) {
      hash[lane] ^= mixKey(view.getUint32(block * 16 + lane * 4, true), lane);
      const sum = rotate(hash[lane], HASH_ROTATIONS[lane]) + hash[(lane + 1) % 4];
      hash[lane] = Math.imul(sum, 5) + CONSTANTS[lane];
    }
  }
  for (let lane = 0; lane < 4; lane++) {
    let word = 0;
    for (let i = 0; i < 4; i++) {
      word |= (bytes[blocks * 16 + lane * 4 + i] ?? 0) << (8 * i);
    }
    hash[lane] ^= mixKey(word, lane);
  }
  const mixLanes = (): void => {
    hash[0] += hash[1] + hash[2] + hash[3];
    for (let lane = 1; lane < 4; lane++) hash[lane] += hash[0];
  };
  for (let lane = 0; lane < 4; lane++) hash[lane] ^= bytes.length;
  mixLanes();
  for (let lane = 0; lane < 4; lane++) hash[lane] = avalanche(hash[lane]);
  mixLanes();
  return hash;
}
