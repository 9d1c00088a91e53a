/**
 * Alignment of the vision tower: each cell of a page learns to be the embedding of its word in a language model
 * that stays as it is and is not even run.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { ImageTower } from "../../lib/model/image_tower.ts";
import { crossEntropy } from "./loss.ts";
import type { VisionTowerParameters } from "./vision_tower_model.ts";
import { Optimiser } from "./optimiser.ts";
import { asTfjs } from "./tensors.ts";
import { trainingKernels } from "./training_kernels.ts";

/** Word embeddings that the vision tower is to predict, scaled to a root mean square of 1. */
export interface WordTable {
  /** `[K, D]`. */
  readonly embeddings: Float32Array;
  /** K. */
  readonly words: number;
  /** D. */
  readonly width: number;
  /** What the scaled embeddings were divided by: the weights are multiplied by it at the end. */
  readonly scale: number;
}

/** Pages with the words of their cells. */
export interface LabelledPages {
  /** `[n, 3, side, side]`, normalised. */
  readonly pixels: { readonly data: Float32Array; readonly shape: readonly number[] };
  /** Class of every cell, `[n * cells]`. */
  readonly labels: Int32Array;
}

/** What one step reports. */
export interface AlignmentReport {
  /** Cross entropy of the words, plus the weighted distance. */
  readonly loss: number;
  /** Share of the cells whose nearest word embedding is the right one. */
  readonly accuracy: number;
  /** Root mean square distance from the right embedding, where embeddings have 1. */
  readonly distance: number;
}

/** Sharpness of the choice by distance: scores are halved squared distances times this over D. */
const sharpness = 36;

/** Muon's rate for the layers' matrices, AdamW's for all else. */
const rates = { muonRate: 0.01, adamRate: 7e-4 };

/** The vision tower in training. */
export class VisionTowerAligner {
  readonly #tower: ImageTower;
  /** The state of the optimiser, for checkpoints. */
  readonly optimiser: Optimiser;
  readonly #table: tf.Tensor2D;
  /** Half the squared length of each embedding, `[K]`. */
  readonly #halfSquares: tf.Tensor1D;

  /** Starts with a fresh optimiser. */
  constructor(readonly parameters: VisionTowerParameters, readonly words: WordTable) {
    const { config } = parameters;
    this.#tower = new ImageTower(trainingKernels(), config, parameters.weights(), {
      images: () => null,
    });
    this.optimiser = new Optimiser(parameters.parameters(), {
      ...rates,
      adamDecay: 0,
      betas: [0.9, 0.99],
      clipNorm: 1,
    });
    this.#table = tf.tensor2d(words.embeddings, [words.words, words.width]);
    this.#halfSquares = tf.tidy(() => tf.mul(tf.sum(tf.square(this.#table), 1), 0.5));
  }

  #features({ pixels }: LabelledPages): tf.Tensor2D {
    const { images } = this.#tower.encodeMedia({ pixel_values: pixels });
    return asTfjs<tf.Tensor2D>(images!.features);
  }

  /** Scores by distance from every word, less what all words share. */
  #scores(features: tf.Tensor2D): tf.Tensor2D {
    const near = tf.sub(tf.matMul(features, this.#table, false, true), this.#halfSquares);
    return tf.mul(near, sharpness / this.words.width);
  }

  /** Mean squared distance from the right embeddings. */
  #distance(features: tf.Tensor, labels: Int32Array): tf.Tensor {
    const wanted = tf.gather(this.#table, tf.tensor1d(labels, "int32"));
    return tf.mean(tf.squaredDifference(features, wanted));
  }

  #report(
    features: tf.Tensor,
    scores: tf.Tensor,
    labels: Int32Array,
    loss: number,
  ): AlignmentReport {
    const best = tf.argMax(scores, 1).dataSync();
    const right = labels.reduce((sum, label, i) => sum + Number(best[i] === label), 0);
    const distance = Math.sqrt(this.#distance(features, labels).dataSync()[0]);
    return { loss, accuracy: right / labels.length, distance };
  }

  /**
   * One step of learning.
   *
   * @param rate factor of the learning rates
   * @param distanceWeight weight of the mean squared distance beside the cross entropy
   */
  step(pages: LabelledPages, rate: number, distanceWeight = 2): AlignmentReport {
    return tf.tidy(() => {
      const trained = this.parameters.parameters();
      let features!: tf.Tensor2D, scores!: tf.Tensor2D;
      const { value, grads } = tf.variableGrads(() => {
        features = tf.keep(this.#features(pages));
        scores = tf.keep(this.#scores(features));
        const entropy = crossEntropy(scores, { classes: pages.labels });
        const distance = tf.mul(this.#distance(features, pages.labels), distanceWeight);
        return tf.add(entropy, distance) as tf.Scalar;
      }, trained.map(({ variable }) => variable));
      const gradients = Object.fromEntries(
        trained.map(({ name, variable }) => [name, grads[variable.name]]),
      );
      this.optimiser.step(gradients, rate);
      const report = this.#report(features, scores, pages.labels, value.dataSync()[0]);
      tf.dispose([features, scores]);
      return report as unknown as tf.TensorContainer;
    }) as unknown as AlignmentReport;
  }

  /** Class of every cell, by the nearest word embedding. */
  read(pages: LabelledPages): Int32Array {
    return tf.tidy(() =>
      tf.argMax(this.#scores(this.#features(pages)), 1).dataSync()
    ) as Int32Array;
  }

  /** Frees optimiser and table; the parameters stay. */
  dispose(): void {
    this.optimiser.dispose();
    tf.dispose([this.#table, this.#halfSquares]);
  }
}
