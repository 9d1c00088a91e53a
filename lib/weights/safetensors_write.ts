/**
 * Writes safetensors files: results of the command line, and checkpoints.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { writeAll, writeAtomically } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { dtypeBytes, float32ToBfloat16, type SafetensorsDType } from "./dtypes.ts";
import { buildHeader } from "./safetensors_header.ts";

/** Values to be written, in row-major order. */
export interface TensorToWrite {
  /** Sizes of the axes, outermost first; their product is the number of values. */
  readonly shape: readonly number[];
  /** Values. A `Uint8Array` with another `dtype` than U8 or BOOL counts as raw bytes of that type. */
  readonly data: Float32Array | Int32Array | Uint8Array | BigInt64Array;
  /**
   * Element type in the file. Default: that of `data`. `"BF16"` rounds float32 values to the nearest,
   * ties to even.
   */
  readonly dtype?: SafetensorsDType;
}

function defaultDType(data: TensorToWrite["data"]): SafetensorsDType {
  if (data instanceof Float32Array) return "F32";
  if (data instanceof Int32Array) return "I32";
  return data instanceof BigInt64Array ? "I64" : "U8";
}

/** Whether values of this array can be stored as `dtype`: as they are, rounded, or as raw bytes. */
function canStore(data: TensorToWrite["data"], dtype: SafetensorsDType): boolean {
  return dtype === defaultDType(data) || data instanceof Uint8Array ||
    (dtype === "BF16" && data instanceof Float32Array);
}

function asBytes(data: TensorToWrite["data"], dtype: SafetensorsDType): Uint8Array {
  const stored = dtype === "BF16" && data instanceof Float32Array ? float32ToBfloat16(data) : data;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}

/**
 * Writes a safetensors file, whole or not at all, byte for byte as the reference implementation does.
 *
 * @param path file to write or replace; missing folders are made
 * @param tensors values by name
 * @param metadata notes for the header; checkpoints that PyTorch shall read need `{format: "pt"}`
 * @throws {InputError} if a shape does not fit its values, a type cannot hold them, or a name is
 *   reserved
 *
 * @example
 * ```ts
 * import { readSafetensorsFile } from "./safetensors_file.ts";
 * import { writeSafetensors } from "./safetensors_write.ts";
 * import { assertEquals } from "@std/assert";
 * const path = await Deno.makeTempFile({ suffix: ".safetensors" });
 * await writeSafetensors(path, {
 *   logits: { shape: [2, 2], data: new Float32Array([1, 2, 3, 4]) },
 *   gain: { shape: [1], data: new Float32Array([1 / 3]), dtype: "BF16" },
 * });
 * const { tensors } = await readSafetensorsFile(path);
 * assertEquals(tensors.get("logits")?.data, new Float32Array([1, 2, 3, 4]));
 * assertEquals(tensors.get("gain")?.data, new Float32Array([0.333984375]));
 * await Deno.remove(path);
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: Readonly<Record<string, TensorToWrite>>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const layouts = Object.entries(tensors).map(([name, tensor]) => {
    const { shape, data } = tensor;
    const dtype = tensor.dtype ?? defaultDType(data);
    const wrong = (problem: string): never => {
      throw new InputError(`Cannot write tensor ${quoted(name)} to ${path}: ${problem}`);
    };
    if (name === "__metadata__") wrong("the format reserves this name");
    if (!canStore(data, dtype)) wrong(`a ${data.constructor.name} cannot be stored as ${dtype}`);
    if (!shape.every((axis) => Number.isSafeInteger(axis) && axis >= 0)) {
      wrong(`shape [${shape}] is not a list of whole numbers, none negative`);
    }
    const wanted = shape.reduce((product, axis) => product * axis, 1);
    const raw = data instanceof Uint8Array;
    const found = raw ? data.byteLength / dtypeBytes(dtype) : data.length;
    if (found !== wanted) wrong(`shape [${shape}] wants ${wanted} values, found ${found}`);
    return { name, dtype, shape, data };
  });
  const { bytes, order } = buildHeader(layouts, metadata);
  await writeAtomically(path, async (file) => {
    await writeAll(file, bytes);
    for (const { data, dtype } of order) await writeAll(file, asBytes(data, dtype));
  });
}
