/**
 * How a matrix of small numbers lies in a checkpoint, as data, and the one reader of it.
 *
 * A weight `[outputs, inputs]` is stored as codes of a few bits each. A code stands for a level (a
 * whole number, or a float of eight bits); a block of codes shares a scale, and a zero or an offset:
 * the weight is (level - zero) * scale + offset, computed in double precision and rounded to float32
 * once.
 * @module
 */

/** Codes of a few bits, one behind the other from the lowest bit of the first byte. */
export interface CodeLayout {
  /** Bits of a code, 1 to 8. */
  readonly bits: number;
  /** Axis of the matrix along which codes follow each other. */
  readonly along: "inputs" | "outputs";
  /**
   * Where the words of 32 bits of one run lie: one behind the other, or one row of the stored tensor
   * apart, with the words of the other runs between them.
   */
  readonly words: "together" | "apart";
  /** For codes that do not follow in order: the places within a word of its codes, in order. */
  readonly places?: readonly number[];
  /** What a code stands for: itself less `less`, a number with a sign, or an 8-bit float. */
  readonly level:
    | { readonly kind: "unsigned"; readonly less: number }
    | { readonly kind: "signed" }
    | { readonly kind: "float8"; readonly exponentBits: 4 | 5 };
}

/** A matrix of floats that several weights share each. */
export interface BlockLayout {
  /** Outputs and inputs of a block; the last blocks may be smaller. */
  readonly outputs: number;
  readonly inputs: number;
  /** Whether inputs are the first axis of the stored tensor. */
  readonly transposed?: boolean;
}

/** How a weight is packed. */
export interface PackedLayout {
  /** Sizes of the weight. */
  readonly shape: readonly [outputs: number, inputs: number];
  /** Its codes. */
  readonly codes: CodeLayout;
  /** Its scales. */
  readonly block: BlockLayout;
  /** Codes of the zeros, one for each block; they lie as a matrix of blocks. */
  readonly zeros?: CodeLayout;
  /** What is made of the bytes of the zeros before they are read. */
  readonly mendZeros?: (bytes: Uint8Array) => Uint8Array;
  /** Whether an offset is added in each block. */
  readonly offsets?: boolean;
  /** Matrices of equal size that are stored one behind the other, along an axis of their own. */
  readonly stacked?: number;
}

/** Sizes of the axes of a weight. */
export function shapeOf({ shape, stacked }: PackedLayout): readonly number[] {
  return stacked === undefined ? shape : [stacked, shape[0] / stacked, shape[1]];
}

/** The stored parts of a weight, as float32 or bytes. */
export interface PackedParts {
  /** Bytes of the codes. */
  readonly codes: Uint8Array;
  /** A scale for each block, in the stored order. */
  readonly scales: Float32Array;
  /** Bytes of the zeros' codes. */
  readonly zeros?: Uint8Array;
  /** An offset for each block, in the stored order. */
  readonly offsets?: Float32Array;
  /** The block of each input, where they are not in order. */
  readonly groups?: Int32Array;
}

/** Words of 32 bits that a run of codes takes. */
export const wordsOf = (count: number, bits: number): number => Math.ceil(count * bits / 32);

/** Values of all codes. */
export function levelsOf({ bits, level }: CodeLayout): Float32Array {
  return Float32Array.from({ length: 2 ** bits }, (_, code) => {
    if (level.kind === "unsigned") return code - level.less;
    if (level.kind === "signed") return code << (32 - bits) >> (32 - bits);
    return float8(code, level.exponentBits);
  });
}

/** An 8-bit float: E4M3 without infinities (a NaN at the end), or E5M2. */
export function float8(code: number, exponentBits: 4 | 5): number {
  const mantissaBits = 7 - exponentBits, steps = 2 ** mantissaBits;
  const exponent = code >> mantissaBits & (2 ** exponentBits - 1), mantissa = code & (steps - 1);
  const sign = code < 128 ? 1 : -1, bias = 2 ** (exponentBits - 1) - 1;
  if (exponentBits === 4 && (code & 127) === 127) return NaN;
  if (exponentBits === 5 && exponent === 31) return mantissa === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * mantissa * 2 ** (1 - bias - mantissaBits);
  return sign * (steps + mantissa) * 2 ** (exponent - bias - mantissaBits);
}

/** Where the codes of a matrix lie and go. */
interface CodePlan {
  readonly layout: CodeLayout;
  readonly levels: Float32Array;
  /** Runs of codes, and codes in each. */
  readonly runs: number;
  readonly length: number;
  /** Distance in the result of one code and of one run from the next. */
  readonly step: number;
  readonly runStep: number;
}

/** Codes of 8 bits that do not stand in words. */
function fromBytes(bytes: Uint8Array, plan: CodePlan, out: Float32Array): void {
  const { levels, runs, length, step, runStep } = plan;
  for (let run = 0, at = 0; run < runs; run++) {
    for (let k = 0, to = run * runStep; k < length; k++, to += step) out[to] = levels[bytes[at++]];
  }
}

/** Codes of which a whole number fills a word. */
function fromWords(bytes: Uint8Array, plan: CodePlan, out: Float32Array): void {
  const { layout: { bits, words, places }, levels, runs, length, step, runStep } = plan;
  const perWord = 32 / bits, mask = 2 ** bits - 1, count = wordsOf(length, bits);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const order = Array.from({ length: perWord }, (_, place) => places?.indexOf(place) ?? place);
  for (let run = 0; run < runs; run++) {
    for (let w = 0; w < count; w++) {
      const word = view.getUint32(
        4 * (words === "together" ? run * count + w : w * runs + run),
        true,
      );
      for (let place = 0; place < perWord; place++) {
        const k = w * perWord + order[place];
        if (k < length) {
          out[run * runStep + k * step] = levels[word >>> (place * bits) & mask];
        }
      }
    }
  }
}

/** Codes that may reach over the end of a word. */
function fromStream(bytes: Uint8Array, plan: CodePlan, out: Float32Array): void {
  const { layout: { bits, words }, levels, runs, length, step, runStep } = plan;
  const stride = 4 * wordsOf(length, bits), mask = 2 ** bits - 1;
  const place = (run: number, i: number) =>
    words === "together" ? run * stride + i : 4 * ((i >> 2) * runs + run) + (i & 3);
  for (let run = 0; run < runs; run++) {
    for (let k = 0; k < length; k++) {
      const byte = k * bits >> 3, shift = k * bits & 7;
      const low = bytes[place(run, byte)];
      const high = shift + bits > 8 ? bytes[place(run, byte + 1)] << 8 : 0;
      out[run * runStep + k * step] = levels[(low | high) >> shift & mask];
    }
  }
}

/**
 * Levels of a matrix of codes, `[outputs, inputs]` row by row.
 *
 * @param bytes stored words; codes of 8 bits need not fill whole words
 */
export function readCodes(
  bytes: Uint8Array,
  layout: CodeLayout,
  outputs: number,
  inputs: number,
): Float32Array {
  const out = new Float32Array(outputs * inputs), byInputs = layout.along === "inputs";
  const plan: CodePlan = {
    layout,
    levels: levelsOf(layout),
    ...(byInputs
      ? { runs: outputs, length: inputs, step: 1, runStep: inputs }
      : { runs: inputs, length: outputs, step: inputs, runStep: 1 }),
  };
  const { bits, words } = layout;
  const plain = bits === 8 && words === "together" && bytes.length === out.length;
  const read = plain ? fromBytes : 32 % bits === 0 ? fromWords : fromStream;
  read(bytes, plan, out);
  return out;
}

/** Blocks along the axes of a weight. */
export function blocksOf(
  { shape, block }: Pick<PackedLayout, "shape" | "block">,
): [number, number] {
  return [Math.ceil(shape[0] / block.outputs), Math.ceil(shape[1] / block.inputs)];
}

/** The levels of a weight's codes, and of the zeros of its blocks where it has any, row by row. */
export function readLevels(layout: PackedLayout, parts: PackedParts): {
  readonly levels: Float32Array;
  readonly zeros: Float32Array | null;
  /** Blocks along the outputs, and along the inputs. */
  readonly rows: number;
  readonly columns: number;
} {
  const [rows, columns] = blocksOf(layout);
  const zeros = layout.zeros && parts.zeros
    ? readCodes(parts.zeros, layout.zeros, rows, columns)
    : null;
  return { levels: readCodes(parts.codes, layout.codes, ...layout.shape), zeros, rows, columns };
}

/**
 * Unpacks a weight.
 *
 * @returns `[outputs, inputs]` row by row
 *
 * @example
 * ```ts
 * import { unpack } from "./layout.ts";
 * import { assertEquals } from "@std/assert";
 * const codes = { bits: 4, along: "inputs", words: "together" } as const;
 * const weight = unpack({
 *   shape: [1, 8],
 *   codes: { ...codes, level: { kind: "unsigned", less: 8 } },
 *   block: { outputs: 1, inputs: 4 },
 * }, { codes: Uint8Array.of(0x98, 0x10, 0x98, 0xf0), scales: Float32Array.of(1, 2) });
 * assertEquals(weight, Float32Array.of(0, 1, -8, -7, 0, 2, -16, 14));
 * ```
 */
export function unpack(layout: PackedLayout, parts: PackedParts): Float32Array<ArrayBuffer> {
  const { shape: [outputs, inputs], block } = layout;
  const { levels, zeros, rows, columns } = readLevels(layout, parts);
  const out = levels as Float32Array<ArrayBuffer>; // each is read before it is written
  const { groups, scales, offsets } = parts;
  const width = groups ? 1 : block.inputs;
  for (let output = 0, at = 0; output < outputs; output++) {
    const row = Math.floor(output / block.outputs);
    for (let input = 0; input < inputs; input += width) {
      const column = groups ? groups[input] : input / width;
      const place = block.transposed ? column * rows + row : row * columns + column;
      const zero = zeros ? zeros[row * columns + column] : 0;
      const scale = scales[place], offset = offsets ? offsets[place] : 0;
      const end = at + Math.min(width, inputs - input);
      for (; at < end; at++) out[at] = (levels[at] - zero) * scale + offset;
    }
  }
  return out;
}
