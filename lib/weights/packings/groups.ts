/**
 * Weights whose codes, scales and zeros are apart in their files as blocks in memory: codes of four or
 * eight bits behind their scale, for kernels that compute with blocks.
 *
 * Scales and offsets of 16 bits, as files have them, give the same numbers everywhere; beside an offset,
 * a scale of more than 20 bits is rounded once more on processors without fused multiplications.
 *
 * @module
 */
import type { BlockFormat } from "../../nn/kernels.ts";
import { levelsOf, type PackedLayout, type PackedParts, readLevels } from "./layout.ts";

/** How codes lie in a block; the counterpart in C++ is `GroupBlock` in `tools/native/ops/blocks.h`. */
interface GroupFormat extends BlockFormat {
  /** Bits of a code. */
  readonly bits: 4 | 8;
  /** Whether a float is added; else a whole number is taken off codes of four bits. */
  readonly offset: boolean;
  /** Bytes before the codes. */
  readonly start: number;
}

/** The numbers of blocks. */
function unpackGroups(format: GroupFormat, bytes: Uint8Array): Float32Array<ArrayBuffer> {
  const { elements, bytes: size, bits, offset, start } = format;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const out = new Float32Array(bytes.length / size * elements);
  for (let at = 0, to = 0; at < bytes.length; at += size) {
    const scale = view.getFloat32(at, true), added = offset ? view.getFloat32(at + 4, true) : 0;
    const zero = bits === 4 && !offset ? view.getInt8(at + 4) : 0;
    for (let i = 0; i < elements; i++, to++) {
      const place = at + start + (bits === 8 ? i : (i >> 5) * 16 + (i & 15));
      const code = bits === 8 ? view.getInt8(place) : bytes[place] >> 4 * (i >> 4 & 1) & 15;
      out[to] = (code - zero) * scale + added;
    }
  }
  return out;
}

function groupFormat(bits: 4 | 8, offset: boolean, elements: number): GroupFormat {
  const start = bits === 8 ? 4 : offset ? 8 : 5;
  const format: GroupFormat = {
    name: `${offset ? "A" : "G"}${bits}_${elements}`,
    elements,
    bytes: start + elements * bits / 8,
    bits,
    offset,
    start,
    unpack: (bytes) => unpackGroups(format, bytes),
  };
  return format;
}

/** All formats, larger blocks first. */
export const groupFormats: readonly GroupFormat[] = [
  ...[128, 64, 32].flatMap((size) => [groupFormat(4, false, size), groupFormat(4, true, size)]),
  ...[128, 32].map((size) => groupFormat(8, false, size)),
];

/** Smallest and largest of some levels. */
function rangeOf(layout: PackedLayout["codes"]): [number, number] {
  const levels = levelsOf(layout);
  return [Math.min(...levels), Math.max(...levels)];
}

/**
 * The blocks into which a weight can be put without a change of its numbers; null where there are none:
 * codes that are floats or in no order, groups that are no multiples of 32, and codes that do not fit
 * a byte with a sign.
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
  { shape: [, inputs], codes, zeros, block }: PackedLayout,
  roles: { readonly groups?: unknown; readonly offsets?: unknown },
): GroupFormat | null {
  if (codes.level.kind === "float8" || roles.groups !== undefined) return null;
  const offset = roles.offsets !== undefined;
  const [low, high] = rangeOf(codes);
  if (offset && (zeros || low !== 0)) return null;
  const size = Math.min(block.inputs, inputs), bits = codes.bits <= 4 ? 4 : 8;
  if (bits === 8) {
    const [least, most] = zeros ? rangeOf(zeros) : [0, 0];
    if (low - most < -128 || high - least > 127) return null;
  }
  return groupFormats.find((format) =>
    format.bits === bits && format.offset === offset && size % format.elements === 0 &&
    inputs % format.elements === 0
  ) ?? null;
}

/**
 * Puts a weight into blocks.
 *
 * @param format what {@link groupsOf} gave
 */
export function intoGroups(
  layout: PackedLayout,
  parts: PackedParts,
  { bits, offset, elements, bytes: size, start }: GroupFormat,
): Uint8Array<ArrayBuffer> {
  const { shape: [, inputs], block } = layout;
  const { levels, zeros, rows, columns } = readLevels(layout, parts);
  const lowest = bits === 4 ? rangeOf(layout.codes)[0] : 0;
  const out = new Uint8Array(levels.length / elements * size), view = new DataView(out.buffer);
  for (let from = 0, at = 0; from < levels.length; from += elements, at += size) {
    const row = Math.floor(Math.floor(from / inputs) / block.outputs);
    const column = Math.floor(from % inputs / block.inputs);
    const place = block.transposed ? column * rows + row : row * columns + column;
    const zero = zeros ? zeros[row * columns + column] : 0;
    view.setFloat32(at, parts.scales[place], true);
    if (offset) view.setFloat32(at + 4, parts.offsets![place], true);
    else if (bits === 4) view.setInt8(at + 4, zero - lowest);
    for (let i = 0; i < elements; i++) {
      const level = levels[from + i];
      if (bits === 8) view.setInt8(at + start + i, level - zero);
      else out[at + start + (i >> 5) * 16 + (i & 15)] |= level - lowest << 4 * (i >> 4 & 1);
    }
  }
  return out;
}
