/**
 * The weights of single heads, under TransformerLens's names and in its shapes: `x @ W` gives what
 * leaves, with `D` the width, `H` the head dimension and `V` the vocabulary.
 *
 * They are those of the checkpoint: gains of norms are folded into none of them (`ln1` before `W_Q`,
 * `W_K`, `W_V`, the gains of query and key after, `ln_final` before `W_U`), and biases are left out.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { checkHeads, type HeadId } from "../common/head_id.ts";
import type { CapturedArray } from "../hooks/capture.ts";
import type { Tensor } from "../nn/kernels.ts";
import { type AnyModel, networkOf } from "./network_of.ts";

/** Which key-value head: its layer and number, or a query head that reads it. */
export type KeyValueHead = HeadId | { readonly layer: number; readonly group: number };

/** A matrix as plain data, `[rows, columns]` row by row. */
export type WeightMatrix = CapturedArray;

/** The query matrix of a head, `[D, H]`. */
export function queryWeight(model: AnyModel, head: HeadId): WeightMatrix {
  checkHeads([head], networkOf(model).grid, "read");
  return rowsOf(model, head.layer, "q_proj", head.head);
}

/**
 * The key matrix that a head reads, `[D, H]`: with grouped queries that of its group.
 *
 * @throws {InputError} for a head or group that the model does not have
 */
export function keyWeight(model: AnyModel, head: KeyValueHead): WeightMatrix {
  return rowsOf(model, head.layer, "k_proj", groupOf(model, head));
}

/** The value matrix that a head reads, `[D, H]`, as {@link keyWeight}. */
export function valueWeight(model: AnyModel, head: KeyValueHead): WeightMatrix {
  return rowsOf(model, head.layer, "v_proj", groupOf(model, head));
}

/** The part of the output projection that a head's output z goes through, `[H, D]`. */
export function outputWeight(model: AnyModel, { layer, head }: HeadId): WeightMatrix {
  const { grid, kernels: k, decoder, config: { text: { headDim, hiddenSize } } } = networkOf(model);
  checkHeads([{ layer, head }], grid, "read");
  const weight = decoder.weights.get(`layers.${layer}.self_attn.o_proj.weight`); // [D, N * H]
  return plain(
    model,
    () => k.transpose(k.slice(weight, [0, head * headDim], [hiddenSize, headDim]), [1, 0]),
  );
}

/**
 * The unembedding, `[D, V]`, or its columns for some tokens, `[D, tokens]`. All of a large model's
 * vocabulary takes gigabytes.
 *
 * @throws {InputError} for tokens outside the vocabulary
 */
export function unembeddingWeight(model: AnyModel, tokens?: readonly number[]): WeightMatrix {
  const { kernels: k, decoder, config: { text: { vocabSize } } } = networkOf(model);
  decoder.weights.checkThere();
  const { lmHead } = decoder; // [V, D]
  if (lmHead === null) throw new InputError("Cannot read W_U: the model only runs layers");
  for (const token of tokens ?? []) {
    if (Number.isInteger(token) && token >= 0 && token < vocabSize) continue;
    throw new InputError(`Cannot read W_U of token ${token}: the vocabulary has ${vocabSize}`);
  }
  return plain(model, () => {
    const rows = tokens && k.gather(lmHead, k.tensor(Int32Array.from(tokens), [tokens.length]));
    return k.transpose(rows ?? lmHead, [1, 0]);
  });
}

/** The key-value head, checked. */
function groupOf(model: AnyModel, head: KeyValueHead): number {
  const { grid, config: { text: { numAttentionHeads, numKeyValueHeads } } } = networkOf(model);
  if ("head" in head) {
    checkHeads([head], grid, "read");
    return Math.floor(head.head * numKeyValueHeads / numAttentionHeads);
  }
  const { layer, group } = head;
  const isIn = (value: number, count: number) =>
    Number.isInteger(value) && value >= 0 && value < count;
  if (isIn(layer, grid.layers) && isIn(group, numKeyValueHeads)) return group;
  throw new InputError(
    `Cannot read key-value head ${group} of layer ${layer}: the model has ${grid.layers} layers with ` +
      `${numKeyValueHeads} key-value heads`,
  );
}

/** Rows of one head of a projection `[heads * H, D]`, as `[D, H]`. */
function rowsOf(model: AnyModel, layer: number, name: string, head: number): WeightMatrix {
  const { kernels: k, decoder, config: { text: { headDim, hiddenSize } } } = networkOf(model);
  const weight = decoder.weights.get(`layers.${layer}.self_attn.${name}.weight`);
  return plain(
    model,
    () => k.transpose(k.slice(weight, [head * headDim, 0], [headDim, hiddenSize]), [1, 0]),
  );
}

/** A matrix as plain data. */
function plain(model: AnyModel, make: () => Tensor): WeightMatrix {
  const { kernels: k } = networkOf(model);
  const matrix = k.scope(() => k.cast(make(), "float32"));
  try {
    return { shape: [...matrix.shape], data: Float32Array.from(k.readSync(matrix)) };
  } finally {
    k.dispose(matrix);
  }
}
