/**
 * How codes lie in their files and are to lie in blocks, in numbers, for kernels that put them there
 * themselves.
 *
 * @module
 */
import type { FileBytes, GroupedCodes } from "../../nn/kernels.ts";
import type { GroupFormat } from "./groups.ts";
import { blocksOf, levelsOf, type PackedLayout, type PackedParts, readCodes } from "./layout.ts";

/** Numbers of the kinds of codes. */
const kinds: Readonly<Record<GroupFormat["codes"], number>> = { unsigned: 0, signed: 1, float8: 2 };

/** The plan of a weight; the counterpart is `GroupPlan` in `tools/native/ops/pack_groups.h`. */
function groupPlan(
  { shape: [outputs, inputs], codes, block }: PackedLayout,
  format: GroupFormat,
  bytesOfCodes: number,
): Int32Array {
  const { bits, along, words, places, level } = codes;
  const floats = format.codes === "float8";
  const plain = bits === 8 && words === "together" && bytesOfCodes === outputs * inputs;
  const flag = (is: boolean | undefined) => is ? 1 : 0;
  return Int32Array.of(
    0, // kernels say how many bytes lie before the codes
    ...[outputs, inputs, bits, flag(along === "outputs"), flag(words === "apart"), flag(plain)],
    level.kind === "signed" ? 2 ** (bits - 1) : 0,
    floats ? 0 : Math.min(...levelsOf(codes)),
    ...[kinds[format.codes], format.bits, flag(format.offset), format.elements],
    ...[block.outputs, Math.min(block.inputs, inputs), flag(block.transposed)],
    ...Array.from({ length: 32 }, (_, i) => places ? places[i] ?? 0 : -1),
  );
}

/**
 * A weight for kernels that put it into blocks: what `intoGroups` does, from the same parts.
 *
 * @param lying where the codes lie; those of `parts` are not looked at
 * @param format what `groupsOf` gave
 */
export function groupedCodes(
  layout: PackedLayout,
  parts: Omit<PackedParts, "codes">,
  lying: FileBytes,
  format: GroupFormat,
  order: Int32Array | undefined,
): GroupedCodes {
  const zeros = layout.zeros && parts.zeros
    ? readCodes(parts.zeros, layout.zeros, ...blocksOf(layout))
    : new Float32Array();
  const size = lying.ranges.reduce((sum, [, length]) => sum + length, 0);
  return {
    codes: lying,
    plan: groupPlan(layout, format, size),
    scales: parts.scales,
    zeros,
    offsets: parts.offsets ?? new Float32Array(),
    format,
    order,
  };
}
