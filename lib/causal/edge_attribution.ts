/**
 * Edge attribution patching: what a head's change would do to an answer by way of one reader alone, a
 * later head's queries, keys or values, a feed-forward network, or the logits.
 *
 * @module
 */
import type { WithGradient } from "../model/decoder_gradients.ts";
import type { AnyModel } from "../model/network_of.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import {
  checkSteps,
  type HeadAttribution,
  type HeadAttributionOptions,
  partsOf,
} from "./attribution_patching.ts";
import { ChangedHeads, type GradientExtras } from "./changed_heads.ts";
import { HeadSums, sizesOf } from "./head_sums.ts";
import type { CorruptedPrompt, HeadChange, KeptHeads } from "./head_changes.ts";
import type { AnswerSample } from "./sweep.ts";

/**
 * Effects of heads by reader, row by row: rows are the heads that write, by layer, then by head; columns
 * are readers. What reads before a head writes has 0.
 */
export interface EdgeAttribution extends HeadAttribution {
  /** K. */
  readonly keyValueHeads: number;
  /** On the logits, not by way of anything else, `[L * N]`. */
  readonly logits: Float32Array;
  /** By way of the feed-forward network of a layer, `[L * N, L]`. */
  readonly mlp: Float32Array;
  /** By way of the queries of a head, `[L * N, L * N]`. */
  readonly queries: Float32Array;
  /** By way of the keys of a key-value head, `[L * N, L * K]`. */
  readonly keys: Float32Array;
  /** By way of the values of a key-value head, `[L * N, L * K]`. */
  readonly values: Float32Array;
}

/** Points whose gradients are needed. */
const points = [
  ...["attn.q", "attn.k", "attn.v", "resid_pre"] as const,
  ...["ln2.normalized", "resid_mid", "resid_post"] as const,
] as const;
type Point = typeof points[number] | "attn.z";

/** Numbers in the largest tensor at most. */
const largest = 1 << 24;

/**
 * Edge attribution patching (Syed et al. 2023, 2310.10348; with a corrupted prompt and `steps` EAP-IG,
 * Hanna et al. 2024, 2403.17806). A head writes W_O (z' - z) into the residual stream, from which every
 * later part reads through a norm. With g the gradient of the metric with respect to what one reader
 * gets out of the stream, taken back through the reader's norm to the stream,
 *
 *     edge[writer, reader] = sum over positions of W_O (z' - z) . g
 *
 * Gradients add up: a head's edges together are its effect in `heads`, which is that of
 * `attributionPatching`. Norms are taken to first order, both those before readers and the one after
 * attention that Gemma 3 has. The exact counterpart of an edge is `pathPatch`.
 *
 * With `gradDrop` it gives `sizes` as well, as `attributionPatching` does.
 *
 * Beyond `attributionPatching` it takes, for each reader, a product with the output weights of all earlier
 * layers: about a forward pass for each reader of a layer, and memory for all heads' outputs.
 *
 * @throws {InputError} as `attributionPatching`
 *
 * @example
 * ```ts
 * import { edgeAttribution } from "./edge_attribution.ts";
 * import { interventions } from "./interventions/registry.ts";
 * import { answerLogit } from "./paths/metric.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads: [{ layer, head }] } = plantedModel(createKernels("float32"), { seed: 1 });
 * const change = { intervention: interventions.zero() }, options = { metric: answerLogit };
 * const { heads, logits } = await edgeAttribution(model, plantedSample(1, 0), change, options);
 * const planted = 8 * layer + head;
 * assert(logits[planted] < 0.9 * heads[planted]); // it writes the answer itself
 * model.dispose();
 * ```
 */
export async function edgeAttribution(
  model: AnyModel,
  sample: AnswerSample,
  change: HeadChange | CorruptedPrompt,
  options: HeadAttributionOptions = {},
): Promise<EdgeAttribution> {
  const { steps = 1, gradDrop = false } = options;
  checkSteps(steps);
  using run = new ChangedHeads(model, sample, change, options);
  const { network } = run, { kernels: k, config: { text }, grid } = network;
  const { layers, heads } = grid, writers = layers * heads;
  const keyValueHeads = text.numKeyValueHeads, width = 1 / steps;
  const table = (readers: number) => new Float32Array(writers * readers);
  const found = {
    ...{ logits: table(1), mlp: table(layers), queries: table(writers) },
    ...{ keys: table(layers * keyValueHeads), values: table(layers * keyValueHeads) },
  };
  using drops = new HeadSums(k, grid, layers); // the first stays empty
  const wanted: readonly Point[] = gradDrop ? [...points, "attn.z"] : points;
  const extras: GradientExtras<Point> = gradDrop
    ? { without: (map, own) => drops.add(map, own) }
    : {};
  let value = 0;
  for (const part of partsOf(steps)) {
    const kept: KeptHeads = { outputs: [], changes: [] }, sums = new EdgeSums(network, kept);
    try {
      const own = await run.gradients(part, wanted, ({ layer, at }) => {
        const stream = at("resid_pre").value, before = layer;
        const reader = (role: "q" | "k" | "v", into: "queries" | "keys" | "values") => {
          const { gradient } = at(`attn.${role}`), count = gradient.shape[2];
          const read = readThrough(network, layer, role, gradient, stream);
          const readers = found[into].length / writers, first = layer * count;
          sums.add(
            read,
            before,
            (writer, i, sum) => found[into][writer * readers + first + i] += sum * width,
          );
        };
        reader("q", "queries");
        reader("k", "keys");
        reader("v", "values");
        const fed = feedForwardRead(network, layer, at("ln2.normalized"), at("resid_mid"));
        sums.add(
          fed,
          layer + 1,
          (writer, _, sum) => found.mlp[writer * layers + layer] += sum * width,
        );
        if (layer < layers - 1) return;
        sums.add(
          at("resid_post").gradient,
          layers,
          (writer, _, sum) => found.logits[writer] += sum * width,
        );
      }, { kept, ...extras });
      if (steps === 1) value = own;
      await sums.read();
      await drops.read(width);
    } finally {
      k.dispose(...kept.outputs, ...kept.changes);
      sums.dispose();
    }
  }
  if (steps > 1) value = await run.value(0);
  const total = new Float64Array(writers);
  for (const edges of Object.values(found)) {
    const readers = edges.length / writers;
    edges.forEach((edge, i) => total[Math.floor(i / readers)] += edge);
  }
  return {
    ...{ shape: [layers, heads], heads: total, value, keyValueHeads, ...found },
    ...gradDrop ? { sizes: sizesOf(total, drops.maps.slice(1), heads) } : {},
  };
}

/**
 * Gradients with respect to the stream by way of each head's queries, keys or values, `[heads, R, D]`.
 *
 * @param gradient with respect to them, `[1, R, heads, H]`: of all tokens, or of the last ones
 * @param stream the residual stream before the layer, `[1, T, D]`
 */
function readThrough(
  { kernels: k, config: { text: { rmsNormEps } }, decoder: { weights } }: VisionLanguageModel,
  layer: number,
  role: "q" | "k" | "v",
  gradient: Tensor,
  stream: Tensor,
): Tensor {
  const [, rows, heads, headDim] = gradient.shape, width = stream.shape[2];
  const weight = weights.get(`layers.${layer}.self_attn.${role}_proj.weight`); // [heads * H, D]
  const each = k.reshape(k.transpose(gradient, [0, 2, 1, 3]), [heads, rows, headDim]);
  const read = k.matMul(each, k.reshape(weight, [heads, headDim, width])); // [heads, R, D]
  const own = k.broadcastBatch(lastRows(k, stream, rows), heads);
  return k.rmsNormGradient(
    own,
    weights.get(`layers.${layer}.input_layernorm.weight`),
    read,
    rmsNormEps,
  );
}

/** The gradient with respect to the stream by way of a layer's feed-forward network, `[1, R, D]`. */
function feedForwardRead(
  { kernels: k, config: { text }, decoder: { weights } }: VisionLanguageModel,
  layer: number,
  normalized: WithGradient,
  stream: WithGradient,
): Tensor {
  const name = text.sandwichNorms ? "pre_feedforward_layernorm" : "post_attention_layernorm";
  const gain = weights.get(`layers.${layer}.${name}.weight`);
  return k.rmsNormGradient(stream.value, gain, normalized.gradient, text.rmsNormEps);
}

/** The last rows of `[1, T, ..]`. */
function lastRows(k: Kernels, x: Tensor, rows: number): Tensor {
  const skipped = x.shape[1] - rows;
  if (skipped === 0) return x;
  return k.slice(x, x.shape.map((_, axis) => axis === 1 ? skipped : 0), x.shape.map(() => -1));
}

/** Where a sum goes: of a head that writes, for one of the readers. */
type Write = (writer: number, reader: number, sum: number) => void;

/** Products of what heads write with what readers want, summed over positions; read all at once. */
class EdgeSums {
  readonly #pending: { readonly sums: Tensor; readonly layer: number; readonly write: Write }[] =
    [];

  constructor(readonly network: VisionLanguageModel, readonly kept: KeptHeads) {}

  /**
   * Adds readers of the stream after the first layers.
   *
   * @param read gradients with respect to the stream, `[readers, R, D]`
   * @param layers number of layers whose heads write before
   */
  add(read: Tensor, layers: number, write: Write): void {
    const { kernels: k, grid: { heads } } = this.network, [readers, rows, width] = read.shape;
    const { headDim } = this.network.config.text;
    const most = Math.max(1, Math.floor(largest / (rows * Math.max(width, heads * headDim))));
    for (let start = 0; start < readers; start += most) {
      const count = Math.min(most, readers - start);
      k.scope(() => {
        const some = k.slice(read, [start, 0, 0], [count, -1, -1]);
        for (let layer = 0; layer < layers; layer++) {
          const sums = k.keep(k.scope(() => this.#sumsOf(some, layer))); // [count, N]
          this.#pending.push({
            ...{ sums, layer },
            write: (writer, reader, sum) => write(writer, start + reader, sum),
          });
        }
      });
    }
  }

  /** What heads of one layer write, times what is wanted of the stream: `[readers, N]`. */
  #sumsOf(read: Tensor, layer: number): Tensor {
    const { kernels: k, config: { text }, decoder: { weights } } = this.network;
    const [readers, rows, width] = read.shape, change = lastRows(k, this.kept.changes[layer], rows);
    const output = weights.get(`layers.${layer}.self_attn.o_proj.weight`); // [D, N * H]
    let wanted = read;
    if (text.sandwichNorms) {
      const z = lastRows(k, this.kept.outputs[layer], rows);
      const flat = k.reshape(z, [rows, -1]),
        bias = weights.find(
          `layers.${layer}.self_attn.o_proj.bias`,
        );
      const before = k.reshape(k.linear(flat, output, bias), [1, rows, width]);
      const gain = weights.get(`layers.${layer}.post_attention_layernorm.weight`);
      wanted = k.rmsNormGradient(k.broadcastBatch(before, readers), gain, read, text.rmsNormEps);
    }
    const ofHeads = k.matMul(k.reshape(wanted, [readers * rows, width]), output);
    const product = k.mul(k.reshape(ofHeads, [readers, ...change.shape.slice(1)]), change);
    return k.sum(k.sum(product, 3), 1); // [readers, R, N, H] -> [readers, N]
  }

  /** Writes all sums. */
  async read(): Promise<void> {
    const { kernels: k, grid: { heads } } = this.network;
    for (const { sums, layer, write } of this.#pending) {
      (await k.read(sums)).forEach((sum, i) =>
        write(layer * heads + i % heads, Math.floor(i / heads), sum)
      );
    }
  }

  /** Frees the sums. */
  dispose(): void {
    this.network.kernels.dispose(...this.#pending.map(({ sums }) => sums));
  }
}
