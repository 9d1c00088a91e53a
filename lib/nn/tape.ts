/**
 * Gradients through whatever is computed with kernels: a tape notes the operations, and goes back
 * through them.
 *
 * Both directions run on the same kernels, so gradients cost what the operations cost, on every
 * backend and in every element type, and weights are never copied. Weights are constants here: what
 * trains models is `lab/training`, with the gradients of TensorFlow.js.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { attentionGradient } from "./attention_gradient.ts";
import { composedAttentionInputs, plainAfterAttention } from "./decoder_layer.ts";
import type { Kernels, Tensor } from "./kernels.ts";
import { padded, rowsBack, shapedLike, turnedBack } from "./tape_shapes.ts";

/** One operation that was noted. */
interface Step {
  readonly output: Tensor;
  readonly inputs: readonly Tensor[];
  /** Gradients of the inputs from that of the output; null for those that nobody wants. */
  readonly backward: (dy: Tensor, wanted: readonly boolean[]) => readonly (Tensor | null)[];
}

/**
 * The operations between what is watched and its results.
 *
 * Use one within a scope of the kernels: scopes of {@link Tape.kernels} free nothing, because the way
 * back needs what was computed on the way there, and the outer scope frees it all.
 *
 * @example
 * ```ts
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { Tape } from "./tape.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const base = createKernels("float32");
 * const slope = base.scope(() => {
 *   const tape = new Tape(base), k = tape.kernels;
 *   const x = tape.watch(k.tensor(Float32Array.of(1, 2, 3), [3]));
 *   const y = k.mul(x, k.scale(x, 2)); // 2 x^2
 *   return [...k.readSync(tape.gradients(y, k.tensor(Float32Array.of(1, 1, 1), [3]), [x])[0])];
 * });
 * assertEquals(slope, [4, 8, 12]);
 * ```
 */
export class Tape {
  /** The kernels, with every operation on what is watched noted. */
  readonly kernels: Kernels;
  readonly #steps: Step[] = [];
  readonly #watched = new Set<Tensor>();

  /** An empty tape over kernels. */
  constructor(readonly base: Kernels) {
    this.kernels = { ...base, ...this.#noted(base), ...unscoped };
  }

  /** Watches a tensor: operations on it are noted from now on. Returns it. */
  watch(x: Tensor): Tensor {
    this.#watched.add(x);
    return x;
  }

  /**
   * Gradients of a function of `result` with respect to tensors of the tape, float32 or in the element
   * type of matrix products; zero for those that it does not depend on.
   *
   * @param dy its gradient with respect to `result`, of the same shape
   * @param wanted tensors that were watched, or results of noted operations
   */
  gradients(result: Tensor, dy: Tensor, wanted: readonly Tensor[]): Tensor[] {
    const k = this.base, found = new Map<Tensor, Tensor>([[result, dy]]);
    for (const { output, inputs, backward } of this.#steps.toReversed()) {
      const own = found.get(output);
      if (!own) continue;
      const watched = inputs.map((x) => this.#watched.has(x));
      backward(own, watched).forEach((part, i) => {
        if (!part || !watched[i]) return;
        const sum = found.get(inputs[i]);
        found.set(inputs[i], sum ? k.add(sum, part) : part);
      });
    }
    return wanted.map((x) => found.get(x) ?? k.zeros(x.shape));
  }

  /** Notes an operation, if it concerns anything that is watched; gives its result. */
  #note(output: Tensor, inputs: readonly Tensor[], backward: Step["backward"]): Tensor {
    if (!inputs.some((x) => this.#watched.has(x))) return output;
    this.#watched.add(output);
    this.#steps.push({ output, inputs, backward });
    return output;
  }

  /** Refuses an operation without a gradient on what is watched. */
  #constant(what: string, inputs: readonly (Tensor | null | undefined)[]): void {
    if (!inputs.some((x) => x && this.#watched.has(x))) return;
    throw new InputError(
      `Cannot go back through ${what}: no gradient is known for it here. Gradients are those of the ` +
        "decoder, up to the embeddings and visual features that enter it; watch what comes after it",
    );
  }

  /** The operations that have gradients. */
  #noted(k: Kernels): Partial<Kernels> {
    return {
      cast: (x, dtype) => this.#note(k.cast(x, dtype), [x], (dy) => [dy]),
      reshape: (x, shape) => this.#note(k.reshape(x, shape), [x], (dy) => [k.reshape(dy, x.shape)]),
      transpose: (x, order) =>
        this.#note(k.transpose(x, order), [x], (dy) => [turnedBack(k, dy, order)]),
      slice: (x, begin, size) =>
        this.#note(k.slice(x, begin, size), [x], (dy) => [padded(k, dy, begin, x.shape)]),
      concat: (tensors, axis) =>
        this.#note(k.concat(tensors, axis), tensors, (dy, wanted) => {
          let start = 0;
          return tensors.map((x, i) => {
            const begin = dy.shape.map((_, a) => a === axis ? start : 0);
            start += x.shape[axis];
            return wanted[i] ? k.slice(dy, begin, x.shape) : null;
          });
        }),
      gather: (x, rows) => {
        if (this.#watched.has(x)) return this.#gather(k, x, rows);
        return k.gather(x, rows);
      },
      broadcastBatch: (x, count) =>
        this.#note(k.broadcastBatch(x, count), [x], (dy) => [k.sum(dy, 0, true)]),

      add: (a, b) =>
        this.#note(
          k.add(a, b),
          [a, b],
          (dy, wanted) => [a, b].map((x, i) => wanted[i] ? shapedLike(k, dy, x.shape) : null),
        ),
      mul: (a, b) =>
        this.#note(
          k.mul(a, b),
          [a, b],
          (dy, wanted) =>
            [[a, b], [b, a]].map(([x, other], i) =>
              wanted[i] ? shapedLike(k, k.mul(dy, other), x.shape) : null
            ),
        ),
      scale: (x, factor) => this.#note(k.scale(x, factor), [x], (dy) => [k.scale(dy, factor)]),
      sum: (x, axis, keepDims = false) =>
        this.#note(k.sum(x, axis, keepDims), [x], (dy) => {
          const at = axis < 0 ? x.shape.length + axis : axis;
          const kept = k.reshape(dy, x.shape.map((size, a) => a === at ? 1 : size));
          return [k.add(k.zeros(x.shape), kept)];
        }),

      matMul: (a, b, options = {}) =>
        this.#note(k.matMul(a, b, options), [a, b], (dy, [wantsA, wantsB]) => {
          const { transposeB = false } = options;
          const ofA = wantsA ? k.matMul(dy, b, { transposeB: !transposeB }) : null;
          const left = (x: Tensor) => turnedBack(k, x, lastSwapped(x.shape.length));
          const ofB = wantsB ? transposeB ? k.matMul(left(dy), a) : k.matMul(left(a), dy) : null;
          return [ofA && shapedLike(k, ofA, a.shape), ofB && shapedLike(k, ofB, b.shape)];
        }),
      linear: (x, weight, bias, activation) => {
        this.#constant("a product with a watched weight", [weight, bias]);
        if (activation) {
          this.#constant("a product with an activation", [x]);
          return k.linear(x, weight, bias, activation);
        }
        return this.#note(k.linear(x, weight, bias), [x], (dy) => {
          const rows = k.reshape(dy, [-1, weight.shape[0]]);
          return [k.reshape(k.matMul(rows, weight), x.shape)];
        });
      },
      convolution: (call) => {
        this.#constant("a convolution", [call.x, call.kernel, call.bias]);
        return k.convolution(call);
      },
      softmax: (x) => this.#softmax(k, x, k.softmax(x)),
      causalSoftmax: (x, firstQuery) => this.#softmax(k, x, k.causalSoftmax(x, firstQuery)),
      attention: (query, keys, values, options) => {
        const z = k.attention(query, keys, values, options);
        return this.#note(z, [query, ...keys, ...values], (dy, [, ...wanted]) => {
          const either = (run: number) => wanted[run] || wanted[keys.length + run];
          const found = attentionGradient(k, query, keys, values, options, dy, either);
          return [found.query, ...found.keys, ...found.values];
        });
      },
      rowAttention: (call) => {
        this.#constant(
          "attention of a vision tower",
          [call.query, call.key, call.value].map((x) => x.rows),
        );
        return k.rowAttention(call);
      },
      attentionInputs: (call) => composedAttentionInputs(this.kernels, call),
      afterAttention: (call) => plainAfterAttention(this.kernels, call),
      rmsNorm: (x, gain, eps) => {
        this.#constant("a norm with a watched gain", [gain]);
        const backward = (dy: Tensor) => [k.rmsNormGradient(x, gain, dy, eps)];
        return this.#note(k.rmsNorm(x, gain, eps), [x], backward);
      },
      layerNorm: (x, gain, bias, eps) => {
        this.#constant("a layer norm", [x, gain, bias]);
        return k.layerNorm(x, gain, bias, eps);
      },
      rotate: (x, cos, sin) => {
        this.#constant("a rotary embedding with watched tables", [cos, sin]);
        const half = sin.shape[1] / 2;
        return this.#note(k.rotate(x, cos, sin), [x], (dy) => {
          // x cos + rotateHalf(x) sin, transposed: sin's halves change places, and its sign
          const halves = [half, 0].map((at) => k.slice(sin, [0, at], [-1, half]));
          return [k.rotate(dy, cos, k.scale(k.concat(halves, 1), -1))];
        });
      },
      activation: (x, name) => {
        this.#constant("an activation without a gate", [x]);
        return k.activation(x, name);
      },
      gatedActivation: (gate, up, name) =>
        this.#note(
          k.gatedActivation(gate, up, name),
          [gate, up],
          (dy) => k.gatedActivationGradient(gate, up, dy, name),
        ),
    };
  }

  #softmax(k: Kernels, x: Tensor, p: Tensor): Tensor {
    return this.#note(p, [x], (dp) => [k.softmaxGradient(p, dp)]);
  }

  #gather(k: Kernels, x: Tensor, rows: Tensor): Tensor {
    const from = k.readSync(rows) as Int32Array;
    return this.#note(k.gather(x, rows), [x], (dy) => [rowsBack(k, dy, from, x.shape)]);
  }
}

/** Scopes that free nothing. */
const unscoped: Pick<Kernels, "scope" | "dispose"> = { scope: (body) => body(), dispose: () => {} };

/** The order of axes with the last two exchanged. */
function lastSwapped(rank: number): number[] {
  const order = Array.from({ length: rank }, (_, axis) => axis);
  return [...order.slice(0, -2), rank - 1, rank - 2];
}
