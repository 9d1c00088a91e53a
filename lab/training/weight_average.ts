/**
 * The exponential average of weights in training: what an evaluation or an export takes while rates are
 * still high, in place of a decay of the rates.
 *
 * Source: Polyak and Juditsky, "Acceleration of stochastic approximation by averaging" (1992).
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { ModelParameters } from "./parameters.ts";

/** Averages by weight name. Its tensors are its own: {@link WeightAverage.dispose} it. */
export class WeightAverage {
  readonly #averages = new Map<string, tf.Variable>();
  #steps = 0;

  /**
   * Starts with the weights as they are.
   *
   * @param decay share of the average that a step keeps, in time; less over the first steps
   */
  constructor(readonly parameters: Pick<ModelParameters, "variables">, readonly decay: number) {
    for (const [name, variable] of parameters.variables) {
      this.#averages.set(name, tf.tidy(() => tf.variable(tf.clone(variable), false)));
    }
  }

  /** Averages by name; they stay this object's. */
  get variables(): ReadonlyMap<string, tf.Variable> {
    return this.#averages;
  }

  /** Steps taken so far. */
  get steps(): number {
    return this.#steps;
  }

  /** Takes in the weights as they are after a step. */
  update(): void {
    this.#steps++;
    const kept = Math.min(this.decay, this.#steps / (this.#steps + 9));
    tf.tidy(() => {
      for (const [name, average] of this.#averages) {
        const now = this.parameters.variables.get(name)!;
        average.assign(tf.add(tf.mul(average, kept), tf.mul(now, 1 - kept)));
      }
    });
  }

  /** Takes over saved averages. */
  restore(steps: number, saved: (name: string) => tf.Tensor): void {
    tf.tidy(() => {
      for (const [name, average] of this.#averages) average.assign(saved(name));
    });
    this.#steps = steps;
  }

  /** Frees the averages. */
  dispose(): void {
    for (const average of this.#averages.values()) average.dispose();
    this.#averages.clear();
  }
}

/**
 * Takes the mean with other weights of the same names: what several phases know, where each began with
 * another's weights.
 *
 * Source: Wortsman et al., "Robust fine-tuning of zero-shot models" (CVPR 2022).
 *
 * @param share of the own weights; the others share the rest evenly. As much as each of them by default
 */
export function meanWith(
  parameters: Pick<ModelParameters, "variables">,
  others: readonly Pick<ModelParameters, "variables">[],
  share: number = 1 / (others.length + 1),
): void {
  const each = (1 - share) / others.length;
  tf.tidy(() => {
    for (const [name, variable] of parameters.variables) {
      const parts = others.map(({ variables }) => tf.mul(variables.get(name)!, each));
      variable.assign(tf.addN([tf.mul(variable, share), ...parts]));
    }
  });
}
