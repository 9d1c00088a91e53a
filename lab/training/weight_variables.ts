/**
 * Weights in training by name: what the models that are trained here have in common.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { WeightsMap } from "../../lib/model/weights_map.ts";
import type { Parameter } from "./optimiser.ts";
import { asKernelTensor } from "./tensors.ts";

/** Weights as TensorFlow.js variables; a model in training extends it and draws the first values. */
export class WeightVariables {
  readonly #variables = new Map<string, tf.Variable>();
  readonly #isHiddenMatrix: (name: string) => boolean;

  /** @param isHiddenMatrix whether a weight is a matrix of the layers: these move by Muon */
  constructor(isHiddenMatrix: (name: string) => boolean) {
    this.#isHiddenMatrix = isHiddenMatrix;
  }

  /** Adds a weight with its first values. */
  protected add(name: string, shape: readonly number[], data: Float32Array): void {
    this.#variables.set(name, tf.tidy(() => tf.variable(tf.tensor(data, [...shape]))));
  }

  /** Every weight by name. */
  get variables(): ReadonlyMap<string, tf.Variable> {
    return this.#variables;
  }

  /** One weight. */
  get(name: string): tf.Variable {
    return this.#variables.get(name)!;
  }

  /** The weights below a prefix (all by default) as the model wants them: the same tensors. */
  weights(prefix = ""): WeightsMap {
    const own = [...this.#variables].filter(([name]) => name.startsWith(prefix));
    return new WeightsMap(
      new Map(own.map(([name, v]) => [name.slice(prefix.length), asKernelTensor(v)])),
    );
  }

  /** The weights whose names `chosen` accepts (all by default), each with its rule. */
  parameters(chosen: (name: string) => boolean = () => true): Parameter[] {
    return [...this.#variables].filter(([name]) => chosen(name)).map(([name, variable]) => ({
      name,
      variable,
      rule: this.#isHiddenMatrix(name) ? "muon" : "adamw",
    }));
  }

  /** Frees all weights. */
  dispose(): void {
    for (const variable of this.#variables.values()) variable.dispose();
    this.#variables.clear();
  }

  /** {@link WeightVariables.dispose}. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}
