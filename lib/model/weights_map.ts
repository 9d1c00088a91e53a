/**
 * The weights of a model by name, as tensors.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";

/**
 * Named weights. Names are those of the role, without a family's prefixes: `layers.0.mlp.up_proj.weight`.
 *
 * @example
 * ```ts
 * import { WeightsMap } from "./weights_map.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(() => new WeightsMap(new Map()).get("norm.weight"));
 * ```
 */
export class WeightsMap {
  /** Whether the tensors are there still; shared by the maps that share them. */
  readonly #state: { freed: boolean };

  /**
   * Takes over tensors by name.
   *
   * @param parent the map whose tensors these are
   */
  constructor(readonly tensors: Map<string, Tensor>, parent?: WeightsMap) {
    this.#state = parent ? parent.#state : { freed: false };
  }

  /**
   * Fails where the weights were freed.
   *
   * @throws {InputError} that says what to do
   */
  checkThere(): void {
    if (!this.#state.freed) return;
    throw new InputError(
      "Cannot run the model: it was disposed of, its weights are freed; load it again with " +
        "fromPretrained, and dispose of it after the last use",
    );
  }

  /**
   * The weight of this name.
   *
   * @param shape if given, the shape that it must have
   * @throws {InputError} if there is none, or its shape is another
   */
  get(name: string, shape?: readonly number[]): Tensor {
    this.checkThere();
    const tensor = this.tensors.get(name);
    if (!tensor) {
      const nearest = nearestNames(name, this.tensors.keys()).join(", ");
      throw new InputError(
        `Cannot find weight "${name}" in the checkpoint. Nearest: ${nearest || "none"}`,
      );
    }
    if (shape && String(shape) !== String(tensor.shape)) {
      throw new InputError(
        `Cannot use weight "${name}": its shape is [${tensor.shape}], the config wants [${shape}]`,
      );
    }
    return tensor;
  }

  /** The weight of this name, or null. */
  find(name: string): Tensor | null {
    return this.tensors.get(name) ?? null;
  }

  /** The weights whose names begin with `prefix`, without it. Shares the tensors. */
  under(prefix: string): WeightsMap {
    const own = new Map<string, Tensor>();
    for (const [name, tensor] of this.tensors) {
      if (name.startsWith(prefix)) own.set(name.slice(prefix.length), tensor);
    }
    return new WeightsMap(own, this);
  }

  /** Frees every weight. */
  dispose(kernels: Kernels): void {
    this.#state.freed = true;
    kernels.dispose(...this.tensors.values());
    this.tensors.clear();
  }
}
