/**
 * What the readers of a checkpoint's weights have in common, whatever its files are: what headers say, and
 * weights that are read when they are asked for.
 *
 * @module
 */
import type { BlockFormat, FileBytes, GroupedCodes, StoredDType } from "../nn/kernels.ts";
import type { TensorInfo } from "./safetensors_header.ts";

/** A weight as its bytes lie in the checkpoint: ready for `Kernels.weight`. */
export interface StoredWeight {
  /** Little-endian bytes in row-major order, in a buffer of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Stored element type. */
  readonly dtype: StoredDType;
  /** Sizes of the axes, outermost first. */
  readonly shape: readonly number[];
}

/** A weight in its blocks as they lie in the checkpoint: ready for `Kernels.packedWeight`. */
export interface PackedBytes {
  /** The blocks of all rows, in a buffer of their own. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** How numbers lie in them. */
  readonly format: BlockFormat;
  /** Sizes of the axes, outermost first. */
  readonly shape: readonly number[];
  /** The column of the weight that each column of the blocks is, where they are in another order. */
  readonly order?: Int32Array;
}

/** How a weight lies in its files. */
export interface StoredAs {
  /** Name of the stored type or packing, such as `Q4_K`. */
  readonly format: string;
  /** Bytes in the files. */
  readonly byteLength: number;
}

/** What the headers of a checkpoint's weights say. */
export interface WeightHeaders {
  /** Where the weights come from, for messages. */
  readonly path: string;
  /** Names of all tensors, shard by shard in the order of their bytes: the fastest order to read. */
  names(): readonly string[];
  /** Type, shape and size of a tensor. @throws {InputError} if there is none, with near names */
  info(name: string): TensorInfo;
  /** How a weight is stored, where that is not as {@link WeightHeaders.info} says. */
  stored?(name: string): StoredAs;
  /** In which blocks a weight can be read; null, or no such function, for one that has to be unpacked. */
  packedAs?(name: string): BlockFormat | null;
  /** Whether weights are wanted as plain numbers only (`--unpack`). */
  readonly plainOnly?: boolean;
}

/** Weights that are read when they are asked for. Whoever opens one closes it. */
export interface WeightSource extends WeightHeaders, Disposable {
  /** Notes of the first file, such as `{format: "pt"}`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** Whether there is a tensor of this name. */
  has(name: string): boolean;
  /** Bytes of a tensor of any type, in a new buffer. @throws {InputError} if there is none */
  read(name: string): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * A weight: F32, F16 or BF16, optionally of a given shape.
   * @throws {InputError} if it is missing, of another type (a quantised checkpoint) or shape
   */
  readWeight(name: string, shape?: readonly number[]): Promise<StoredWeight>;
  /**
   * A weight in its blocks, where {@link WeightHeaders.packedAs} names a format; null for one that has
   * to be unpacked, as its numbers show.
   * @throws {InputError} as {@link WeightSource.readWeight}, and for a weight in no blocks
   */
  readPacked?(name: string, shape?: readonly number[]): Promise<PackedBytes | null>;
  /**
   * Where a weight lies whose bytes in its file are those that {@link WeightSource.readPacked} gives
   * (`blocks`) or {@link WeightSource.readWeight} (`numbers`); null where something is made of them, and
   * for a type that is no weight's. A tensor of any type lies somewhere as `bytes`.
   */
  lying?(name: string, as: "blocks" | "numbers" | "bytes"): FileBytes | null;
  /** A weight whose codes kernels can put into blocks themselves, in its parts; null for any other. */
  readGroups?(name: string, shape?: readonly number[]): Promise<readonly GroupedCodes[] | null>;
  /** Closes every open file of the checkpoint; reading afterwards fails. */
  close(): void;
}
