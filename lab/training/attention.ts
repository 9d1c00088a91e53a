/**
 * Attention for training: several question blocks on one context, exact gradients, and for long
 * contexts no probabilities kept between the passes (they are computed again, block of rows by block
 * of rows).
 *
 * The counterpart of `denseAttention` in `lib/nn/attention.ts`; the tests hold the two equal.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { type GradientOps, gradientOps } from "../../lib/backend/native_gradients.ts";
import type { AttentionFunction } from "../../lib/nn/attention.ts";
import { hiddenScore } from "../../lib/nn/mask.ts";
import { type BlockLayout, sequenceLength } from "./layout.ts";
import { asKernelTensor, asTfjs } from "./tensors.ts";

/** Rows of queries handled at once. */
const rowBlock = 256;
/** Probabilities of a layer, of all heads and sequences, up to which they are kept: 32 MB. */
const keptEntries = 8e6;

/** Which keys a training attention hides besides those that the layout hides. */
export interface LocalWindow {
  /** Keys at the start of the sequence that stay in sight. */
  readonly sink: number;
  /** Nearest keys in sight, the query's own among them. */
  readonly window: number;
  /** For each query head whether it is restricted. */
  readonly heads: readonly boolean[];
}

/** Rows `[start, end)` with the keys `[0, keys)` and what they may not see. */
interface RowBlock {
  readonly start: number;
  readonly end: number;
  readonly keys: number;
  /** `[end - start, keys]`, 0 or {@link hiddenScore}. */
  readonly mask: tf.Tensor;
  /** As `mask`, for restricted heads; null where there are none. */
  readonly local: tf.Tensor | null;
}

/**
 * Whether query row `row` may see key `key`: the context is causal; a block's rows see the context
 * and, causally, their own block.
 */
export function maySee(layout: BlockLayout, row: number, key: number): boolean {
  if (key > row) return false;
  if (row < layout.context || key < layout.context) return true;
  return Math.floor((row - layout.context) / layout.block) ===
    Math.floor((key - layout.context) / layout.block);
}

/** Place of a token in the sequence that inference would see: blocks all follow the context. */
function placeOf(layout: BlockLayout, token: number): number {
  if (token < layout.context) return token;
  return layout.context + (token - layout.context) % layout.block;
}

function maskOf(
  layout: BlockLayout,
  start: number,
  end: number,
  keys: number,
  local: LocalWindow | null,
): tf.Tensor {
  const data = new Float32Array((end - start) * keys);
  for (let row = start; row < end; row++) {
    const at = (row - start) * keys;
    if (row < layout.context) data.fill(hiddenScore, at + row + 1, at + keys);
    else {
      const own = row - (row - layout.context) % layout.block; // first token of the row's block
      data.fill(hiddenScore, at + layout.context, at + own);
      data.fill(hiddenScore, at + row + 1, at + keys);
    }
    if (!local) continue;
    const oldest = placeOf(layout, row) - local.window; // the newest place that is too old
    data.fill(
      hiddenScore,
      at + local.sink,
      at + Math.min(layout.context, Math.max(local.sink, oldest + 1)),
    );
  }
  return tf.tensor(data, [end - start, keys]);
}

/** Attention of the rows of a layer on the watched keys, `[B, N, T]` each. */
export interface AttentionStatistics {
  /** Sum of their probabilities. */
  readonly mass: tf.Tensor;
  /** Sum of the squares of their probabilities: 1 where all goes to one key. */
  readonly sharpness: tf.Tensor;
}

/** An attention function for one layout. Its masks live until {@link TrainingAttention.dispose}. */
export class TrainingAttention {
  readonly #blocks: readonly RowBlock[];
  readonly #watched: tf.Tensor1D | null = null;
  /**
   * Attention of each row on the watched keys, one entry for each layer that has run. Empty where
   * nothing is watched. They live as long as the masks.
   */
  readonly statistics: AttentionStatistics[] = [];

  /**
   * Makes the masks of a layout.
   *
   * @param local restricts chosen heads of chosen layers; nothing by default
   * @param watched keys for {@link TrainingAttention.statistics}, attended by the layout's block rows
   * @param ops our own operations, those that there are by default; null for portable ones
   */
  constructor(
    layout: BlockLayout,
    readonly local: readonly (LocalWindow | null)[] = [],
    watched: Int32Array | null = null,
    readonly ops: GradientOps | null = gradientOps(),
  ) {
    const length = sequenceLength(layout);
    if (watched) {
      const marks = new Float32Array(length);
      for (const key of watched) marks[key] = 1;
      this.#watched = tf.keep(tf.tensor1d(marks));
    }
    const window = local.find((one) => one !== null) ?? null;
    const blocks: RowBlock[] = [];
    const add = (start: number, end: number) => {
      const mask = tf.keep(maskOf(layout, start, end, end, null));
      const narrow = window ? tf.keep(maskOf(layout, start, end, end, window)) : null;
      blocks.push({ start, end, keys: end, mask, local: narrow });
    };
    for (let start = 0; start < layout.context; start += rowBlock) {
      add(start, Math.min(layout.context, start + rowBlock));
    }
    // question rows in whole blocks, about rowBlock of them at once
    const step = Math.max(1, Math.floor(rowBlock / layout.block)) * layout.block;
    for (let start = layout.context; start < length; start += step) {
      add(start, Math.min(length, start + step));
    }
    this.#blocks = blocks;
  }

  /** The function to pass to the decoder. */
  readonly attend: AttentionFunction = (_kernels, call) => {
    const { key, value } = call.segments[0];
    const run = tf.customGrad((...inputs) => {
      const [q, k, v, save] = inputs as unknown as [
        tf.Tensor4D,
        tf.Tensor4D,
        tf.Tensor4D,
        tf.GradSaveFunc,
      ];
      const { z, kept } = this.#forward(q, k, v, call.layer);
      save([q, k, v, ...kept]);
      return {
        value: z,
        gradFunc: (dz, saved) => {
          const gradients = this.#backward(dz as tf.Tensor4D, saved, call.layer);
          tf.dispose([dz as tf.Tensor, ...saved]); // the tape would hold them until its end
          return gradients;
        },
      };
    });
    const z = run(asTfjs(call.query), asTfjs(key), asTfjs(value));
    if (!this.#watched) return asKernelTensor(z);
    const width = value.shape[3];
    const [own, mass, sharpness] = tf.split(z, [width, 1, 1], 3);
    this.statistics.push({
      mass: tf.keep(tf.squeeze(mass, [3])),
      sharpness: tf.keep(tf.squeeze(sharpness, [3])),
    });
    return asKernelTensor(own);
  };

  /** Frees masks and looks. */
  dispose(): void {
    for (const { mass, sharpness } of this.statistics) tf.dispose([mass, sharpness]);
    this.#watched?.dispose();
    for (const { mask, local } of this.#blocks) tf.dispose(local ? [mask, local] : [mask]);
  }

  /** Probabilities of a block of rows, folded: `[B, K, G*t, keys]`. */
  #probabilities(folded: tf.Tensor, k: tf.Tensor, block: RowBlock, layer: number): tf.Tensor {
    const [batch, groups, rows] = folded.shape;
    const count = block.end - block.start;
    const scores = tf.reshape(tf.matMul(folded, rowsOf(k, 0, block.keys), false, true), [
      batch,
      groups,
      rows / count,
      count,
      block.keys,
    ]);
    const mask = this.#maskFor(block, layer, groups, rows / count);
    const p = this.ops ? this.ops.maskedSoftmax(scores, mask) : tf.softmax(tf.add(scores, mask));
    return tf.reshape(p, [batch, groups, rows, block.keys]);
  }

  #maskFor(block: RowBlock, layer: number, groups: number, group: number): tf.Tensor {
    const restricted = this.local[layer];
    if (!restricted || !block.local) return block.mask;
    const local = block.local;
    const each = restricted.heads.map((own) => own ? local : block.mask);
    const shape = [groups, group, ...block.mask.shape];
    return tf.reshape(tf.stack(each), shape); // [N, t, keys] -> [K, G, t, keys]
  }

  /** 1 at the watched keys of a block of rows: `[keys]`. */
  #marks(block: RowBlock): tf.Tensor {
    return tf.slice(this.#watched!, [0], [block.keys]);
  }

  /** `z [B, N, t, H]`, where keys are watched with columns for their mass and sharpness. */
  #withLooks(z: tf.Tensor, p: tf.Tensor, block: RowBlock): tf.Tensor {
    if (!this.#watched) return z;
    const seen = tf.mul(p, this.#marks(block));
    const column = (x: tf.Tensor) => tf.reshape(tf.sum(x, -1), [...z.shape.slice(0, 3), 1]);
    return tf.concat([z, column(seen), column(tf.mul(seen, p))], 3);
  }

  /** Attention output, and the probabilities of each block of rows where they are kept. */
  #forward(q: tf.Tensor4D, k: tf.Tensor4D, v: tf.Tensor4D, layer: number) {
    const [batch, heads] = q.shape;
    const [, groups, , width] = v.shape;
    const entries = this.#blocks.reduce((sum, { mask }) => sum + mask.size, 0) * batch * heads;
    const kept: tf.Tensor[] = [];
    const parts = this.#blocks.map((block) => {
      const [z, ...own] = tf.tidy(() => {
        const p = this.#probabilities(fold(q, block, groups), k, block, layer);
        const z = tf.reshape(tf.matMul(p, rowsOf(v, 0, block.keys)), [batch, heads, -1, width]);
        return [this.#withLooks(z, p, block), ...entries <= keptEntries ? [p] : []];
      });
      kept.push(...own);
      return z;
    });
    return { z: parts.length === 1 ? parts[0] : tf.concat(parts, 2), kept };
  }

  #backward(dz: tf.Tensor4D, saved: tf.Tensor[], layer: number): tf.Tensor[] {
    return tf.tidy(() => {
      const [q, k, v, ...kept] = saved as tf.Tensor4D[];
      const [batch, heads, , headDim] = q.shape;
      const [, groups, length] = k.shape;
      const width = v.shape[3];
      const [up, mass, sharp] = this.#watched ? tf.split(dz, [width, 1, 1], 3) : [dz];
      const queries: tf.Tensor[] = [];
      let keys: tf.Tensor | null = null, values: tf.Tensor | null = null;
      for (const [i, block] of this.#blocks.entries()) {
        const [dq, dk, dv] = tf.tidy(() => {
          const folded = fold(q, block, groups);
          const p = kept[i] ?? this.#probabilities(folded, k, block, layer);
          const own = fold(up as tf.Tensor4D, block, groups);
          let dp: tf.Tensor = tf.matMul(own, rowsOf(v, 0, block.keys), false, true);
          if (sharp) {
            const twice = tf.mul(fold(sharp as tf.Tensor4D, block, groups), 2);
            const slope = tf.add(tf.mul(p, twice), fold(mass as tf.Tensor4D, block, groups));
            dp = tf.add(dp, tf.mul(slope, this.#marks(block)));
          }
          const ds = this.ops ? this.ops.softmaxGradient(p, dp) : softmaxGradient(p, dp);
          const dq = tf.matMul(ds, rowsOf(k, 0, block.keys));
          return [
            tf.reshape(dq, [batch, heads, block.end - block.start, headDim]),
            padRows(tf.matMul(ds, folded, true, false), length),
            padRows(tf.matMul(p, own, true, false), length),
          ];
        });
        queries.push(dq);
        keys = accumulate(keys, dk);
        values = accumulate(values, dv);
      }
      return [queries.length === 1 ? queries[0] : tf.concat(queries, 2), keys!, values!];
    });
  }
}

/** Gradient of a softmax's input from its output `p` and the output's gradient. */
function softmaxGradient(p: tf.Tensor, dp: tf.Tensor): tf.Tensor {
  const product = tf.mul(p, dp);
  return tf.sub(product, tf.mul(p, tf.sum(product, -1, true)));
}

/** The sum, or the new part alone at first; frees what it no longer needs. */
function accumulate(sum: tf.Tensor | null, part: tf.Tensor): tf.Tensor {
  if (!sum) return part;
  const next = tf.add(sum, part);
  tf.dispose([sum, part]);
  return next;
}

/** Rows of axis 2 from `start` on. */
function rowsOf(x: tf.Tensor, start: number, count: number): tf.Tensor {
  if (start === 0 && count === x.shape[2]) return x;
  return tf.slice(x, [0, 0, start, 0], [-1, -1, count, -1]);
}

/** A block's rows, the heads of a group beneath each other: `[B, N, T, H] -> [B, K, G*t, H]`. */
function fold(x: tf.Tensor4D, block: RowBlock, groups: number): tf.Tensor {
  const [batch, heads, , width] = x.shape;
  const count = block.end - block.start;
  return tf.reshape(rowsOf(x, block.start, count), [batch, groups, heads / groups * count, width]);
}

/** Zero rows appended to axis 2 up to `length`. */
function padRows(x: tf.Tensor, length: number): tf.Tensor {
  const missing = length - x.shape[2]!;
  return missing === 0 ? x : tf.pad(x, [[0, 0], [0, 0], [0, missing], [0, 0]]);
}
