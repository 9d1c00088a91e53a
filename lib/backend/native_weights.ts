/**
 * Weights in TensorFlow's memory: bytes of files, read straight into it, and plain numbers made of bytes.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { FileBytes, StoredDType } from "../nn/kernels.ts";
import type { NativeOps } from "./native_ops.ts";
import { castAttributes, type NativeTensor, sizeOf, typeNumber } from "./native_tensors.ts";
import { type OpAttribute, type RawTensor, TF_BFLOAT16, TF_HALF } from "./tensorflow.ts";
import { storedBytes } from "./widen.ts";

const storedNumbers: Readonly<Record<StoredDType, number>> = {
  F32: typeNumber.float32,
  F16: TF_HALF,
  BF16: TF_BFLOAT16,
};

/** Refuses bytes that are not a weight of a shape. @throws {InputError} with both sizes */
export function checkPlain(length: number, stored: StoredDType, shape: readonly number[]): void {
  const wanted = storedBytes[stored] * sizeOf(shape);
  if (length === wanted) return;
  throw new InputError(
    `Cannot make a weight [${shape}] of ${length} bytes: ${stored} needs ${wanted}`,
  );
}

/**
 * Numbers in the element type of products; it joins the innermost scope.
 *
 * @param raw id of their bytes `[.., bytes of a number]`, which is freed
 */
export function plainWeight(
  { store }: NativeOps,
  raw: number,
  stored: StoredDType,
  computeDType: "float32" | "bfloat16",
): NativeTensor {
  const { binding } = store.tensorFlow;
  const from = storedNumbers[stored], to = typeNumber[computeDType];
  const bitcast: OpAttribute[] = [
    { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_UINT8 },
    { name: "type", type: binding.TF_ATTR_TYPE, value: from },
  ];
  const values = store.runRaw("Bitcast", bitcast, [raw]);
  store.freeRaw(raw);
  if (from === to) return store.adopt(values);
  const result = store.run("Cast", castAttributes(store.tensorFlow, from, to), [values.id]);
  store.freeRaw(values.id);
  return result;
}

/** Numbers as words of 32 bits, two for each, the low one first. */
function words(numbers: readonly number[]): Int32Array {
  const out = new BigInt64Array(numbers.length);
  numbers.forEach((number, i) => out[i] = BigInt(number));
  return new Int32Array(out.buffer);
}

/**
 * Runs an operation on a file.
 *
 * @returns its output
 * @throws {InputError} where the file cannot be read, or is not the one that was opened before
 */
function onFile(
  { store }: NativeOps,
  operation: "CorelensReadFile" | "CorelensReadWeight" | "CorelensMapFile",
  { file, ranges }: FileBytes,
  more: readonly Int32Array[] = [],
  attributes: readonly OpAttribute[] = [],
): RawTensor {
  const { binding } = store.tensorFlow;
  const path = new TextEncoder().encode(file.path);
  const numbers = [words([file.inode, file.size]), words(ranges.flat()), ...more];
  const inputs = [
    binding.createTensor([path.length], binding.TF_UINT8, path),
    ...numbers.map((own) => binding.createTensor([own.length], typeNumber.int32, own)),
  ];
  try {
    return store.runRaw(operation, attributes, inputs);
  } catch (error) {
    const [, why] = /(the file [^\n]*)/.exec((error as Error).message) ?? [];
    if (why === undefined) throw error;
    throw new InputError(`Cannot read ${file.shownAs}: ${why}`);
  } finally {
    inputs.forEach((id) => store.freeRaw(id));
  }
}

/**
 * Bytes of a file, read into a tensor of TensorFlow's, which the caller frees.
 *
 * @param shape whose sizes are as many as the bytes
 * @returns its id
 * @throws {InputError} where the file cannot be read, or is not the one that was opened before
 */
export function bytesFromFile(ops: NativeOps, bytes: FileBytes, shape: readonly number[]): number {
  return onFile(ops, "CorelensReadFile", bytes, [Int32Array.from(shape)]).id;
}

/**
 * A weight of numbers in a file in the element type of products, each piece of which becomes that as it is
 * read; it joins the innermost scope.
 *
 * @throws {InputError} as {@link bytesFromFile}
 */
export function weightFromFile(
  ops: NativeOps,
  bytes: FileBytes,
  stored: StoredDType,
  shape: readonly number[],
  computeDType: "float32" | "bfloat16",
): NativeTensor {
  const attributes = ops.attributes(`read${stored}`, () => [
    ops.type("T", computeDType),
    ops.integer("kind", storedNumbers[stored]),
  ]);
  const raw = onFile(ops, "CorelensReadWeight", bytes, [Int32Array.from(shape)], attributes);
  return ops.store.adopt(raw);
}

/** What `tools/native/ops/read_file.h` says where a file system has no mapped files. */
const cannotMap = "the file cannot be mapped";

/** Bytes from which on a range of a file is mapped, not read. */
const mappedFrom = 1 << 20;

/**
 * A range of a file as a tensor over the system's pages of it: nothing is copied, and memory is that of
 * the system's cache. The file must not be cut or written to while the tensor lives; files that are
 * replaced by others of their name, as downloads are, stay as they were.
 *
 * @returns its id, which the caller frees, and how many of its bytes lie before the range; null for
 *   small or several ranges, and for files that cannot be mapped, which are to be read
 * @throws {InputError} as {@link bytesFromFile}
 */
export function mappedFile(
  ops: NativeOps,
  bytes: FileBytes,
): { readonly id: number; readonly skipped: number } | null {
  const [[offset, length]] = bytes.ranges;
  if (bytes.ranges.length > 1 || length < mappedFrom) return null;
  try {
    return { id: onFile(ops, "CorelensMapFile", bytes).id, skipped: offset % 64 };
  } catch (error) {
    // some file systems map nothing
    if (error instanceof InputError && error.message.endsWith(cannotMap)) return null;
    throw error;
  }
}
