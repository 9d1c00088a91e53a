/**
 * Tensors, what a decoder layer is asked for before and after its attention, and attention on rows: the
 * parts of the interface in `kernels.ts` that stand by themselves.
 *
 * @module
 */

/** Element types that live in a backend. `bfloat16` exists in the native kernels only. */
export type DType = "float32" | "bfloat16" | "int32";

/** A handle on an array that lives in the backend. Only `Kernels` can compute with it. */
export interface Tensor {
  /** Sizes of the axes, outermost first. */
  readonly shape: readonly number[];
  /** Element type. */
  readonly dtype: DType;
}

/** Activation functions by their Hugging Face names (`hidden_act`). */
export type Activation = "silu" | "gelu" | "gelu_pytorch_tanh" | "quick_gelu" | "relu";

/** How an image is bordered with zeros before a convolution; see `convolution.ts`. */
export type ConvolutionPadding = "same" | "symmetric";

/** A two-dimensional convolution, with the channels last. */
export interface ConvolutionCall {
  /** `[n, height, width, in]`. */
  readonly x: Tensor;
  /**
   * `[kernel, kernel, in, out]`; `[out, in]` for one of single pixels, which is a matrix product; with
   * `depthwise` `[kernel, kernel, in, out / in]`.
   */
  readonly kernel: Tensor;
  /** `[out]`, or null for none. */
  readonly bias: Tensor | null;
  /** Pixels from one place of the kernel to the next, in both directions. */
  readonly stride: number;
  /** Border of zeros. */
  readonly padding: ConvolutionPadding;
  /** Whether each channel is convolved by itself, to `out / in` channels. */
  readonly depthwise: boolean;
  /** What becomes of each value; nothing by default. `relu6` is between 0 and 6. */
  readonly activation?: Activation | "relu6";
}

/** A product with a weight. */
export interface Projection {
  /** `[out, in]`. */
  readonly weight: Tensor;
  /** `[out]`, or null for none. */
  readonly bias: Tensor | null;
}

/** A projection to heads side by side, each of which may be normalised. */
export interface HeadProjection extends Projection {
  /** Gain of the norm of each head, `[H]`; null without such a norm. */
  readonly gain: Tensor | null;
}

/** What a layer does with the residual stream before its attention. */
export interface AttentionInputsCall {
  /** Residual stream `[B, T, D]`. */
  readonly x: Tensor;
  /** Gain of its norm, `[D]`. */
  readonly gain: Tensor;
  /** Epsilon of all norms. */
  readonly eps: number;
  /** H, the width of a head. */
  readonly headDim: number;
  /** Projection to the N query heads. */
  readonly query: HeadProjection;
  /** Projection to the K key heads. */
  readonly key: HeadProjection;
  /** Projection to the K value heads. */
  readonly value: Projection;
  /** Rotary tables of all T tokens, `[T, H]`. */
  readonly tables: { readonly cos: Tensor; readonly sin: Tensor };
  /** Factor of the queries, such as 1/sqrt(H). */
  readonly scale: number;
  /** Of how many last tokens queries are wanted; T by default. */
  readonly queryRows?: number;
}

/** Queries, keys and values after the rotary embedding. */
export interface AttentionInputs {
  /** `[B, N, rows, H]`, with the factor. */
  readonly query: Tensor;
  /** `[B, K, T, H]`. */
  readonly key: Tensor;
  /** `[B, K, T, H]`. */
  readonly value: Tensor;
}

/** What a layer does after its attention. */
export interface AfterAttentionCall {
  /** Residual stream before the attention, `[B, T, D]`. */
  readonly x: Tensor;
  /** Outputs of the heads, `[B, T, N, H]`; also `[B, N, T, H]` where T is 1. */
  readonly z: Tensor;
  /** Output projection. */
  readonly output: Projection;
  /** Gain of a norm of what the projection gives, `[D]`; null for none. */
  readonly outputGain: Tensor | null;
  /** Gain of the norm before the feed-forward network, `[D]`. */
  readonly gain: Tensor;
  /** Epsilon of all norms. */
  readonly eps: number;
  /** Gate of the feed-forward network, `[F, D]`. */
  readonly gate: Tensor;
  /** Its other half, `[F, D]`. */
  readonly up: Tensor;
  /** The way back, `[D, F]`. */
  readonly down: Tensor;
  /** Activation of the gate. */
  readonly activation: Activation;
  /** Gain of a norm of what the network gives, `[D]`; null for none. */
  readonly feedGain: Tensor | null;
}

/** Columns of a projection `[P, width]` that hold heads side by side. */
export interface HeadColumns {
  /** The projection. */
  readonly rows: Tensor;
  /** Its first column of the first head. */
  readonly from: number;
}

/** Attention in which every row sees the rows of its run: an image, a frame, a tile or a window. */
export interface RowAttention {
  /** Queries; they may lie in one projection with keys and values. */
  readonly query: HeadColumns;
  /** Keys. */
  readonly key: HeadColumns;
  /** Values. */
  readonly value: HeadColumns;
  /** Number of heads N. */
  readonly heads: number;
  /** Columns of a head H. */
  readonly headDim: number;
  /** Rows of each run, one after the other; together P. */
  readonly lengths: readonly number[];
  /** Rotary tables of queries and keys, `[P, H]` each; absent where positions are learned. */
  readonly tables?: { readonly cos: Tensor; readonly sin: Tensor };
  /** Factor of the scores, 1/sqrt(H). */
  readonly scale: number;
}
