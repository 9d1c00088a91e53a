/**
 * Attribution of heads' inputs: what an answer owes to each head's query, keys and values, all heads at
 * once, with the softmax between them taken as it is.
 *
 * @module
 */
import type { AnyModel } from "../model/network_of.ts";
import { type AttentionCall, denseAttention } from "../nn/attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { Tape } from "../nn/tape.ts";
import { InputError } from "../common/errors.ts";
import { ChangedHeads } from "./changed_heads.ts";
import type { CorruptedPrompt, PatchingOptions } from "./head_changes.ts";
import { type HeadInputName, headInputNames } from "./paths/nodes.ts";
import { type AnswerSample, scopeStart } from "./sweep.ts";

/** How effects of heads' inputs are attributed. */
export interface InputAttributionOptions extends PatchingOptions {
  /**
   * How a head's output follows its query and keys: `exact` (by default) computes its attention again
   * with those of the corrupted prompt, `slope` goes along the gradient through the softmax.
   */
  readonly softmax?: "exact" | "slope";
}

/** Effects of heads' inputs on an answer. */
export interface InputAttribution {
  /** L and N. */
  readonly shape: readonly [layers: number, heads: number];
  /**
   * What the metric would gain if a head alone got this input of the corrupted prompt, at every position,
   * `[L, N]` each. A key or value that heads of a group share changes for this head alone.
   */
  readonly inputs: Readonly<Record<HeadInputName, Float64Array>>;
  /** The metric of the model as it is. */
  readonly value: number;
}

/** Query, keys and values of a layer's heads: `[1, N, T, H]`, and `[1, K, T, H]` each. */
type LayerInputs = Readonly<Record<HeadInputName, Tensor>>;

/** Inputs of all layers on both prompts; the tensors are kept. */
class BothPrompts implements Disposable {
  readonly clean: LayerInputs[] = [];
  readonly corrupted: LayerInputs[] = [];
  readonly calls: AttentionCall[] = [];

  constructor(readonly kernels: Kernels) {}

  /** Notes one layer of one prompt. */
  note(prompt: "clean" | "corrupted", call: AttentionCall, k: Kernels): void {
    const [{ key, value }] = call.segments, copy = (x: Tensor) => k.keep(k.scale(x, 1));
    this[prompt][call.layer] = { query: copy(call.query), key: copy(key), value: copy(value) };
    this.calls[call.layer] = { ...call, segments: [] };
  }

  [Symbol.dispose](): void {
    const all = [...this.clean, ...this.corrupted];
    this.kernels.dispose(...all.flatMap(({ query, key, value }) => [query, key, value]));
  }
}

/**
 * Attribution patching of heads' queries, keys and values (Kramár et al. 2024, AtP* with its "QK fix",
 * 2403.00745). A head whose softmax is saturated has no slope in its query and keys, however much depends
 * on them; so its attention is computed again with the other input, and only what comes after it is taken
 * to first order. With z(q, k, v) a head's output,
 *
 *     inputs.query[l, n] = sum over positions of (z(q', k, v) - z(q, k, v)) . d metric / d z[l, n]
 *
 * and likewise for k' and v', with the corrupted prompt's inputs. The exact counterpart of one head is
 * `pathPatch` into that input, with all heads and the embedding as senders. It takes one pass forward on
 * each prompt, one back, and four attentions of every layer; queries, keys and values of all layers are
 * kept.
 *
 * @param sample the prompt and its right answer
 * @param change the corrupted prompt: as many tokens, at the same positions
 * @throws {InputError} for prompts that do not match token by token, and as `sweep`
 *
 * @example
 * ```ts
 * import { headInputAttribution } from "./input_attribution.ts";
 * import { answerLogit } from "./paths/metric.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const corrupted = plantedSample(1, 1).inputs, options = { metric: answerLogit };
 * const { inputs } = await headInputAttribution(model, plantedSample(1, 0), { corrupted }, options);
 * const most = Array.from(inputs.query.keys())
 *   .sort((a, b) => inputs.query[a] - inputs.query[b]).slice(0, 3);
 * const planted = retrievalHeads.map(({ layer, head }) => layer * 8 + head);
 * assertEquals(most.sort((a, b) => a - b), planted);
 * model.dispose();
 * ```
 */
export async function headInputAttribution(
  model: AnyModel,
  sample: AnswerSample,
  change: CorruptedPrompt,
  options: InputAttributionOptions = {},
): Promise<InputAttribution> {
  const { softmax = "exact", scope = "all" } = options;
  if (softmax !== "exact" && softmax !== "slope") {
    throw new InputError(`Cannot attribute with softmax "${softmax}": wanted exact or slope`);
  }
  if (!change?.corrupted) {
    throw new InputError("Cannot attribute heads' inputs without a corrupted prompt");
  }
  const from = scopeStart(sample, scope), both: { prompts?: BothPrompts } = {};
  using run = new ChangedHeads(model, sample, change, options, (prompt, call, k) => {
    (both.prompts ??= new BothPrompts(k)).note(prompt, call, k);
  });
  using prompts = both.prompts!;
  const { kernels: k, grid: { layers, heads } } = run.network;
  const inputs = { query: [], key: [], value: [] } as Record<HeadInputName, Tensor[]>;
  try {
    const value = await run.gradients(0, ["attn.z"], ({ layer, at }) => {
      const gradient = k.transpose(at("attn.z").gradient, [0, 2, 1, 3]); // [1, N, T, H]
      const effects = effectsOf(k, prompts, layer, { ...options, softmax, from, gradient });
      for (const name of headInputNames) inputs[name][layer] = k.keep(effects[name]);
    });
    const read = async (name: HeadInputName) => {
      const all = new Float64Array(layers * heads);
      for (const [layer, own] of inputs[name].entries()) all.set(await k.read(own), layer * heads);
      return all;
    };
    return {
      shape: [layers, heads],
      inputs: { query: await read("query"), key: await read("key"), value: await read("value") },
      value,
    };
  } finally {
    k.dispose(...headInputNames.flatMap((name) => inputs[name]));
  }
}

/** How one layer's effects are found. */
interface LayerRequest extends Required<Pick<InputAttributionOptions, "softmax">> {
  readonly attention?: InputAttributionOptions["attention"];
  /** The first row that changes. */
  readonly from: number;
  /** Gradient with respect to the heads' outputs, `[1, N, T, H]`; of the last rows where T is less. */
  readonly gradient: Tensor;
}

/** Effects of one layer's inputs, `[1, N]` each. */
function effectsOf(
  k: Kernels,
  { clean, corrupted, calls }: BothPrompts,
  layer: number,
  { attention = denseAttention, softmax, from, gradient }: LayerRequest,
): Record<HeadInputName, Tensor> {
  const own = clean[layer], heads = own.query.shape[1], groups = heads / own.key.shape[1];
  const changes = {
    query: added(
      k,
      corrupted[layer].query,
      own.query,
      from - (own.key.shape[2] - own.query.shape[2]),
    ),
    key: added(k, corrupted[layer].key, own.key, from),
    value: added(k, corrupted[layer].value, own.value, from),
  };
  const output = (kernels: Kernels, { query, key, value }: LayerInputs) =>
    attention(kernels, { ...calls[layer], query, segments: [{ key, value }] });
  const product = (a: Tensor, b: Tensor) => k.sum(k.sum(k.mul(a, b), 3), 2); // [1, N]
  const less = (a: Tensor, b: Tensor) => k.add(a, k.scale(b, -1));
  const z = output(k, own);
  const exact = (name: HeadInputName) =>
    product(less(output(k, { ...own, [name]: k.add(own[name], changes[name]) }), z), gradient);
  if (softmax === "exact") {
    return { query: exact("query"), key: exact("key"), value: exact("value") };
  }
  // keys of a group once for each of its heads, so that each has its own gradient
  const tape = new Tape(k), wide = (x: Tensor) => repeated(k, x, groups);
  const query = tape.watch(own.query), key = tape.watch(wide(own.key));
  const found = output(tape.kernels, { query, key, value: wide(own.value) });
  const [dQuery, dKey] = tape.gradients(found, gradient, [query, key]);
  return {
    query: product(changes.query, dQuery),
    key: product(wide(changes.key), dKey),
    value: exact("value"),
  };
}

/** What the corrupted prompt adds to rows from one on, `[1, heads, T, H]`; 0 before. */
function added(k: Kernels, corrupted: Tensor, clean: Tensor, from: number): Tensor {
  const change = k.add(corrupted, k.scale(clean, -1)), rows = clean.shape[2];
  if (from <= 0) return change;
  const acts = Float32Array.from({ length: rows }, (_, row) => row < from ? 0 : 1);
  return k.mul(change, k.tensor(acts, [1, 1, rows, 1]));
}

/** Each head as often as it has queries: `[1, K, T, H]` to `[1, K * times, T, H]`. */
function repeated(k: Kernels, x: Tensor, times: number): Tensor {
  if (times === 1) return k.scale(x, 1);
  const [, heads, rows, size] = x.shape;
  const each = k.reshape(x, [heads, 1, rows * size]);
  return k.reshape(k.concat(Array(times).fill(each), 1), [1, heads * times, rows, size]);
}
