/**
 * What a projector in training is made of: its weights, and the features that it learns from.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Random } from "../../lib/stats/random.ts";
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

/** Weights of a two-layer projector. */
export class ProjectorVariables extends WeightVariables {
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
export function channelMoments({ data, channels }: NamedFeatures) {
  const rows = data.length / channels, mean = new Float64Array(channels), square = mean.slice();
  data.forEach((value, i) => {
    mean[i % channels] += value / rows;
    square[i % channels] += value * value / rows;
  });
  const deviation = square.map((value, i) => Math.sqrt(Math.max(0, value - mean[i] ** 2)) + 1e-3);
  return { mean, deviation };
}
