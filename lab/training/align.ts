/**
 * Alignment: the vision encoder alone learns to give each cell its word's embedding, before (and
 * apart from) anything that the decoder learns from images.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ModelConfig } from "../../lib/model/config.ts";
import { VisionEncoder } from "../../lib/model/vision_encoder.ts";
import { patchGridsOf, type TokenGrid } from "./layout.ts";
import { crossEntropy, sizePenalty } from "./loss.ts";
import { Optimiser, type Parameter } from "./optimiser.ts";
import type { ModelParameters } from "./parameters.ts";
import { asKernelTensor, asTfjs } from "./tensors.ts";
import { trainingKernels } from "./training_kernels.ts";

/** Images of one grid with the words of their cells. */
export interface LabelledImages {
  /** Grid of each image. */
  readonly grids: readonly TokenGrid[];
  /** Patches in the vision encoder's order. */
  readonly pixels: Float32Array;
  /** Word id of every cell. */
  readonly labels: Int32Array;
}

/** What one step of alignment reports. */
export interface AlignReport {
  /** Cross entropy of the words. */
  readonly loss: number;
  /** Share of the cells whose nearest word is right. */
  readonly accuracy: number;
  /** Root mean square of the features. */
  readonly rms: number;
  /** Root mean square distance from the words' embeddings. */
  readonly distance: number;
}

/** Weight of the penalty on the features' size. */
const sizeWeight = 0.1;
/**
 * Weight of the mean squared distance from the word's embedding. Naming a word is not enough: the
 * decoder copies what it sees, and words that look alike must stay apart on the way.
 */
const distanceWeight = 5;

/** The vision encoder in training; the embedding table stays as it is. */
export class Aligner {
  readonly #encoder: VisionEncoder;
  readonly #optimiser: Optimiser;
  readonly #trained: readonly Parameter[];

  /**
   * Starts with a fresh optimiser.
   *
   * @param rates learning rates: Muon's for the blocks' matrices, AdamW's for everything else
   */
  constructor(
    readonly config: ModelConfig,
    readonly parameters: ModelParameters,
    rates = { muon: 0.01, adam: 2e-3 },
  ) {
    this.#encoder = new VisionEncoder(
      trainingKernels(),
      config.vision!,
      parameters.weights("vision."),
    );
    this.#trained = parameters.parameters((name) =>
      name.startsWith("vision.") && name !== "vision.pos_embed.weight"
    );
    this.#optimiser = new Optimiser(this.#trained, {
      muonRate: rates.muon,
      adamRate: rates.adam,
      adamDecay: 0,
      betas: [0.9, 0.99],
      clipNorm: 1,
    });
  }

  /** Features of images, `[cells, D]`. */
  #features(batch: LabelledImages): tf.Tensor {
    const vision = this.config.vision!;
    const width = vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2;
    const pixels = tf.tensor(batch.pixels, [batch.pixels.length / width, width]);
    const grids = patchGridsOf(batch.grids, vision.spatialMergeSize, 1);
    return asTfjs(this.#encoder.encode(asKernelTensor(pixels), grids).features);
  }

  /** Scores of all words for each feature row. */
  #scores(features: tf.Tensor): tf.Tensor {
    const scale = this.config.text.hiddenSize ** -0.5;
    const table = this.parameters.get("text.embed_tokens.weight");
    return tf.matMul(tf.mul(features, scale), table, false, true);
  }

  /** Embeddings of the cells' words, `[cells, D]`. */
  #wanted(batch: LabelledImages): tf.Tensor {
    const table = this.parameters.get("text.embed_tokens.weight");
    return tf.gather(table, tf.tensor1d(batch.labels, "int32"));
  }

  #report(
    features: tf.Tensor,
    scores: tf.Tensor,
    batch: LabelledImages,
    loss: number,
  ): AlignReport {
    const best = tf.argMax(scores, 1).dataSync();
    let right = 0;
    batch.labels.forEach((label, i) => right += Number(best[i] === label));
    const rms = Math.sqrt(tf.mean(tf.square(features)).dataSync()[0]);
    const apart = tf.mean(tf.squaredDifference(features, this.#wanted(batch)));
    const distance = Math.sqrt(apart.dataSync()[0]);
    return { loss, accuracy: right / batch.labels.length, rms, distance };
  }

  /** One step of learning. */
  step(batch: LabelledImages, rate: number): AlignReport {
    return tf.tidy(() => {
      let features!: tf.Tensor, scores!: tf.Tensor;
      const { value, grads } = tf.variableGrads(() => {
        features = tf.keep(this.#features(batch));
        scores = tf.keep(this.#scores(features));
        const distance = tf.mean(tf.squaredDifference(features, this.#wanted(batch)));
        const entropy = crossEntropy(scores, { classes: batch.labels });
        const penalty = tf.mul(sizePenalty(features), sizeWeight);
        return tf.addN([entropy, penalty, tf.mul(distance, distanceWeight)]) as tf.Scalar;
      }, this.#trained.map(({ variable }) => variable));
      const gradients = Object.fromEntries(
        this.#trained.map(({ name, variable }) => [name, grads[variable.name]]),
      );
      this.#optimiser.step(gradients, rate);
      const report = this.#report(features, scores, batch, value.dataSync()[0]);
      tf.dispose([features, scores]);
      return report as unknown as tf.TensorContainer;
    }) as unknown as AlignReport;
  }

  /** Accuracy and size on images, without learning. */
  evaluate(batch: LabelledImages): AlignReport {
    return tf.tidy(() => {
      const features = this.#features(batch);
      const scores = this.#scores(features);
      const loss = crossEntropy(scores, { classes: batch.labels }).dataSync()[0];
      return this.#report(features, scores, batch, loss) as unknown as tf.TensorContainer;
    }) as unknown as AlignReport;
  }

  /** Frees the optimiser; the parameters stay. */
  dispose(): void {
    this.#optimiser.dispose();
  }
}
