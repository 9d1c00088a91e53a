/**
 * One training forward pass: the losses of a batch of contexts with several questions each.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { hookNames, type Hooks, type KernelHook } from "../../lib/hooks/hook_point.ts";
import { RunHooks } from "../../lib/hooks/run_hooks.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { TextDecoder } from "../../lib/model/text_decoder.ts";
import type { VisionEncoder } from "../../lib/model/vision_encoder.ts";
import type { WeightsMap } from "../../lib/model/weights_map.ts";
import type { TrainingAttention } from "./attention.ts";
import { patchGridsOf, type SequenceLayout, sequenceLength } from "./layout.ts";
import { type BatchHints, hintLoss } from "./answer_hints.ts";
import { cellFactLoss, cellTargets } from "./cell_facts.ts";
import { crossEntropy, leftNeighbours } from "./loss.ts";
import { inputMultiplier, type ModelParameters } from "./parameters.ts";
import { asKernelTensor, asTfjs } from "./tensors.ts";

/** Contexts of one layout with their questions, as token ids. */
export interface Batch {
  /** Layout of every sequence of the batch. */
  readonly layout: SequenceLayout;
  /** B, the number of sequences. */
  readonly count: number;
  /** Token ids `[B, T]`; placeholders at the visual places. */
  readonly inputIds: Int32Array;
  /** Word of every cell `[B, cells]`. */
  readonly labels: Int32Array;
  /** Patches in the order in which the vision encoder wants them, `[B * patches, values]`. */
  readonly pixels: Float32Array | null;
  /** Rows of `[B * T]` whose next token is known, ascending. */
  readonly rows: Int32Array;
  /** Their next tokens. */
  readonly next: Int32Array;
  /** How much each counts. */
  readonly weights: Float32Array;
  /** For each question the places in `rows` at which its answer is judged. */
  readonly questions: readonly { readonly domain: string; readonly judged: readonly number[] }[];
  /** What rows of the questions are to know on the way to the answer; see `answer_hints.ts`. */
  readonly hints?: BatchHints;
}

/** Weights of the auxiliary losses. */
export interface AuxiliaryWeights {
  /** "Name your left neighbour", read after `afterLayers` decoder layers. */
  readonly left: number;
  /** "Name yourself", read at the same place. */
  readonly own: number;
  /** Number of layers below the readout. */
  readonly afterLayers: number;
  /** What cells know about their surroundings, see `cell_facts.ts`; nothing by default. */
  readonly cells?: {
    /** Weight of the sum over the facts. */
    readonly weight: number;
    /** Cells of the batch that are asked, as indices into its labels. */
    readonly chosen: Int32Array;
  };
  /** What a question's rows know on the way to its answer, see `answer_hints.ts`; nothing by default. */
  readonly hints?: {
    /** Weight of the sum over the hints. */
    readonly weight: number;
    /** Number of layers below the readout, not fewer than `afterLayers`. */
    readonly afterLayers: number;
  };
}

/** What a forward pass gives. All tensors belong to the caller's scope. */
export interface Losses {
  /** Everything together, a scalar. */
  readonly total: tf.Scalar;
  /** Cross entropy of the answers, a scalar. */
  readonly answer: tf.Scalar;
  /** Logits of the batch's `rows`, `[R, V]`. */
  readonly logits: tf.Tensor2D;
  /** Cross entropy of the left neighbours, a scalar, or null when its weight is 0. */
  readonly left: tf.Scalar | null;
  /** Summed cross entropy of what cells know about their surroundings; absent where it is not asked. */
  readonly facts?: tf.Scalar;
  /** Summed cross entropy of what questions know on the way to the answer; absent where there is none. */
  readonly hints?: tf.Scalar;
}

/**
 * Output of the vision blocks, before the merger: `[patches, D_v]`. Call it outside of any gradient:
 * the blocks stay as they are while the decoder learns.
 */
export function visionBlocks(
  encoder: VisionEncoder,
  config: ModelConfig,
  batch: Pick<Batch, "layout" | "count" | "pixels">,
): tf.Tensor {
  const vision = config.vision!;
  const last = `vision.blocks.${vision.depth - 1}.resid_post`;
  let found: tf.Tensor | null = null;
  const keep: KernelHook = {
    onTensor: (x) => {
      found = tf.keep(tf.clone(asTfjs(x)));
    },
  };
  tf.tidy(() => {
    const width = vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2;
    const pixels = tf.tensor(batch.pixels!, [batch.pixels!.length / width, width]);
    const grids = patchGridsOf(batch.layout.grids, vision.spatialMergeSize, batch.count);
    const hooks = new RunHooks({ [last]: keep }, hookNames(0, vision.depth), encoder.kernels);
    encoder.encode(asKernelTensor(pixels), grids, hooks);
  });
  return found!;
}

/** Visual features `[B * cells, D]` of vision blocks' output: the merger, which may be trained. */
export function mergedFeatures(encoder: VisionEncoder, blocks: tf.Tensor): tf.Tensor2D {
  return asTfjs(encoder.merge(asKernelTensor(blocks), encoder.weights.under("merger."), false));
}

/** The training forward pass of one set of weights. */
export class TrainingForward {
  readonly #decoder: TextDecoder;
  readonly #text: WeightsMap;

  /**
   * A forward pass that reads the parameters as they are at each call.
   *
   * @param kernels portable ones, with or without gradients of their own
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: ModelConfig,
    readonly parameters: ModelParameters,
  ) {
    this.#text = parameters.weights("text.");
    const embeddings = this.#text.get("embed_tokens.weight");
    this.#decoder = new TextDecoder(kernels, config.text, this.#text, embeddings);
  }

  /** Logits `[R, V]` of residual rows `[R, D]`, through the embedding table that the head shares. */
  #logits(rows: tf.Tensor, gain: boolean): tf.Tensor2D {
    const width = this.config.text.hiddenSize;
    const norm = gain ? this.#text.get("norm.weight") : null;
    const unit = asTfjs(this.kernels.rmsNorm(asKernelTensor(rows), norm, 1e-6));
    const table = this.parameters.get("text.embed_tokens.weight");
    return tf.matMul(tf.mul(unit, width ** -0.5), table, false, true) as tf.Tensor2D;
  }

  /** Decoder input `[B, T, D]`: text embeddings, and the features at the visual places. */
  #embed(batch: Batch, features: tf.Tensor): tf.Tensor3D {
    const { layout, count, inputIds } = batch;
    const length = sequenceLength(layout);
    const cells = layout.visual.length;
    const isVisual = new Int32Array(length).fill(-1);
    layout.visual.forEach((token, cell) => isVisual[token] = cell);
    const texts = count * (length - cells);
    const ids = new Int32Array(texts);
    const source = new Int32Array(count * length);
    let text = 0;
    for (let b = 0; b < count; b++) {
      for (let t = 0; t < length; t++) {
        const cell = isVisual[t];
        if (cell >= 0) source[b * length + t] = texts + b * cells + cell;
        else {
          ids[text] = inputIds[b * length + t];
          source[b * length + t] = text++;
        }
      }
    }
    const table = this.parameters.get("text.embed_tokens.weight");
    const words = tf.gather(table, tf.tensor1d(ids, "int32"));
    const rows = tf.gather(tf.concat([words, features], 0), tf.tensor1d(source, "int32"));
    return tf.reshape(tf.mul(rows, inputMultiplier), [count, length, -1]) as tf.Tensor3D;
  }

  /**
   * Losses of a batch.
   *
   * @param features visual features `[B * cells, D]`, before the input multiplier
   * @param attention made for the batch's layout
   * @param hooks at the decoder's hook points
   */
  losses(
    batch: Batch,
    features: tf.Tensor,
    attention: TrainingAttention,
    auxiliary: AuxiliaryWeights,
    hooks?: Hooks,
  ): Losses {
    const { layout, count } = batch;
    const length = sequenceLength(layout);
    const names = hookNames(this.config.text.numHiddenLayers, 0);
    const options = {
      attention: attention.attend,
      hooks: hooks ? new RunHooks(hooks, names, this.kernels) : null,
    };
    const run = (x: tf.Tensor, fromLayer: number, toLayer: number) =>
      asTfjs(
        this.#decoder.forward(asKernelTensor(x), layout.positionIds, {
          ...options,
          fromLayer,
          toLayer,
        }),
      );
    const wantsAuxiliary = auxiliary.left > 0 || auxiliary.own > 0 ||
      auxiliary.cells !== undefined || auxiliary.hints !== undefined;
    const split = wantsAuxiliary ? auxiliary.afterLayers : 0;
    const embedded = this.#embed(batch, features);
    const middle = split > 0 ? run(embedded, 0, split) : embedded;
    const hintsAt = wantsAuxiliary ? auxiliary.hints?.afterLayers ?? split : split;
    const late = hintsAt > split ? run(middle, split, hintsAt) : middle;
    const last = run(late, hintsAt, this.config.text.numHiddenLayers);
    const flat = tf.reshape(last, [count * length, -1]);
    const logits = this.#logits(tf.gather(flat, tf.tensor1d(batch.rows, "int32")), true);
    const answer = crossEntropy(logits, { classes: batch.next, weights: batch.weights });
    if (!wantsAuxiliary) return { total: answer, answer, logits, left: null };

    const visual = this.#visualRows(batch, middle);
    const read = (rows: tf.Tensor) => {
      const unit = this.kernels.rmsNorm(asKernelTensor(rows), null, 1e-6);
      const turned = tf.matMul(asTfjs(unit), this.parameters.get("readout.own"), false, true);
      return this.#logits(turned, false);
    };
    let total: tf.Tensor = answer;
    let left: tf.Scalar | null = null;
    const grids = Array.from({ length: count }, () => layout.grids).flat();
    if (auxiliary.left > 0) {
      const classes = leftNeighbours(batch.labels, grids);
      const chosen = Int32Array.from(classes.keys()).filter((i) => classes[i] >= 0);
      const rows = tf.gather(visual, tf.tensor1d(chosen, "int32"));
      left = crossEntropy(this.#logits(rows, false), { classes: chosen.map((i) => classes[i]) });
      total = tf.add(total, tf.mul(left, auxiliary.left));
    }
    if (auxiliary.own > 0) {
      const own = crossEntropy(read(visual), { classes: batch.labels });
      total = tf.add(total, tf.mul(own, auxiliary.own));
    }
    let hints: tf.Scalar | null = null;
    if (auxiliary.hints && batch.hints) {
      const rows = tf.reshape(late, [count * length, -1]);
      hints = hintLoss(
        batch.hints,
        (at, name) => this.#readHints(tf.gather(rows, at), `readout.hint_${name}`),
      );
      if (hints) total = tf.add(total, tf.mul(hints, auxiliary.hints.weight));
    }
    const told = hints ? { hints } : {};
    if (auxiliary.cells) {
      const { weight, chosen } = auxiliary.cells;
      const rows = tf.gather(visual, tf.tensor1d(chosen, "int32"));
      const facts = cellFactLoss(
        asTfjs(this.kernels.rmsNorm(asKernelTensor(rows), null, 1e-6)),
        cellTargets(batch.labels, grids),
        chosen,
        (name) => this.parameters.get(`readout.${name}`),
        this.parameters.get("text.embed_tokens.weight"),
      );
      total = tf.add(total, tf.mul(facts, weight));
      return { total: total as tf.Scalar, answer, logits, left, facts, ...told };
    }
    return { total: total as tf.Scalar, answer, logits, left, ...told };
  }

  /** Logits `[R, V]` of residual rows `[R, D]` through the readout of a hint and the embedding table. */
  #readHints(rows: tf.Tensor, readout: string): tf.Tensor {
    const unit = asTfjs(this.kernels.rmsNorm(asKernelTensor(rows), null, 1e-6));
    const scaled = tf.mul(unit, this.config.text.hiddenSize ** -0.5);
    const read = tf.matMul(scaled, this.parameters.get(readout), false, true);
    return tf.matMul(read, this.parameters.get("text.embed_tokens.weight"), false, true);
  }

  /** Residual rows of the visual tokens: `[B, T, D] -> [B * cells, D]`. */
  #visualRows(batch: Batch, residual: tf.Tensor): tf.Tensor {
    const { layout, count } = batch;
    const length = sequenceLength(layout);
    const cells = layout.visual.length;
    const rows = Int32Array.from(
      { length: count * cells },
      (_, i) => Math.floor(i / cells) * length + layout.visual[i % cells],
    );
    return tf.gather(tf.reshape(residual, [count * length, -1]), tf.tensor1d(rows, "int32"));
  }
}
