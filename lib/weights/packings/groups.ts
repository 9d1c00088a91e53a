/**
 * Weights whose codes, scales and zeros are apart in their files as blocks in memory: codes of four to
 * eight bits, or floats of eight, behind their scale, for kernels that compute with blocks.
 *
 * Scales and offsets of 16 bits, as files have them, give the same numbers everywhere; beside an offset,
 * a scale of more than 20 bits is rounded once more on processors without fused multiplications.
 *
 * @module
 */
import type { BlockFormat } from "../../nn/kernels.ts";
import {
  blocksOf,
  float8,
  levelsOf,
  type PackedLayout,
  type PackedParts,
  readLevels,
} from "./layout.ts";

/**
 * How codes lie in a block; the counterparts in C++ are `GroupBlock` and `Float8Block` in
 * `tools/native/ops/formats.h`.
 */
export interface GroupFormat extends BlockFormat {
  /** What the codes are: whole numbers without a sign, with one (of eight bits), or floats. */
  readonly codes: "unsigned" | "signed" | "float8";
  /** Bits of a code. */
  readonly bits: 4 | 5 | 6 | 8;
  /** Whether a float is added; else a whole number is taken off codes without a sign. */
  readonly offset: boolean;
  /** Bytes before the codes. */
  readonly start: number;
}

/** Where the low half of a code lies, counted from the first of its 32, and how far it is moved. */
const lowPlace = (i: number): [byte: number, shift: number] => [i & 15, 4 * (i >> 4)];
/** Where what is above four bits lies, counted from behind the low halves. */
const highPlace = (bits: number, i: number): [byte: number, shift: number] =>
  bits === 5 ? [i >> 3, i & 7] : [i & 7, 2 * (i >> 3)];

/** A code without a sign, of four to six bits. */
function codeAt(bytes: Uint8Array, at: number, bits: number, i: number): number {
  const run = at + (i >> 5) * 4 * bits;
  const [low, shift] = lowPlace(i & 31);
  const code = bytes[run + low] >> shift & 15;
  if (bits === 4) return code;
  const [high, up] = highPlace(bits, i & 31);
  return code | (bytes[run + 16 + high] >> up & (2 ** (bits - 4) - 1)) << 4;
}

/** Adds a code without a sign to bytes that are 0 there. */
function putCode(bytes: Uint8Array, at: number, bits: number, i: number, code: number): void {
  const run = at + (i >> 5) * 4 * bits;
  const [low, shift] = lowPlace(i & 31);
  bytes[run + low] |= (code & 15) << shift;
  if (bits === 4) return;
  const [high, up] = highPlace(bits, i & 31);
  bytes[run + 16 + high] |= code >> 4 << up;
}

/** The numbers of blocks. */
function unpackGroups(format: GroupFormat, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const { elements, bytes: size, bits, codes, offset, start } = format;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Float32Array(bytes.length / size * elements);
  for (let at = 0, to = 0; at < bytes.length; at += size) {
    const scale = view.getFloat32(at, true), added = offset ? view.getFloat32(at + 4, true) : 0;
    const zero = codes === "unsigned" && !offset ? view.getInt8(at + 4) : 0;
    for (let i = 0; i < elements; i++, to++) {
      const code = codes === "signed"
        ? view.getInt8(at + start + i)
        : codes === "float8"
        ? float8(bytes[at + start + i], 4)
        : codeAt(bytes, at + start, bits, i);
      out[to] = (code - zero) * scale + added;
    }
  }
  return out;
}

function groupFormat(
  codes: GroupFormat["codes"],
  bits: GroupFormat["bits"],
  offset: boolean,
  elements: number,
): GroupFormat {
  const start = offset ? 8 : codes === "unsigned" ? 5 : 4;
  const format: GroupFormat = {
    name: `${codes === "float8" ? "F" : offset ? "A" : "G"}${bits}_${elements}`,
    elements,
    bytes: start + elements * bits / 8,
    codes,
    bits,
    offset,
    start,
    unpack: (bytes) => unpackGroups(format, bytes),
  };
  return format;
}

/** All formats, larger blocks first. */
export const groupFormats: readonly GroupFormat[] = [
  ...[128, 64, 32].flatMap((size) =>
    [false, true].map((offset) => groupFormat("unsigned", 4, offset, size))
  ),
  ...([5, 6] as const).flatMap((bits) =>
    [64, 32].map((size) => groupFormat("unsigned", bits, true, size))
  ),
  ...[128, 32].map((size) => groupFormat("signed", 8, false, size)),
  ...[64, 32].map((size) => groupFormat("signed", 8, true, size)),
  ...[128, 32].map((size) => groupFormat("float8", 8, false, size)),
];

/** Smallest and largest of some levels. */
function rangeOf(layout: PackedLayout["codes"]): [number, number] {
  const levels = levelsOf(layout);
  return [Math.min(...levels), Math.max(...levels)];
}

/** What codes of a layout become in memory; null for those that no format holds. */
function kindOf(
  { codes, zeros }: PackedLayout,
  offsets: boolean,
): Pick<GroupFormat, "codes" | "bits" | "offset"> | null {
  if (codes.level.kind === "float8") {
    const plain = codes.level.exponentBits === 4 && !zeros && !offsets;
    return plain ? { codes: "float8", bits: 8, offset: false } : null;
  }
  const [low, high] = rangeOf(codes);
  if (offsets && (zeros || low !== 0)) return null;
  if (codes.bits <= 4) return { codes: "unsigned", bits: 4, offset: offsets };
  if (offsets && codes.bits <= 6) {
    return { codes: "unsigned", bits: codes.bits === 5 ? 5 : 6, offset: true };
  }
  const [least, most] = zeros ? rangeOf(zeros) : [0, 0];
  const fits = low - most >= -128 && high - least <= 127;
  return { codes: "signed", bits: 8, offset: offsets || !fits };
}

/**
 * The blocks into which a weight can be put without a change of its numbers; null where there are none:
 * 8-bit floats of other kinds than E4M3, and groups that are no multiples of 32.
 *
 * @param roles the stored parts that it has
 *
 * @example
 * ```ts
 * import { groupsOf } from "./groups.ts";
 * import { assertEquals } from "@std/assert";
 * const codes = { bits: 4, along: "inputs", words: "together" } as const;
 * const format = groupsOf({
 *   shape: [2, 384],
 *   codes: { ...codes, level: { kind: "unsigned", less: 8 } },
 *   block: { outputs: 1, inputs: 128 },
 * }, {});
 * assertEquals(format?.name, "G4_128");
 * ```
 */
export function groupsOf(
  layout: PackedLayout,
  roles: { readonly offsets?: unknown },
): GroupFormat | null {
  const { shape: [, inputs], block } = layout, kind = kindOf(layout, roles.offsets !== undefined);
  const size = Math.min(block.inputs, inputs);
  return kind &&
    (groupFormats.find((format) =>
      format.codes === kind.codes && format.bits === kind.bits && format.offset === kind.offset &&
      size % format.elements === 0 && inputs % format.elements === 0
    ) ?? null);
}

/**
 * The order of a weight's inputs in which those of a group follow each other; undefined where they do
 * already, and null where groups are of other sizes than the layout's.
 */
export function orderOf(
  { shape: [, inputs], block }: PackedLayout,
  groups: Int32Array | undefined,
): Int32Array | null | undefined {
  if (!groups || groups.every((group, input) => group === Math.floor(input / block.inputs))) {
    return undefined;
  }
  const order = Int32Array.from({ length: inputs }, (_, input) => input)
    .sort((a, b) => groups[a] - groups[b] || a - b);
  const whole = order.every((input, place) => groups[input] === Math.floor(place / block.inputs));
  return whole ? order : null;
}

/** Where the scale of a block of a weight's numbers lies, by the first of them; and its zero. */
function placesOf(layout: PackedLayout): (from: number) => { place: number; zero: number } {
  const { shape: [, inputs], block } = layout, [rows, columns] = blocksOf(layout);
  return (from) => {
    const output = Math.floor(from / inputs), row = Math.floor(output / block.outputs);
    const column = Math.floor((from - output * inputs) / block.inputs);
    const zero = row * columns + column;
    return { place: block.transposed ? column * rows + row : zero, zero };
  };
}

/** Floats of eight bits, which stay as they are, in blocks. */
function floatsIntoBlocks(
  layout: PackedLayout,
  { codes, scales }: PackedParts,
  { elements, bytes, start }: GroupFormat,
): Uint8Array<ArrayBuffer> {
  const placeOf = placesOf(layout);
  const out = new Uint8Array(codes.length / elements * bytes), view = new DataView(out.buffer);
  for (let from = 0, at = 0; from < codes.length; from += elements, at += bytes) {
    view.setFloat32(at, scales[placeOf(from).place], true);
    out.set(codes.subarray(from, from + elements), at + start);
  }
  return out;
}

/**
 * Puts a weight into blocks.
 *
 * @param format what {@link groupsOf} gave
 * @param order the input that comes at each place, where they are not in order
 */
export function intoGroups(
  layout: PackedLayout,
  parts: PackedParts,
  format: GroupFormat,
  order?: Int32Array,
): Uint8Array<ArrayBuffer> {
  if (format.codes === "float8") return floatsIntoBlocks(layout, parts, format);
  const { bits, codes, offset, elements, bytes: size, start } = format;
  const { shape: [, inputs] } = layout, signed = codes === "signed";
  const { levels, zeros } = readLevels(layout, parts), placeOf = placesOf(layout);
  const [lowest] = rangeOf(layout.codes);
  // codes with a sign beside an offset are those without one less 128
  const taken = signed ? lowest + 128 : lowest;
  const out = new Uint8Array(levels.length / elements * size), view = new DataView(out.buffer);
  for (let from = 0, at = 0; from < levels.length; from += elements, at += size) {
    const own = placeOf(from), first = from % inputs, row = from - first;
    const zero = zeros ? zeros[own.zero] : 0, scale = parts.scales[own.place];
    view.setFloat32(at, scale, true);
    if (offset) {
      view.setFloat32(at + 4, (parts.offsets?.[own.place] ?? 0) + (taken - zero) * scale, true);
    } else if (!signed) view.setInt8(at + 4, zero - lowest);
    for (let i = 0; i < elements; i++) {
      const level = levels[order ? row + order[first + i] : from + i];
      if (signed) out[at + start + i] = level - (offset ? taken : zero);
      else putCode(out, at + start, bits, i, level - lowest);
    }
  }
  return out;
}
