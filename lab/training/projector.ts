/**
 * A projector from a frozen vision network to a language model's word embeddings: each place of a photograph is to become
 * the embedding of its name. The language model is not run.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { breather } from "../../lib/common/notebook.ts";
import { Random } from "../../lib/stats/random.ts";
import { crossEntropy } from "./loss.ts";
import { type Gradients, Optimiser } from "./optimiser.ts";
import type { ProjectorWeights } from "./photograph_tower.ts";
import { rateAt } from "./schedule.ts";
import type { WordTable } from "./vision_tower_aligner.ts";
import { channelMoments, type NamedFeatures, ProjectorVariables } from "./projector_variables.ts";

/**
 * What a classifier of the features knows of names: the weights of its classes. A feature that lies in the direction of a
 * class is what the class looks like to the network, so a name can be learnt without a photograph of it.
 */
export interface NamedDirections {
  /** `[channels]` of each class. */
  readonly data: readonly Float32Array[];
  /** Row of the word table for each class. */
  readonly words: Int32Array;
}

/** What one step of alignment sees. */
export interface AlignmentBatch {
  /** Views of a step. */
  readonly views: number;
  /** Cells taken of each. */
  readonly cells: number;
}

/** How a projector is aligned. */
export interface ProjectorRun extends AlignmentBatch {
  readonly steps: number;
  readonly seed: number;
  /** Told every step: cross entropy of cells, and squared distance over that of the words from 0. */
  readonly onStep?: (step: number, report: { loss: number; distance: number }) => void;
}

/** Rate and decay of AdamW. */
const rates = { muonRate: 0, adamRate: 1e-3, adamDecay: 0.05, betas: [0.9, 0.99] as const };
/** Share of the channels that a step does without. */
const dropped = 0.2;
/** Share of a step's views that are directions of a classifier in place of photographs, where there are any. */
const fromClasses = 1 / 4;
/** Cosines times this are the scores of words. */
const sharpness = 20;
/** Weight of the distance from the word's embedding: the language model reads the embedding itself. */
const distanceWeight = 10;

/** A projector in training, with what it is aligned to: features of named views, and the words' embeddings. */
export class ProjectorInTraining {
  /** The weights, for normalised features and words whose root mean square is 1. */
  readonly variables: ProjectorVariables;
  readonly #moments: ReturnType<typeof channelMoments>;
  readonly #embeddings: tf.Tensor2D;
  readonly #directions: tf.Tensor;

  /** Classes of each word that has some. */
  readonly #classes: readonly { readonly word: number; readonly of: readonly Float32Array[] }[];

  /**
   * Takes what it is trained on.
   *
   * @param table the words' embeddings, to a root mean square of 1; `scale` is what the language model's have
   * @param classes what else names are learnt from; nothing by default
   */
  constructor(
    readonly views: NamedFeatures,
    readonly table: WordTable,
    random: Random,
    classes: NamedDirections = { data: [], words: new Int32Array(0) },
  ) {
    const { width, words, embeddings } = table;
    this.variables = new ProjectorVariables(views.channels, width, random);
    this.#moments = channelMoments(views);
    this.#classes = this.#normalisedClasses(classes);
    this.#embeddings = tf.tensor2d(embeddings, [words, width]);
    this.#directions = tf.tidy(() =>
      tf.div(this.#embeddings, tf.norm(this.#embeddings, "euclidean", 1, true))
    );
  }

  /** What the language model gets for rows of normalised features, `[n, D]`; on the tape. */
  features(rows: Float32Array): tf.Tensor2D {
    const { channels } = this.views;
    const x = tf.tensor2d(rows, [rows.length / channels, channels]);
    return tf.mul(this.variables.project(x), this.table.scale);
  }

  /**
   * Normalised features of all cells of some views.
   *
   * @param of the features; those that the projector is aligned to by default
   * @param lost share of its channels that each view does without; none by default
   */
  rows(
    views: Int32Array,
    { of = this.views, lost = 0, random }: {
      readonly of?: NamedFeatures;
      readonly lost?: number;
      readonly random?: Random;
    } = {},
  ): Float32Array {
    const { cells, channels } = of, size = cells * channels;
    const rows = new Float32Array(views.length * size);
    views.forEach((view, n) => {
      const kept = Float32Array.from(
        { length: channels },
        () => lost > 0 && random!.uniform() < lost ? 0 : 1 / (1 - lost),
      );
      for (let cell = 0; cell < cells; cell++) {
        const at = n * size + cell * channels;
        this.#normalise(of, view * cells + cell, rows.subarray(at, at + channels), (i) => kept[i]);
      }
    });
    return rows;
  }

  /** Loss of some cells of some views, and its gradients, the caller's. */
  align({ views, cells: taken }: AlignmentBatch, random: Random): Alignment {
    const { words, cells, channels } = this.views;
    const rows = new Float32Array(views * taken * channels);
    const classes = new Int32Array(views * taken);
    const kept = () => random.uniform() < dropped ? 0 : 1 / (1 - dropped);
    const known = this.#classes.length > 0 ? Math.round(fromClasses * views) : 0;
    for (let n = 0; n < views; n++) {
      const of = n < known ? this.#classes[random.integer(this.#classes.length)] : null;
      const direction = of?.of[random.integer(of.of.length)];
      const view = of ? 0 : random.integer(words.length), word = of ? of.word : words[view];
      for (let row = n * taken; row < (n + 1) * taken; row++) {
        const own = rows.subarray(row * channels, (row + 1) * channels);
        classes[row] = word;
        if (direction) direction.forEach((value, i) => own[i] = kept() * value);
        else this.#normalise(this.views, view * cells + random.integer(cells), own, kept);
      }
    }
    return this.#alignment(rows, classes);
  }

  /** Directions for normalised features, as long as these are on the whole. */
  #normalisedClasses({ data, words }: NamedDirections) {
    const { deviation } = this.#moments;
    const found = data.map((direction) => {
      const own = direction.map((value, i) => value * deviation[i]), length = Math.hypot(...own);
      return own.map((value) => value * Math.sqrt(own.length) / length);
    });
    return [...new Set(words)].map((word) => ({
      word,
      of: found.filter((_, i) => words[i] === word),
    }));
  }

  /** One row of features, normalised, each channel times what `kept` says. */
  #normalise(
    { data, channels }: NamedFeatures,
    row: number,
    to: Float32Array,
    kept: (channel: number) => number,
  ): void {
    const { mean, deviation } = this.#moments, from = row * channels;
    for (let i = 0; i < channels; i++) {
      to[i] = kept(i) * (data[from + i] - mean[i]) / deviation[i];
    }
  }

  #alignment(rows: Float32Array, classes: Int32Array): Alignment {
    const trained = this.variables.parameters();
    let loss = 0, distance = 0;
    const gradients = tf.tidy(() => {
      const x = tf.tensor2d(rows, [classes.length, this.views.channels]);
      const { grads } = tf.variableGrads(() => {
        const z = this.variables.project(x);
        const unit = tf.div(z, tf.norm(z, "euclidean", 1, true));
        const scores = tf.mul(tf.matMul(unit, this.#directions, false, true), sharpness);
        const entropy = crossEntropy(scores, { classes });
        const wanted = tf.gather(this.#embeddings, tf.tensor1d(classes, "int32"));
        const apart = tf.mean(tf.squaredDifference(z, wanted));
        [loss, distance] = [entropy.dataSync()[0], apart.dataSync()[0]];
        return tf.add(entropy, tf.mul(apart, distanceWeight)) as tf.Scalar;
      }, trained.map(({ variable }) => variable));
      return Object.fromEntries(
        trained.map(({ name, variable }) => [name, grads[variable.name]]),
      );
    });
    return { loss, distance, gradients };
  }

  /** The weights for features and words as they are. */
  weights(): ProjectorWeights {
    const { mean, deviation } = this.#moments, { channels } = this.views, { scale } = this.table;
    const values = (name: string) => Float32Array.from(this.variables.get(name).dataSync());
    const first = values("linear_1.weight"), bias = values("linear_1.bias");
    first.forEach((value, i) => {
      const channel = i % channels;
      first[i] = value / deviation[channel];
      bias[Math.floor(i / channels)] -= first[i] * mean[channel];
    });
    return {
      "linear_1.weight": first,
      "linear_1.bias": bias,
      "linear_2.weight": values("linear_2.weight").map((value) => value * scale),
      "linear_2.bias": values("linear_2.bias").map((value) => value * scale),
    };
  }

  /** Frees everything. */
  [Symbol.dispose](): void {
    this.variables.dispose();
    tf.dispose([this.#embeddings, this.#directions]);
  }
}

/** What one step of alignment gives. */
export interface Alignment {
  /** Cross entropy of cells, in nats. */
  readonly loss: number;
  /** Squared distance over that of the words from 0. */
  readonly distance: number;
  /** Of the loss with the weighted distance, by the name of the weight. */
  readonly gradients: Gradients;
}

/** A projector before its first step. */
export function freshProjector(
  features: NamedFeatures,
  table: WordTable,
  seed: number,
  classes?: NamedDirections,
): ProjectorInTraining {
  return new ProjectorInTraining(features, table, new Random(`projector ${seed}`).fork(0), classes);
}

/** Aligns a projector to the words' embeddings. */
export async function alignProjector(
  projector: ProjectorInTraining,
  run: ProjectorRun,
): Promise<void> {
  const random = new Random(`projector ${run.seed}`), { variables } = projector;
  const optimiser = new Optimiser(variables.parameters(), { ...rates, clipNorm: 1 });
  const warmUp = Math.min(10, run.steps), holdUntil = Math.max(warmUp, Math.round(run.steps / 2));
  const schedule = { warmUp, holdUntil, end: run.steps, floor: 0.01 };
  const breathe = breather();
  for (let step = 0; step < run.steps; step++) {
    const { gradients, ...report } = projector.align(run, random.fork(step + 1));
    optimiser.step(gradients, rateAt(schedule, step));
    tf.dispose(gradients as unknown as tf.TensorContainer);
    run.onStep?.(step, report);
    await breathe();
  }
  optimiser.dispose();
}

/**
 * Trains a projector by alignment alone. The scale of features and of words is folded into its weights.
 *
 * @param table the words' embeddings, to a root mean square of 1; `scale` is what the language model's have
 */
export async function trainProjector(
  features: NamedFeatures,
  table: WordTable,
  run: ProjectorRun,
): Promise<ProjectorWeights> {
  using projector = freshProjector(features, table, run.seed);
  await alignProjector(projector, run);
  return projector.weights();
}
