/**
 * The training loop's one step: batch, losses, gradients, parameters.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Hooks } from "../../lib/hooks/hook_point.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import { VisionEncoder } from "../../lib/model/vision_encoder.ts";
import type { Random } from "../../lib/stats/random.ts";
import { type LocalWindow, TrainingAttention } from "./attention.ts";
import {
  type AuxiliaryWeights,
  type Batch,
  mergedFeatures,
  TrainingForward,
  visionBlocks,
} from "./forward.ts";
import { type Gradients, Optimiser, type OptimiserOptions, type Parameter } from "./optimiser.ts";
import type { ModelParameters } from "./parameters.ts";
import { trainingKernels } from "./training_kernels.ts";
import { attentionRegulariser, type RegulariserWeights } from "./attention_regulariser.ts";

export interface StepReport {
  /** Cross entropy of the answers. */
  readonly answerLoss: number;
  /** Cross entropy of the left neighbours, or null where it is not trained. */
  readonly leftLoss: number | null;
  /** Summed cross entropy of what cells know about their surroundings, or null where it is not trained. */
  readonly factLoss: number | null;
  /** Summed cross entropy of what questions know on the way to the answer, or null where there is none. */
  readonly hintLoss: number | null;
  /** Penalty of the attention regulariser, or null without one. */
  readonly penalty: number | null;
  /** Share of the questions with the whole answer right. */
  readonly accuracy: number;
  /** Right and all questions of each domain. */
  readonly byDomain: Readonly<Record<string, readonly [right: number, asked: number]>>;
  /** Norm of the gradient before clipping. */
  readonly gradientNorm: number;
}

/** What a step does to the heads. */
export interface HeadTreatment {
  /** For each layer which heads see only a window; nothing by default. */
  readonly local?: readonly (LocalWindow | null)[];
  /** Hooks of the step, such as those that silence heads. */
  readonly hooks?: Hooks;
  /** Weights of the regulariser, see `attention_regulariser.ts`; none by default. */
  readonly regulariser?: RegulariserWeights;
}

/** Standard deviation of the noise on word embeddings that stand in for pixels. */
const codeNoise = 0.3;

/**
 * Weight of the mean squared distance between visual features and their words' embeddings. Without
 * it the merger inflates the features threefold within 500 steps, and the decoder cannot change
 * tokens of that size.
 */
const driftWeight = 5;

/** Which questions of a batch are answered right, token by token, from the rows' best tokens. */
export function rightAnswers(batch: Batch, best: ArrayLike<number>): boolean[] {
  return batch.questions.map(({ judged }) => judged.every((row) => best[row] === batch.next[row]));
}

/** Right and all questions of each domain. */
function countByDomain(batch: Batch, right: readonly boolean[]) {
  const counts: Record<string, [number, number]> = {};
  batch.questions.forEach(({ domain }, i) => {
    const own = counts[domain] ??= [0, 0];
    own[0] += Number(right[i]);
    own[1]++;
  });
  return counts;
}

/** A model in training with its optimiser. */
export class Trainer {
  readonly #forward: TrainingForward;
  readonly #encoder: VisionEncoder;
  readonly #trained: readonly Parameter[];
  /** The optimiser, for checkpoints. */
  readonly optimiser: Optimiser;

  /**
   * Starts with a fresh optimiser.
   *
   * @param train accepts the names of the weights to train; the vision blocks stay as they are in
   *   any case, see `align.ts`
   */
  constructor(
    readonly config: ModelConfig,
    readonly parameters: ModelParameters,
    options: OptimiserOptions,
    train: (name: string) => boolean = (name) => !name.startsWith("vision."),
  ) {
    const kernels = trainingKernels();
    this.#forward = new TrainingForward(kernels, config, parameters);
    this.#encoder = new VisionEncoder(kernels, config.vision!, parameters.weights("vision."));
    this.#trained = parameters.parameters((name) => train(name) && isTrainable(name));
    this.optimiser = new Optimiser(this.#trained, options);
  }

  /**
   * What stands for the batch's images, and whether the merger's gradient is wanted: the vision
   * blocks' output, or word embeddings with noise where the batch has no pixels.
   */
  #input(batch: Batch, random: Random): { features: () => tf.Tensor; held: tf.Tensor } {
    if (batch.pixels) {
      const held = visionBlocks(this.#encoder, this.config, batch);
      return { held, features: () => mergedFeatures(this.#encoder, held) };
    }
    const held = tf.tidy(() => {
      const rows = this.#wordRows(batch);
      return tf.add(rows, tf.randomNormal(rows.shape, 0, codeNoise, "float32", random.uint32()));
    });
    return { held, features: () => held };
  }

  /** Embeddings of the cells' words, `[B * cells, D]`, as they are: no gradient reaches them. */
  #wordRows(batch: Batch): tf.Tensor {
    return tf.tidy(() => {
      const table = this.parameters.get("text.embed_tokens.weight");
      return tf.gather(table, tf.tensor1d(batch.labels, "int32"));
    });
  }

  /** One step of learning on a batch. */
  step(
    batch: Batch,
    auxiliary: AuxiliaryWeights,
    rate: number,
    random: Random,
    { local = [], hooks, regulariser }: HeadTreatment = {},
  ): StepReport {
    const attention = new TrainingAttention(
      batch.layout,
      local,
      regulariser ? batch.layout.visual : null,
    );
    const { features, held } = this.#input(batch, random);
    const words = batch.pixels ? this.#wordRows(batch) : null;
    const kept: tf.Tensor[] = words ? [held, words] : [held];
    const hold = (x: tf.Tensor) => {
      const own = tf.keep(tf.clone(x));
      kept.push(own);
      return own;
    };
    try {
      let answer!: tf.Tensor, best!: tf.Tensor;
      let left: tf.Tensor | null = null, penalty: tf.Tensor | null = null;
      let facts: tf.Tensor | null = null, hints: tf.Tensor | null = null;
      const { value, grads } = tf.variableGrads(() => {
        const visual = features();
        const losses = this.#forward.losses(batch, visual, attention, auxiliary, hooks);
        answer = hold(losses.answer);
        best = hold(tf.argMax(losses.logits, 1));
        left = losses.left && hold(losses.left);
        facts = losses.facts ? hold(losses.facts) : null;
        hints = losses.hints ? hold(losses.hints) : null;
        let total: tf.Tensor = losses.total;
        if (regulariser) {
          penalty = hold(attentionRegulariser(attention.statistics, batch, regulariser));
          total = tf.add(total, penalty);
        }
        if (words) {
          const drift = tf.mean(tf.squaredDifference(visual, words));
          total = tf.add(total, tf.mul(drift, driftWeight));
        }
        return total as tf.Scalar;
      }, this.#trained.map(({ variable }) => variable));
      const gradients = this.#named(grads);
      const gradientNorm = this.optimiser.step(gradients, rate);
      tf.dispose([value, ...Object.values(gradients)]);
      const right = rightAnswers(batch, best.dataSync());
      return {
        answerLoss: answer.dataSync()[0],
        leftLoss: left ? (left as tf.Tensor).dataSync()[0] : null,
        factLoss: facts ? (facts as tf.Tensor).dataSync()[0] : null,
        hintLoss: hints ? (hints as tf.Tensor).dataSync()[0] : null,
        penalty: penalty ? (penalty as tf.Tensor).dataSync()[0] : null,
        accuracy: right.filter(Boolean).length / right.length,
        byDomain: countByDomain(batch, right),
        gradientNorm,
      };
    } finally {
      tf.dispose(kept);
      attention.dispose();
    }
  }

  /** Scores `[R, V]` of all words at the batch's rows, without learning. */
  scores(batch: Batch, random: Random): { data: Float32Array; shape: readonly number[] } {
    const attention = new TrainingAttention(batch.layout);
    const { features, held } = this.#input(batch, random);
    const none = { left: 0, own: 0, afterLayers: 0 };
    const logits = tf.tidy(() => this.#forward.losses(batch, features(), attention, none).logits);
    const data = logits.dataSync() as Float32Array;
    tf.dispose([held, logits]);
    attention.dispose();
    return { data, shape: logits.shape };
  }

  /** Frees the optimiser; the parameters stay. */
  dispose(): void {
    this.optimiser.dispose();
  }

  /** Gradients by our names; TensorFlow.js leaves out (null) what the losses do not reach. */
  #named(grads: tf.NamedTensorMap): Gradients {
    const named: Record<string, tf.Tensor> = {};
    for (const { name, variable } of this.#trained) {
      const gradient = grads[variable.name] as tf.Tensor | null;
      if (gradient) named[name] = gradient;
    }
    return named;
  }
}

/** The learned position table stays zero, and the vision blocks are trained by alignment only. */
function isTrainable(name: string): boolean {
  return name !== "vision.pos_embed.weight" &&
    (!name.startsWith("vision.") || name.startsWith("vision.merger."));
}
