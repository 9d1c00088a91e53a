/**
 * Whether the stored parts of a packed weight fit each other.
 *
 * @module
 */
import { dtypeBytes } from "../dtypes.ts";
import type { TensorInfo } from "../safetensors_header.ts";
import { blocksOf, type CodeLayout, type PackedLayout, wordsOf } from "./layout.ts";
import { type PackedWeight, type PartRole, refuseWeight } from "./packing.ts";

/** Refuses a part of another size than its layout asks for. */
function checkPart(
  weight: PackedWeight,
  role: PartRole,
  info: TensorInfo,
  size: number,
): void {
  const found = info.shape.reduce((a, b) => a * b, 1);
  if (found === size) return;
  refuseWeight(
    weight,
    `its ${role} are ${found} numbers of shape [${info.shape}]; wanted ${size}`,
  );
}

/** Numbers of a stored tensor of codes. */
function codesSize(
  { bits, along }: CodeLayout,
  dtype: TensorInfo["dtype"],
  outputs: number,
  inputs: number,
): number {
  if (dtypeBytes(dtype) === 1) return outputs * inputs;
  return along === "inputs" ? outputs * wordsOf(inputs, bits) : inputs * wordsOf(outputs, bits);
}

const floats = ["F32", "F16", "BF16"];

/**
 * Checks types and sizes of all parts of a weight.
 *
 * @throws {InputError} for one that is missing or does not fit the others
 */
export function checkParts(weight: PackedWeight, layout: PackedLayout): void {
  const { parts } = weight, [outputs, inputs] = layout.shape;
  const [rows, columns] = blocksOf(layout);
  checkPart(
    weight,
    "codes",
    parts.codes!,
    codesSize(layout.codes, parts.codes!.dtype, outputs, inputs),
  );
  for (const role of ["scales", "offsets"] as const) {
    const info = parts[role];
    if (!info) continue;
    checkPart(weight, role, info, rows * columns);
    if (floats.includes(info.dtype)) continue;
    refuseWeight(weight, `its ${role} are ${info.dtype}; wanted F32, F16 or BF16`);
  }
  for (const role of ["zeros", "offsets"] as const) {
    if (layout[role] && !parts[role]) {
      refuseWeight(weight, `its ${role} are missing; wanted ${rows * columns} of them`);
    }
  }
  if (layout.zeros && parts.zeros) {
    checkPart(
      weight,
      "zeros",
      parts.zeros,
      codesSize(layout.zeros, parts.zeros.dtype, rows, columns),
    );
  }
  if (parts.groups) checkPart(weight, "groups", parts.groups, inputs);
}
