/**
 * One safetensors file, open for reading: its header in memory, its tensors read by range.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { FileBytes } from "../nn/kernels.ts";
import { RangeFile } from "./range_file.ts";
import { decode, type DecodedArray, type SafetensorsDType } from "./dtypes.ts";
import {
  headerLength,
  parseHeader,
  type SafetensorsHeader,
  type TensorInfo,
} from "./safetensors_header.ts";

/** An open safetensors file. Whoever opens one closes it. */
export class SafetensorsFile implements Disposable {
  /** Name for messages: the path as it was given. */
  readonly path: string;
  /** What the header says. */
  readonly header: SafetensorsHeader;
  readonly #file: RangeFile;

  private constructor(file: RangeFile, header: SafetensorsHeader) {
    this.path = file.path;
    this.#file = file;
    this.header = header;
  }

  /**
   * Opens a file and checks its header.
   *
   * @param path file to open
   * @param shownAs name for messages, if other than `path`
   * @throws {InputError} if it is missing, truncated or inconsistent
   */
  static async open(path: string, shownAs: string = path): Promise<SafetensorsFile> {
    const file = await RangeFile.open(path, shownAs);
    try {
      const prefix = await file.read(0, 8);
      const length = headerLength(prefix, file.size, shownAs);
      const header = await file.read(8, length);
      if (header.length < length) {
        throw new InputError(`Cannot read ${shownAs}: the file was truncated while it was read`);
      }
      return new SafetensorsFile(file, parseHeader(header, file.size, shownAs));
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /**
   * Reads the bytes of one tensor into a new buffer of exactly its size.
   *
   * @throws {InputError} if there is no such tensor, or if the file has become shorter
   */
  async read(name: string): Promise<Uint8Array<ArrayBuffer>> {
    const info = this.info(name);
    const bytes = await this.#file.read(info.offset, info.byteLength);
    if (bytes.length < info.byteLength) {
      throw new InputError(
        `Cannot read tensor ${quoted(name)} of ${this.path}: ${bytes.length} bytes found, ` +
          `${info.byteLength} wanted; the file was truncated after it was opened`,
      );
    }
    return bytes;
  }

  /** Type, shape and place of one tensor. */
  info(name: string): TensorInfo {
    const info = this.header.tensors.get(name);
    if (!info) throw new InputError(`Cannot read ${this.path}: it has no tensor ${quoted(name)}`);
    return info;
  }

  /** Where a tensor's bytes are; see {@link RangeFile.lying}. */
  lying(name: string): FileBytes | null {
    const { offset, byteLength } = this.info(name);
    return this.#file.lying([[offset, byteLength]]);
  }

  /** Closes the file; reads after this fail. */
  close(): void {
    this.#file.close();
  }

  /** The same as {@link SafetensorsFile.close}, for `using`. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** A tensor in memory: its values in row-major order. */
export interface DecodedTensor {
  /** Element type in the file. */
  readonly dtype: SafetensorsDType;
  /** Sizes of the axes, outermost first. */
  readonly shape: readonly number[];
  /** Values; see {@link decode} for which array holds which type. */
  readonly data: DecodedArray;
}

/** A whole file in memory. */
export interface SafetensorsContent {
  /** The file's own notes. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Every tensor by name, in the order of the file. */
  readonly tensors: ReadonlyMap<string, DecodedTensor>;
}

/**
 * Reads a whole file into typed arrays: for results, fixtures and other small files. For weights use
 * `openSafetensors`, which reads one tensor at a time.
 *
 * @param path file to read
 * @throws {InputError} as {@link SafetensorsFile.open}
 *
 * @example
 * ```ts
 * import { readSafetensorsFile } from "./safetensors_file.ts";
 * import { assertEquals } from "@std/assert";
 * const { tensors } = await readSafetensorsFile("tests/golden/qwen3_vl/expected/text.safetensors");
 * assertEquals(tensors.get("ablated.heads")?.dtype, "I32");
 * ```
 */
export async function readSafetensorsFile(path: string): Promise<SafetensorsContent> {
  using file = await SafetensorsFile.open(path);
  const tensors = new Map<string, DecodedTensor>();
  for (const [name, { dtype, shape }] of file.header.tensors) {
    tensors.set(name, { dtype, shape, data: decode(await file.read(name), dtype) });
  }
  return { metadata: file.header.metadata, tensors };
}

/**
 * One tensor of a file in memory as float32 values.
 *
 * @param content what {@link readSafetensorsFile} returned
 * @param name tensor of type F32, F16 or BF16
 * @throws {InputError} if there is no such tensor or if it holds something else
 *
 * @example
 * ```ts
 * import { float32Tensor, readSafetensorsFile } from "./safetensors_file.ts";
 * import { assertEquals } from "@std/assert";
 * const expected = await readSafetensorsFile("tests/golden/qwen3_vl/expected/text.safetensors");
 * const { data, shape } = float32Tensor(expected, "logits");
 * assertEquals(data.length, shape[0] * shape[1]);
 * ```
 */
export function float32Tensor(
  content: SafetensorsContent,
  name: string,
): { readonly data: Float32Array<ArrayBuffer>; readonly shape: readonly number[] } {
  const { data, shape, dtype } = decodedTensor(content, name);
  if (data instanceof Float32Array) return { data, shape };
  throw new InputError(`Cannot read tensor ${quoted(name)} as float32: it is ${dtype}`);
}

/**
 * One tensor of a file in memory as int32 values; 64-bit integers are narrowed.
 *
 * @throws {InputError} if there is no such tensor, if it does not hold integers of 32 or 64 bits, or
 *   if a value does not fit into 32 bits
 */
export function int32Tensor(
  content: SafetensorsContent,
  name: string,
): { readonly data: Int32Array<ArrayBuffer>; readonly shape: readonly number[] } {
  const { data, shape, dtype } = decodedTensor(content, name);
  if (data instanceof Int32Array) return { data, shape };
  if (data instanceof BigInt64Array) {
    const narrow = Int32Array.from(data, Number);
    if (narrow.every((value, i) => BigInt(value) === data[i])) return { data: narrow, shape };
    throw new InputError(`Cannot read tensor ${quoted(name)} as int32: a value needs 64 bits`);
  }
  throw new InputError(`Cannot read tensor ${quoted(name)} as int32: it is ${dtype}`);
}

function decodedTensor(content: SafetensorsContent, name: string): DecodedTensor {
  const tensor = content.tensors.get(name);
  if (tensor) return tensor;
  const near = nearestNames(name, content.tensors.keys()).map((other) => quoted(other)).join(", ");
  throw new InputError(
    `Cannot read tensor ${quoted(name)}: the file has none; nearest are ${near}`,
  );
}
