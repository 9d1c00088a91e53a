/**
 * Low-rank adapters of a decoder's attention: each matrix W is used as W + s B A, and only A and B are trained.
 *
 * Source: Hu et al., "LoRA: low-rank adaptation of large language models", arXiv 2106.09685.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../lib/common/errors.ts";
import type { LayerVisitor } from "../../lib/model/decoder_gradients.ts";
import { TextDecoder } from "../../lib/model/text_decoder.ts";
import { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { WeightsMap } from "../../lib/model/weights_map.ts";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { Gradients } from "./optimiser.ts";
import { WeightVariables } from "./weight_variables.ts";

/** The adapted matrices, and between which activations of its layer each of them stands. */
const matrices = {
  q_proj: { input: "ln1.normalized", output: "attn.q" },
  k_proj: { input: "ln1.normalized", output: "attn.k" },
  v_proj: { input: "ln1.normalized", output: "attn.v" },
  o_proj: { input: "attn.z", output: "attn_out" },
} as const;

/** A point of a layer that adapters have to see on the way back. */
type AdapterPoint = typeof matrices[keyof typeof matrices]["input" | "output"];

/** Points that {@link DecoderAdapters.collector} has to be shown. */
export const adapterPoints: readonly AdapterPoint[] = [
  ...new Set(Object.values(matrices).flatMap(({ input, output }) => [input, output])),
];

/** Factor s of what adapters add: twice, as is usual. */
const strength = 2;

const nameOf = (layer: number, role: string) => `layers.${layer}.self_attn.${role}`;

/** A model whose attention is adapted; it shares all other weights. Dispose of it before the adapters change. */
export interface AdaptedNetwork extends Disposable {
  readonly network: VisionLanguageModel;
}

/** Adapters of every layer in training: `NAME.A` is `[rank, in]`, `NAME.B` `[out, rank]`. */
export class DecoderAdapters extends WeightVariables {
  readonly #names: readonly (readonly [layer: number, role: keyof typeof matrices])[];

  /**
   * Adapters that change nothing yet: B is zero.
   *
   * @param rank of what is added to each matrix
   * @throws {InputError} for a decoder whose attention's output has a norm of its own
   */
  constructor(readonly network: VisionLanguageModel, readonly rank: number, random: Random) {
    super(() => false);
    const { text } = network.config;
    if (text.sandwichNorms) {
      throw new InputError(
        "Cannot adapt this decoder: a norm stands between its attention's output and the residual stream",
      );
    }
    const roles = Object.keys(matrices) as (keyof typeof matrices)[];
    this.#names = Array.from(
      { length: text.numHiddenLayers },
      (_, layer) => roles.map((role) => [layer, role] as const),
    ).flat();
    for (const [layer, role] of this.#names) {
      const [rows, columns] = this.#weight(layer, role).shape, name = nameOf(layer, role);
      const first = Float32Array.from(
        { length: rank * columns },
        () => random.normal() / Math.sqrt(columns),
      );
      this.add(`${name}.A`, [rank, columns], first);
      this.add(`${name}.B`, [rows, rank], new Float32Array(rows * rank));
    }
  }

  /** The model with the adapters as they are now. */
  adapted(): AdaptedNetwork {
    const { kernels: k, decoder, config, vision, weights, checkpoint } = this.network;
    const changed = new Map(this.#names.map(([layer, role]) => {
      const name = `${nameOf(layer, role)}.weight`;
      return [name, k.scope(() => k.keep(this.#merged(k, layer, role)))];
    }));
    const own = new WeightsMap(new Map([...decoder.weights.tensors, ...changed]), weights);
    const adapted = new TextDecoder(k, config.text, own, decoder.lmHead);
    return {
      network: new VisionLanguageModel(k, config, adapted, vision, weights, checkpoint),
      [Symbol.dispose]: () => k.dispose(...changed.values()),
    };
  }

  /** The adapted matrices `[out, in]` by the decoder's names for them: what a checkpoint without adapters holds. */
  merged(): Map<string, Float32Array> {
    const { kernels: k } = this.network;
    return new Map(this.#names.map(([layer, role]) => [
      `${nameOf(layer, role)}.weight`,
      k.scope(() => Float32Array.from(k.readSync(this.#merged(k, layer, role)))),
    ]));
  }

  /** What collects the adapters' gradients from a pass back through {@link DecoderAdapters.adapted}. */
  collector(): { readonly visit: LayerVisitor<AdapterPoint>; readonly gradients: Gradients } {
    const { kernels: k } = this.network, gradients: Record<string, tf.Tensor> = {};
    const rowsOf = (x: Tensor) => k.reshape(k.cast(x, "float32"), [x.shape[1], -1]);
    const visit: LayerVisitor<AdapterPoint> = (layer, at) => {
      for (const [role, { input, output }] of Object.entries(matrices)) {
        const name = nameOf(layer, role), all = rowsOf(at(input).value);
        const dy = rowsOf(at(output).gradient), skipped = all.shape[0] - dy.shape[0];
        // the last layer has outputs for the last rows only
        const x = skipped > 0 ? k.slice(all, [skipped, 0], [-1, -1]) : all;
        const [a, b] = this.#factors(k, name);
        const found = {
          // y = (W + s B A) x: dA = s (B^T dy) x^T, dB = s dy (A x)^T
          A: k.matMul(turned(k, k.matMul(dy, b)), x),
          B: k.matMul(turned(k, dy), k.matMul(x, a, { transposeB: true })),
        };
        for (const [factor, gradient] of Object.entries(found)) {
          const data = Float32Array.from(k.readSync(k.scale(gradient, strength)));
          gradients[`${name}.${factor}`] = tf.keep(tf.tensor(data, [...gradient.shape]));
        }
      }
    };
    return { visit, gradients };
  }

  #weight(layer: number, role: keyof typeof matrices): Tensor {
    return this.network.decoder.weights.get(`${nameOf(layer, role)}.weight`);
  }

  #factors(k: Kernels, name: string): readonly [a: Tensor, b: Tensor] {
    const [a, b] = ["A", "B"].map((factor) => {
      const variable = this.get(`${name}.${factor}`);
      return k.tensor(variable.dataSync<"float32">(), variable.shape);
    });
    return [a, b];
  }

  #merged(k: Kernels, layer: number, role: keyof typeof matrices): Tensor {
    const [a, b] = this.#factors(k, nameOf(layer, role));
    return k.add(this.#weight(layer, role), k.scale(k.matMul(b, a), strength));
  }
}

/**
 * The mean of several checkpoints of one shape, e.g. of adapters that differ by their seed: what they have in common stays,
 * what each learnt by chance grows less. Source: Wortsman et al., "Model soups", arXiv 2203.05482.
 *
 * @throws {InputError} for checkpoints of different matrices, or none
 *
 * @example
 * ```ts
 * import { meanWeights } from "./decoder_adapters.ts";
 * import { assertEquals } from "@std/assert";
 * const mean = meanWeights([1, 3].map((x) => new Map([["q_proj", Float32Array.of(x, 2 * x)]])));
 * assertEquals([...mean.get("q_proj")!], [2, 4]);
 * ```
 */
export function meanWeights(
  all: readonly ReadonlyMap<string, Float32Array>[],
): Map<string, Float32Array> {
  const [first] = all;
  if (!first) throw new InputError("Cannot average weights: there are none");
  return new Map(Array.from(first, ([name, { length }]) => {
    const sum = new Float64Array(length);
    for (const own of all) {
      const data = own.get(name);
      if (data?.length !== length) {
        throw new InputError(`Cannot average weights: ${name} differs in size or is missing`);
      }
      data.forEach((value, i) => sum[i] += value);
    }
    return [name, Float32Array.from(sum, (value) => value / all.length)];
  }));
}

/** `[rows, columns] -> [columns, rows]`. */
const turned = (k: Kernels, x: Tensor) => k.transpose(x, [1, 0]);
