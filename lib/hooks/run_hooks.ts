/**
 * Runs hooks at their points and counts how often each fired.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../common/errors.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import {
  type Hook,
  type HookContext,
  type Hooks,
  type KernelHook,
  matchHookNames,
} from "./hook_point.ts";

/** The layer number in a hook name, or -1. */
function layerOf(name: string): number {
  const match = /blocks\.(\d+)\./.exec(name);
  return match ? Number(match[1]) : -1;
}

/**
 * The hooks of one run. The model calls {@link RunHooks.apply} at each point; where no hook is
 * attached that costs one map look-up.
 *
 * @example
 * ```ts
 * import { RunHooks } from "./run_hooks.ts";
 * import { hookNames } from "./hook_point.ts";
 * import { portableKernels } from "../backend/portable.ts";
 * import { assertThrows } from "@std/assert";
 * const k = portableKernels();
 * assertThrows(() => new RunHooks({ "blocks.0.attn.patern": () => {} }, hookNames(1, 0), k));
 * ```
 */
export class RunHooks {
  readonly #byName = new Map<string, KernelHook[]>();
  readonly #fired = new Map<string, number>();

  /**
   * Attaches hooks to their points.
   *
   * @param hooks names or patterns, and the functions to run there
   * @param valid all hook names of the model, from `hookNames`
   * @param kernels the model's kernels
   * @throws {InputError} for a name that matches no hook point
   */
  constructor(hooks: Hooks, valid: readonly string[], readonly kernels: Kernels) {
    for (const [pattern, given] of Object.entries(hooks)) {
      const list = (Array.isArray(given) ? given : [given]) as (Hook | KernelHook)[];
      for (const name of matchHookNames(pattern, valid)) {
        const own = this.#byName.get(name) ?? [];
        own.push(...list.map((hook) => typeof hook === "function" ? onTfjsTensor(hook) : hook));
        this.#byName.set(name, own);
        this.#fired.set(name, 0);
      }
    }
  }

  /** Whether any hook is attached to this point. */
  wants(name: string): boolean {
    return this.#byName.has(name);
  }

  /**
   * Runs the hooks of a point and returns the activation, replaced where a hook returned another.
   *
   * @param name hook point
   * @param x the activation, of the shape that `decoderLayerPoints` states
   * @param firstPosition position in the sequence of the activation's first row
   * @throws {InputError} if a hook returns another shape
   */
  apply(name: string, x: Tensor, firstPosition = 0): Tensor {
    const hooks = this.#byName.get(name);
    if (!hooks) return x;
    const context: HookContext = { name, layer: layerOf(name), firstPosition };
    let current = x;
    for (const hook of hooks) {
      const result = hook.onTensor(current, this.kernels, context);
      if (!result) continue;
      if (String(result.shape) !== String(x.shape)) {
        throw new InputError(
          `Cannot replace the activation at "${name}": the hook returned shape ` +
            `[${result.shape}], wanted [${x.shape}]`,
        );
      }
      current = result;
    }
    this.#fired.set(name, this.#fired.get(name)! + 1);
    return current;
  }

  /** How often each hooked point fired, by name; 0 means that the hook never ran. */
  get fireCounts(): ReadonlyMap<string, number> {
    return this.#fired;
  }
}

/** Wraps a hook on TensorFlow.js tensors: converts, runs it in a tidy, converts back. */
function onTfjsTensor(hook: Hook): KernelHook {
  return {
    onTensor(x, kernels, context) {
      const result = tf.tidy(() => hook(kernels.toTfjs(x), context) as tf.Tensor | undefined);
      if (!result) return;
      const replaced = kernels.fromTfjs(result, x.dtype);
      result.dispose();
      return replaced;
    },
  };
}
