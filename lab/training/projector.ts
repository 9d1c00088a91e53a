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
import { Optimiser } from "./optimiser.ts";
import type { ProjectorWeights } from "./photograph_tower.ts";
import { rateAt } from "./schedule.ts";
import type { WordTable } from "./vision_tower_aligner.ts";
import { WeightVariables } from "./weight_variables.ts";

/** Features of named views of photographs. */
export interface NamedFeatures {
  /** `[views, cells, channels]`. */
  readonly data: Float32Array;
  readonly cells: number;
  readonly channels: number;
  /** Row of the word table for each view. */
  readonly words: Int32Array;
}

/** How a projector is trained. */
export interface ProjectorRun {
  readonly steps: number;
  /** Views of a step. */
  readonly views: number;
  /** Cells taken of each. */
  readonly cells: number;
  readonly seed: number;
  /** Told every step: cross entropy of cells, and squared distance over that of the words from 0. */
  readonly onStep?: (step: number, report: { loss: number; distance: number }) => void;
}

/** Rate and decay of AdamW. */
const rates = { muonRate: 0, adamRate: 1e-3, adamDecay: 0.05, betas: [0.9, 0.99] as const };
/** Share of the channels that a step does without. */
const dropped = 0.2;
/** Cosines times this are the scores of words. */
const sharpness = 20;
/** Weight of the distance from the word's embedding: the language model reads the embedding itself. */
const distanceWeight = 10;

class ProjectorVariables extends WeightVariables {
  constructor(channels: number, width: number, random: Random) {
    super(() => false);
    const matrix = (rows: number, columns: number) =>
      Float32Array.from({ length: rows * columns }, () => random.normal() / Math.sqrt(columns));
    this.add("linear_1.weight", [width, channels], matrix(width, channels));
    this.add("linear_1.bias", [width], new Float32Array(width));
    this.add("linear_2.weight", [width, width], matrix(width, width));
    this.add("linear_2.bias", [width], new Float32Array(width));
  }

  /** `[n, channels] -> [n, width]`, with the exact GELU. */
  project(x: tf.Tensor): tf.Tensor {
    const linear = (name: string, rows: tf.Tensor) =>
      tf.add(
        tf.matMul(rows, this.get(`${name}.weight`), false, true),
        this.get(`${name}.bias`),
      );
    const hidden = linear("linear_1", x);
    const gate = tf.mul(0.5, tf.add(1, tf.erf(tf.mul(hidden, Math.SQRT1_2))));
    return linear("linear_2", tf.mul(hidden, gate));
  }
}

/** Mean and deviation of each channel. */
function channelMoments({ data, channels }: NamedFeatures) {
  const rows = data.length / channels, mean = new Float64Array(channels), square = mean.slice();
  data.forEach((value, i) => {
    mean[i % channels] += value / rows;
    square[i % channels] += value * value / rows;
  });
  const deviation = square.map((value, i) => Math.sqrt(Math.max(0, value - mean[i] ** 2)) + 1e-3);
  return { mean, deviation };
}

/** Some cells of some views, normalised, and the word of each. */
function drawBatch(
  { data, cells, channels, words }: NamedFeatures,
  { mean, deviation }: ReturnType<typeof channelMoments>,
  { views, cells: taken }: ProjectorRun,
  random: Random,
) {
  const rows = new Float32Array(views * taken * channels), classes = new Int32Array(views * taken);
  for (let row = 0, view = 0; row < classes.length; row++) {
    if (row % taken === 0) view = random.integer(words.length);
    const from = (view * cells + random.integer(cells)) * channels;
    classes[row] = words[view];
    for (let i = 0; i < channels; i++) {
      if (random.uniform() < dropped) continue;
      rows[row * channels + i] = (data[from + i] - mean[i]) / deviation[i] / (1 - dropped);
    }
  }
  return { rows, classes };
}

/**
 * Trains a projector. The scale of features and of words is folded into its weights.
 *
 * @param table the words' embeddings, to a root mean square of 1; `scale` is what the language model's have
 */
export async function trainProjector(
  features: NamedFeatures,
  table: WordTable,
  run: ProjectorRun,
): Promise<ProjectorWeights> {
  const { channels } = features, { width, words } = table;
  const random = new Random(`projector ${run.seed}`);
  const variables = new ProjectorVariables(channels, width, random.fork(0));
  const optimiser = new Optimiser(variables.parameters(), { ...rates, clipNorm: 1 });
  const embeddings = tf.tensor2d(table.embeddings, [words, width]);
  const directions = tf.tidy(() => tf.div(embeddings, tf.norm(embeddings, "euclidean", 1, true)));
  const moments = channelMoments(features), breathe = breather();
  const warmUp = Math.min(10, run.steps), holdUntil = Math.max(warmUp, Math.round(run.steps / 2));
  const schedule = { warmUp, holdUntil, end: run.steps, floor: 0.01 };
  for (let step = 0; step < run.steps; step++) {
    const { rows, classes } = drawBatch(features, moments, run, random.fork(step + 1));
    const report = tf.tidy(() => {
      let loss = 0, distance = 0;
      const x = tf.tensor2d(rows, [classes.length, channels]);
      const { grads } = tf.variableGrads(() => {
        const z = variables.project(x);
        const unit = tf.div(z, tf.norm(z, "euclidean", 1, true));
        const scores = tf.mul(tf.matMul(unit, directions, false, true), sharpness);
        const entropy = crossEntropy(scores, { classes });
        const wanted = tf.gather(embeddings, tf.tensor1d(classes, "int32"));
        const apart = tf.mean(tf.squaredDifference(z, wanted));
        [loss, distance] = [entropy.dataSync()[0], apart.dataSync()[0]];
        return tf.add(entropy, tf.mul(apart, distanceWeight)) as tf.Scalar;
      }, variables.parameters().map(({ variable }) => variable));
      const gradients = Object.fromEntries(
        variables.parameters().map(({ name, variable }) => [name, grads[variable.name]]),
      );
      optimiser.step(gradients, rateAt(schedule, step));
      return { loss, distance } as unknown as tf.TensorContainer;
    }) as unknown as { loss: number; distance: number };
    run.onStep?.(step, report);
    await breathe();
  }
  const weights = folded(variables, moments, table.scale);
  optimiser.dispose();
  variables.dispose();
  tf.dispose([embeddings, directions]);
  return weights;
}

/** The weights for features and words as they are. */
function folded(
  variables: ProjectorVariables,
  { mean, deviation }: ReturnType<typeof channelMoments>,
  scale: number,
): ProjectorWeights {
  const values = (name: string) => Float32Array.from(variables.get(name).dataSync());
  const first = values("linear_1.weight"), bias = values("linear_1.bias");
  const channels = mean.length;
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
