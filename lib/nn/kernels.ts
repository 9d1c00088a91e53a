/**
 * The one interface between the model and the machine: every tensor operation a model needs.
 *
 * This folder holds the parts of a transformer as functions over it. Two implementations of
 * {@link Kernels} exist in `lib/backend/`: `portable.ts`, in plain TensorFlow.js operations, is the
 * specification and runs (and differentiates) on every TensorFlow.js backend; `native.ts` speaks to
 * TensorFlow's C library directly, keeps bfloat16 weights as bfloat16 and skips the TensorFlow.js
 * engine. Both run through `tests/suites/kernel_suite.ts`.
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type {
  Activation,
  AfterAttentionCall,
  AttentionInputs,
  AttentionInputsCall,
  ConvolutionCall,
  DType,
  RowAttention,
  Tensor,
} from "./layer_calls.ts";

export type * from "./layer_calls.ts";

/** A tensor of TensorFlow.js, as its own operations take it. */
export type TfjsTensor = tf.Tensor;

/** Element types that a checkpoint may store. */
export type StoredDType = "F32" | "F16" | "BF16";

/** A way of storing numbers in blocks, each of so many numbers in so many bytes. */
export interface BlockFormat {
  /** Name, such as `Q4_K`. */
  readonly name: string;
  /** Numbers of a block; rows of a weight are whole blocks. */
  readonly elements: number;
  /** Bytes of a block. */
  readonly bytes: number;
  /** The numbers of whole blocks, exactly: what kernels that read the bytes themselves must equal. */
  unpack(bytes: Uint8Array): Float32Array<ArrayBuffer>;
}

/** A file that was opened before; kernels that open it again refuse another one of its name. */
export interface KnownFile {
  /** Absolute path. */
  readonly path: string;
  /** Name for messages. */
  readonly shownAs: string;
  /** Its number in the file system. */
  readonly inode: number;
  /** Size in bytes. */
  readonly size: number;
}

/** Bytes in a file: ranges, which follow each other in what is read. */
export interface FileBytes {
  /** Where they lie. */
  readonly file: KnownFile;
  /** First byte and length in bytes of each range. */
  readonly ranges: readonly (readonly [offset: number, length: number])[];
}

/** Codes of a weight in a file and what they share, to be put into blocks. */
export interface GroupedCodes {
  /** The codes. */
  readonly codes: FileBytes;
  /** How they lie and what becomes of them, in numbers (`lib/weights/packings/group_plan.ts`). */
  readonly plan: Int32Array;
  /** A scale for each group, in the stored order. */
  readonly scales: Float32Array;
  /** The level that counts as 0 in each group, row by row; none where it is 0. */
  readonly zeros: Float32Array;
  /** What is added in each group, in the stored order; none where nothing is. */
  readonly offsets: Float32Array;
  /** The blocks that they become. */
  readonly format: BlockFormat;
  /** As for {@link Kernels.packedWeight}. */
  readonly order: Int32Array | undefined;
}

/** What makes weights of files' bytes, which never become JavaScript's. Results join the innermost scope. */
export interface FileReader {
  /** As {@link Kernels.weight}. @throws {InputError} where the file was changed since it was opened */
  weight(bytes: FileBytes, stored: StoredDType, shape: readonly number[]): Tensor;
  /** As {@link Kernels.packedWeight}, for formats that {@link Kernels.keepsPacked}. */
  packedWeight(bytes: FileBytes, format: BlockFormat, shape: readonly number[]): Tensor;
  /**
   * A weight in blocks of codes that lie otherwise in their file. One of several parts has their rows one
   * behind the other.
   *
   * @param parts of one format, none in another order where there are several
   */
  groupedWeight(parts: readonly GroupedCodes[], shape: readonly number[]): Tensor;
}

/** Tensors in any arrangement of arrays and objects; what a {@link Kernels.scope} may return. */
export type TensorTree =
  | Tensor
  | number
  | string
  | boolean
  | null
  | undefined
  | void
  | readonly TensorTree[]
  | { readonly [key: string]: TensorTree };

/** Keys that a query sees at most, of those up to its own position. */
export interface KeyRange {
  /** This many keys from the start. */
  readonly sink: number;
  /** This many keys up to the query's own, which counts; at least 1. */
  readonly window: number;
}

/** Which keys the queries of {@link Kernels.attention} see. */
export interface AttentionOptions {
  /** Whether the queries are the last positions and see no later ones; else they see every key. */
  readonly causal: boolean;
  /** With `causal`, what each of the N query heads sees at most; null sees all up to itself. */
  readonly ranges?: readonly (KeyRange | null)[];
}

/**
 * Tensor operations. Shapes in comments use `..` for any leading axes.
 *
 * Element types: matrix products, norms and activations give {@link Kernels.computeDType}; adding
 * or multiplying a float32 and a bfloat16 tensor gives float32, so a residual stream that starts in
 * float32 stays so.
 *
 * Lifetime: every result belongs to the innermost open {@link Kernels.scope} and is freed when that
 * scope ends, unless the scope returns it. Outside of any scope the caller frees it with
 * {@link Kernels.dispose}.
 */
export interface Kernels {
  /** Which implementation this is, for reports. */
  readonly name: "portable" | "native";
  /** Element type of weights and matrix products. */
  readonly computeDType: "float32" | "bfloat16";

  /** Runs `body` and frees every tensor made in it, except those that it returns. Synchronous. */
  scope<T>(body: () => T): T;
  /** Takes a tensor out of every open scope: it lives until {@link Kernels.dispose}. Returns it. */
  keep(x: Tensor): Tensor;
  /** Frees tensors now; the handles must not be used again. */
  dispose(...tensors: readonly (Tensor | null | undefined)[]): void;
  /** Number of live tensors, for leak tests. */
  tensorCount(): number;

  /** A float32 (or int32) tensor from typed data in row-major order. */
  tensor(data: Float32Array | Int32Array, shape: readonly number[]): Tensor;
  /** A tensor of zeros in float32. */
  zeros(shape: readonly number[]): Tensor;
  /** A weight from the bytes of a checkpoint, held in {@link Kernels.computeDType}. */
  weight(bytes: Uint8Array, stored: StoredDType, shape: readonly number[]): Tensor;
  /**
   * A weight from its blocks, `[.., rows, columns]`. Where {@link Kernels.keepsPacked} the bytes stay as
   * they are: {@link Kernels.linear} and {@link Kernels.gather} read them, and any other operation
   * unpacks the weight for itself alone. Elsewhere it is unpacked at once.
   *
   * @param order the column of the weight that each column of the blocks is, where they are in another
   *   order
   */
  packedWeight(
    bytes: Uint8Array,
    format: BlockFormat,
    shape: readonly number[],
    order?: Int32Array,
  ): Tensor;
  /** Whether weights in a format stay in their blocks. */
  keepsPacked(format: BlockFormat): boolean;
  /** Weights straight from files; null for kernels that cannot read. */
  readonly files: FileReader | null;
  /** Whether any weight was kept in its blocks: products with it round otherwise than plain ones. */
  holdsPacked(): boolean;
  /** Copies a tensor out as float32 (or int32). Waits for the backend. */
  read(x: Tensor): Promise<Float32Array | Int32Array>;
  /** As {@link Kernels.read}, at once; throws on backends that cannot (WebGPU). */
  readSync(x: Tensor): Float32Array | Int32Array;
  /** A TensorFlow.js tensor with the same values (float32 or int32), owned by the TensorFlow.js engine. */
  toTfjs(x: Tensor): TfjsTensor;
  /** A tensor of ours with the values of a TensorFlow.js tensor, in the given element type. */
  fromTfjs(x: TfjsTensor, dtype?: DType): Tensor;
  /** The same values in another element type (the same handle's values when nothing changes). */
  cast(x: Tensor, dtype: DType): Tensor;

  /** The same values under another shape; one size may be -1. */
  reshape(x: Tensor, shape: readonly number[]): Tensor;
  /** Axes in another order. */
  transpose(x: Tensor, order: readonly number[]): Tensor;
  /** The box that starts at `begin` and has `size`; a size of -1 runs to the end. */
  slice(x: Tensor, begin: readonly number[], size: readonly number[]): Tensor;
  /** Tensors one after the other along `axis`. */
  concat(tensors: readonly Tensor[], axis: number): Tensor;
  /** Rows of `x` along axis 0 at `rows` (int32 `[n]`). */
  gather(x: Tensor, rows: Tensor): Tensor;
  /** `x` repeated `count` times along a new or size-1 axis 0: `[1, ..] -> [count, ..]`. */
  broadcastBatch(x: Tensor, count: number): Tensor;

  /** Sum, with broadcasting. */
  add(a: Tensor, b: Tensor): Tensor;
  /** Product element by element, with broadcasting. */
  mul(a: Tensor, b: Tensor): Tensor;
  /** Product with a number. */
  scale(x: Tensor, factor: number): Tensor;
  /** Sum over one axis, which stays with size 1 if `keepDims`. float32. */
  sum(x: Tensor, axis: number, keepDims?: boolean): Tensor;
  /** Index of the largest value along the last axis, int32 `[..]`. */
  argMax(x: Tensor): Tensor;

  /** Batched matrix product: `[.., m, k] x [.., k, n]`; `b` is `[.., n, k]` if `transposeB`. */
  matMul(a: Tensor, b: Tensor, options?: { readonly transposeB?: boolean }): Tensor;
  /**
   * `x [.., in]` times `weight [out, in]` transposed, plus `bias [out]`: `[.., out]`; with
   * `activation`, that of the sum.
   */
  linear(x: Tensor, weight: Tensor, bias?: Tensor | null, activation?: Activation): Tensor;
  /**
   * A convolution, `[n, height, width, out]`: float32, or for one of single pixels as
   * {@link Kernels.linear} gives it.
   */
  convolution(call: ConvolutionCall): Tensor;
  /** Softmax over the last axis, computed in float32. Scores of -Infinity or -1e30 give 0. */
  softmax(x: Tensor): Tensor;
  /**
   * Causal softmax of `scores [.., T, S]`: query row i sees the keys `0 .. firstQuery + i`.
   * Rows count within the last-but-one axis; other keys get exactly 0.
   */
  causalSoftmax(scores: Tensor, firstQuery: number): Tensor;
  /**
   * Attention of grouped heads, `softmax(query key^T) value`, in memory that grows linearly with the
   * lengths.
   *
   * @param query `[B, N, T, H]`, times 1/sqrt(H)
   * @param keys runs of consecutive positions, `[1 or B, K, S, H]` each; a batch of 1 is shared
   * @param values the same shapes
   * @returns `[B, N, T, H]` in {@link Kernels.computeDType}
   */
  attention(
    query: Tensor,
    keys: readonly Tensor[],
    values: readonly Tensor[],
    options: AttentionOptions,
  ): Tensor;
  /**
   * Attention of a vision tower on the rows of its projections, each row seeing those of its run:
   * `[P, N * H]` in {@link Kernels.computeDType}, the heads side by side.
   */
  rowAttention(call: RowAttention): Tensor;
  /**
   * A decoder layer before its attention: norm, projections, norms of the heads and rotary embedding. The
   * same as these steps one by one (`decoder_layer.ts`), in fewer calls where there is an operation for it.
   */
  attentionInputs(call: AttentionInputsCall): AttentionInputs;
  /**
   * A decoder layer after its attention: output projection, sum, norm, gated feed-forward network and sum,
   * in the same way. Gives the residual stream `[B, T, D]`.
   */
  afterAttention(call: AfterAttentionCall): Tensor;
  /** Whether {@link Kernels.attention} saves the work for keys outside of the ranges. */
  readonly skipsHiddenKeys: boolean;
  /** `gain * x / sqrt(mean(x^2) + eps)` over the last axis; without `gain` only normalised. */
  rmsNorm(x: Tensor, gain: Tensor | null, eps: number): Tensor;
  /** `gain * (x - mean) / sqrt(var + eps) + bias` over the last axis. */
  layerNorm(x: Tensor, gain: Tensor, bias: Tensor, eps: number): Tensor;
  /** Rotary embedding in rotate-half layout: `x * cos + rotateHalf(x) * sin`; tables `[T, H]`. */
  rotate(x: Tensor, cos: Tensor, sin: Tensor): Tensor;
  /** An activation function, element by element. */
  activation(x: Tensor, name: Activation): Tensor;
  /** `activation(gate) * up`: the middle of a gated feed-forward layer. */
  gatedActivation(gate: Tensor, up: Tensor, name: Activation): Tensor;

  /** The gradient of the input of {@link Kernels.rmsNorm} from that of its result. float32. */
  rmsNormGradient(x: Tensor, gain: Tensor | null, dy: Tensor, eps: number): Tensor;
  /** The gradients of both inputs of {@link Kernels.gatedActivation} from that of its result. float32. */
  gatedActivationGradient(
    gate: Tensor,
    up: Tensor,
    dy: Tensor,
    name: Activation,
  ): readonly [gate: Tensor, up: Tensor];
  /** The gradient of a softmax's input from its result `p` and the gradient of that. float32. */
  softmaxGradient(p: Tensor, dp: Tensor): Tensor;
}
