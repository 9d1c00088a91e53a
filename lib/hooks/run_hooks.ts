/**
 * Runs hooks at their points and counts how often each fired.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
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
   * @throws {InputError} for a name that matches no hook point, and for what is no hook
   */
  constructor(hooks: Hooks, valid: readonly string[], readonly kernels: Kernels) {
    for (const [pattern, given] of hookEntries(hooks)) {
      const list = (Array.isArray(given) ? given : [given]) as (Hook | KernelHook)[];
      for (const hook of list) checkHook(pattern, hook);
      for (const name of matchHookNames(pattern, valid)) {
        const own = this.#byName.get(name) ?? [];
        own.push(
          ...list.map((hook) => typeof hook === "function" ? onTfjsTensor(hook, name) : hook),
        );
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
   * @throws {InputError} if a hook returns another shape, or anything that is no tensor
   */
  apply(name: string, x: Tensor, firstPosition = 0): Tensor {
    const hooks = this.#byName.get(name);
    if (!hooks) return x;
    const context: HookContext = { name, layer: layerOf(name), firstPosition };
    let current = x;
    for (const hook of hooks) {
      const result = hook.onTensor(current, this.kernels, context);
      if (result === undefined || result === null) continue;
      checkReturned(result, name);
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

  /** Rows that all hooks of a point read where they read these and no others; null where one wants all. */
  rowsRead(name: string): readonly number[] | null {
    const [first, ...others] = this.#byName.get(name) ?? [];
    const rows = first?.rows?.rows;
    if (!rows) return null;
    return others.every((hook) => String(hook.rows?.rows) === String(rows)) ? rows : null;
  }

  /**
   * Shows a point's hooks the rows that they read; see {@link RunHooks.rowsRead}.
   *
   * @param x these rows, `[B, N, rows, S]`
   */
  showRows(name: string, x: Tensor, firstPosition = 0): void {
    const context: HookContext = { name, layer: layerOf(name), firstPosition };
    for (const hook of this.#byName.get(name)!) hook.rows!.onRows(x, this.kernels, context);
    this.#fired.set(name, this.#fired.get(name)! + 1);
  }

  /** The hooked points whose names begin with a text. */
  under(prefix: string): string[] {
    return [...this.#byName.keys()].filter((name) => name.startsWith(prefix));
  }

  /** How often each hooked point fired, by name; 0 means that the hook never ran. */
  get fireCounts(): ReadonlyMap<string, number> {
    return this.#fired;
  }
}

/**
 * The names and hooks of an object, or of a Map.
 *
 * @throws {InputError} for anything else
 */
export function hookEntries(hooks: Hooks): [string, Hooks[string]][] {
  if (hooks instanceof Map) return [...hooks];
  if (isRecord(hooks)) return Object.entries(hooks);
  throw new InputError(
    `Cannot use ${kindOf(hooks)} as hooks: wanted an object with functions by hook name, such as ` +
      '{ "blocks.0.attn.z": (z) => z.mul(0) }',
  );
}

/** Refuses what cannot run at a hook point. */
function checkHook(pattern: string, hook: unknown): void {
  if (typeof hook === "function") return;
  if (isRecord(hook) && typeof hook.onTensor === "function") return;
  throw new InputError(
    `Cannot run ${
      kindOf(hook)
    } at "${pattern}": wanted a function of the activation, or a list of ` +
      "them",
  );
}

/** Refuses what a hook returned if it is no tensor. */
function checkReturned(result: unknown, name: string): void {
  if (isRecord(result) && Array.isArray(result.shape)) {
    if (result.isDisposed !== true) return;
    throw new InputError(
      `Cannot replace the activation at "${name}": the hook returned a tensor that was disposed of; ` +
        "keep it with tf.keep, or make it within the hook",
    );
  }
  const promised = typeof (result as { then?: unknown }).then === "function";
  if (promised) (result as Promise<unknown>).then(undefined, () => {}); // its failure is not news
  throw new InputError(
    `Cannot replace the activation at "${name}": the hook returned ` +
      (promised
        ? "a Promise, but the model does not wait; write the hook without async and await, and read " +
          "values with dataSync()"
        : `${kindOf(result)}; wanted a tensor of the same shape, or nothing`),
  );
}

/** Wraps a hook on TensorFlow.js tensors: converts, runs it in a tidy, converts back. */
function onTfjsTensor(hook: Hook, name: string): KernelHook {
  return {
    onTensor(x, kernels, context) {
      const result = tf.tidy(() => {
        const returned = hook(kernels.toTfjs(x), context) as tf.Tensor | undefined | null;
        if (returned === undefined || returned === null) return undefined;
        checkReturned(returned, name);
        return returned.clone(); // one that was made before the run stays its maker's
      });
      if (!result) return;
      const replaced = kernels.fromTfjs(result, x.dtype);
      result.dispose();
      return replaced;
    },
  };
}
