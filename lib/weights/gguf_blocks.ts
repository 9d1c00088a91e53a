/**
 * GGUF's blocks to float32: each block holds small whole numbers and one or more scales.
 *
 * Source: llama.cpp `ggml-quants.c`, `dequantize_row_*`. Results are exact to the bit: every product
 * here fits a double, and is rounded to float32 once.
 * @module
 */
import { widenToFloat32 } from "../backend/widen.ts";
import type { BlockFormat } from "../nn/kernels.ts";
import { blockSizes, type GgufType } from "./gguf_types.ts";

/** Writes the elements of all blocks of `bytes`. `half` holds float32 values of 16-bit patterns. */
type Dequantizer = (bytes: Uint8Array, half: Float32Array, out: Float32Array) => void;

let halves: Float32Array | null = null;

/** Float32 values of all half-precision bit patterns. */
function halfTable(): Float32Array {
  const patterns = () => Uint16Array.from({ length: 65536 }, (_, i) => i);
  return halves ??= widenToFloat32(new Uint8Array(patterns().buffer), "F16");
}

/** Blocks of 32 with `bits` each (4 or 5), a scale, and an offset or none. */
function narrow(bits: 4 | 5, offset: boolean): Dequantizer {
  const { bytes: size } = blockSizes[`Q${bits}_${offset ? 1 : 0}`];
  const high = offset ? 4 : 2; // place of the fifth bits
  const low = bits === 5 ? high + 4 : high;
  const zero = offset ? 0 : 1 << (bits - 1);
  return (bytes, half, out) => {
    for (let at = 0, to = 0; at < bytes.length; at += size, to += 32) {
      const scale = half[bytes[at] | bytes[at + 1] << 8];
      const least = offset ? half[bytes[at + 2] | bytes[at + 3] << 8] : -zero * scale;
      for (let i = 0; i < 16; i++) {
        const pair = bytes[at + low + i];
        let first = pair & 15, second = pair >> 4;
        if (bits === 5) {
          first |= (bytes[at + high + (i >> 3)] >> (i & 7) & 1) << 4;
          second |= (bytes[at + high + 2 + (i >> 3)] >> (i & 7) & 1) << 4;
        }
        out[to + i] = scale * first + least;
        out[to + 16 + i] = scale * second + least;
      }
    }
  };
}

/** Blocks of 32 signed bytes and a scale. */
const q8: Dequantizer = (bytes, half, out) => {
  for (let at = 0, to = 0; at < bytes.length; at += 34, to += 32) {
    const scale = half[bytes[at] | bytes[at + 1] << 8];
    for (let i = 0; i < 32; i++) out[to + i] = scale * (bytes[at + 2 + i] << 24 >> 24);
  }
};

/** The `i`-th of eight 6-bit scales and offsets that are packed into 12 bytes. */
function packedScale(bytes: Uint8Array, at: number, i: number): [scale: number, least: number] {
  if (i < 4) return [bytes[at + i] & 63, bytes[at + i + 4] & 63];
  return [
    (bytes[at + i + 4] & 15) | (bytes[at + i - 4] >> 6) << 4,
    (bytes[at + i + 4] >> 4) | (bytes[at + i] >> 6) << 4,
  ];
}

/** Blocks of 256 in eight runs of 32, each with a scale and an offset that have a scale in turn. */
function runs(bits: 4 | 5): Dequantizer {
  const { bytes: size } = blockSizes[`Q${bits}_K`];
  const low = bits === 5 ? 48 : 16;
  return (bytes, half, out) => {
    for (let at = 0, to = 0; at < bytes.length; at += size, to += 256) {
      const scaleOfScales = half[bytes[at] | bytes[at + 1] << 8];
      const scaleOfLeasts = half[bytes[at + 2] | bytes[at + 3] << 8];
      for (let run = 0; run < 8; run++) {
        const [scale, least] = packedScale(bytes, at + 4, run);
        const factor = scaleOfScales * scale, offset = scaleOfLeasts * least;
        const from = at + low + (run >> 1) * 32, shift = 4 * (run & 1);
        for (let i = 0; i < 32; i++) {
          let value = bytes[from + i] >> shift & 15;
          if (bits === 5) value |= (bytes[at + 16 + i] >> run & 1) << 4;
          out[to + 32 * run + i] = factor * value - offset;
        }
      }
    }
  };
}

/** Blocks of 256 six-bit numbers, with a signed scale for every 16 and a scale of these. */
const q6: Dequantizer = (bytes, half, out) => {
  for (let at = 0, to = 0; at < bytes.length; at += 210, to += 256) {
    const scaleOfScales = half[bytes[at + 208] | bytes[at + 209] << 8];
    for (let i = 0; i < 256; i++) {
      const part = i >> 7, run = i >> 5 & 3, column = i & 31; // two halves of four runs of 32
      const low = bytes[at + 64 * part + (run & 1) * 32 + column] >> 4 * (run >> 1) & 15;
      const high = bytes[at + 128 + 32 * part + column] >> 2 * run & 3;
      const scale = bytes[at + 192 + (i >> 4)] << 24 >> 24;
      out[to + i] = scaleOfScales * scale * ((low | high << 4) - 32);
    }
  }
};

/** Blocks of 256 two-bit numbers in 16 runs of 16, each with a scale and an offset of four bits. */
const q2: Dequantizer = (bytes, half, out) => {
  for (let at = 0, to = 0; at < bytes.length; at += 84, to += 256) {
    const scaleOfScales = half[bytes[at + 80] | bytes[at + 81] << 8];
    const scaleOfLeasts = half[bytes[at + 82] | bytes[at + 83] << 8];
    for (let i = 0; i < 256; i++) {
      const own = bytes[at + (i >> 4)];
      const value = bytes[at + 16 + (i >> 7) * 32 + (i & 31)] >> 2 * (i >> 5 & 3) & 3;
      out[to + i] = scaleOfScales * (own & 15) * value - scaleOfLeasts * (own >> 4);
    }
  }
};

/** The `i`-th of sixteen signed 6-bit scales in 12 bytes: four bits each, then two bits each. */
function signedScale(bytes: Uint8Array, at: number, i: number): number {
  const low = bytes[at + (i & 7)] >> 4 * (i >> 3) & 15;
  return (low | (bytes[at + 8 + (i & 3)] >> 2 * (i >> 2) & 3) << 4) - 32;
}

/** Blocks of 256 three-bit numbers, whose third bits lie apart and count when they are 0. */
const q3: Dequantizer = (bytes, half, out) => {
  for (let at = 0, to = 0; at < bytes.length; at += 110, to += 256) {
    const scaleOfScales = half[bytes[at + 108] | bytes[at + 109] << 8];
    for (let i = 0; i < 256; i++) {
      const column = i & 31;
      const low = bytes[at + 32 + (i >> 7) * 32 + column] >> 2 * (i >> 5 & 3) & 3;
      const lowered = (bytes[at + column] >> (i >> 5) & 1) === 0 ? 4 : 0;
      out[to + i] = scaleOfScales * signedScale(bytes, at + 96, i >> 4) * (low - lowered);
    }
  }
};

/** The sixteen values that a four-bit number of the IQ4 types stands for. */
const levels = Int8Array.of(
  ...[-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113],
);

/** Blocks of 32 numbers of {@link levels}, and a scale. */
const iq4nl: Dequantizer = (bytes, half, out) => {
  for (let at = 0, to = 0; at < bytes.length; at += 18, to += 32) {
    const scale = half[bytes[at] | bytes[at + 1] << 8];
    for (let i = 0; i < 16; i++) {
      const pair = bytes[at + 2 + i];
      out[to + i] = scale * levels[pair & 15];
      out[to + 16 + i] = scale * levels[pair >> 4];
    }
  }
};

/** Blocks of 256 in eight runs of 32 numbers of {@link levels}, each with a signed 6-bit scale. */
const iq4xs: Dequantizer = (bytes, half, out) => {
  for (let at = 0, to = 0; at < bytes.length; at += 136, to += 256) {
    const scaleOfScales = half[bytes[at] | bytes[at + 1] << 8];
    const high = bytes[at + 2] | bytes[at + 3] << 8;
    for (let run = 0; run < 8; run++) {
      const low = bytes[at + 4 + (run >> 1)] >> 4 * (run & 1) & 15;
      const scale = scaleOfScales * ((low | (high >> 2 * run & 3) << 4) - 32);
      for (let i = 0; i < 16; i++) {
        const pair = bytes[at + 8 + 16 * run + i];
        out[to + 32 * run + i] = scale * levels[pair & 15];
        out[to + 32 * run + 16 + i] = scale * levels[pair >> 4];
      }
    }
  }
};

const dequantizers: Readonly<Record<Exclude<GgufType, "F32" | "F16" | "BF16">, Dequantizer>> = {
  Q4_0: narrow(4, false),
  Q4_1: narrow(4, true),
  Q5_0: narrow(5, false),
  Q5_1: narrow(5, true),
  Q8_0: q8,
  Q2_K: q2,
  Q3_K: q3,
  Q4_K: runs(4),
  Q5_K: runs(5),
  Q6_K: q6,
  IQ4_NL: iq4nl,
  IQ4_XS: iq4xs,
};

/**
 * Stored bytes of a tensor as float32 values.
 *
 * @param bytes whole blocks
 * @param type stored type
 * @throws {RangeError} if the length is not a whole number of blocks
 *
 * @example
 * ```ts
 * import { dequantize } from "./gguf_blocks.ts";
 * import { assertEquals } from "@std/assert";
 * const block = new Uint8Array(34).fill(254, 2); // 32 times -2
 * block[1] = 0x38; // scale 0.5
 * assertEquals(dequantize(block, "Q8_0"), new Float32Array(32).fill(-1));
 * ```
 */
export function dequantize(bytes: Uint8Array, type: GgufType): Float32Array<ArrayBuffer> {
  const block = blockSizes[type];
  if (bytes.length % block.bytes !== 0) {
    throw new RangeError(
      `Cannot read ${bytes.length} bytes as ${type}: the length must be a multiple of ${block.bytes}`,
    );
  }
  if (type === "F32" || type === "F16" || type === "BF16") {
    return widenToFloat32(bytes, type) as Float32Array<ArrayBuffer>;
  }
  const out = new Float32Array(bytes.length / block.bytes * block.elements);
  dequantizers[type](bytes, halfTable(), out);
  return out;
}

const formats = new Map<GgufType, BlockFormat>();

/**
 * A type of numbers in blocks, for kernels that keep weights in them; null for plain numbers.
 *
 * @example
 * ```ts
 * import { blockFormat } from "./gguf_blocks.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(blockFormat("Q4_K")?.elements, 256);
 * assertEquals(blockFormat("F16"), null);
 * ```
 */
export function blockFormat(type: GgufType): BlockFormat | null {
  if (type === "F32" || type === "F16" || type === "BF16") return null;
  const known = formats.get(type);
  if (known) return known;
  const made = { name: type, ...blockSizes[type], unpack: (b: Uint8Array) => dequantize(b, type) };
  formats.set(type, made);
  return made;
}
