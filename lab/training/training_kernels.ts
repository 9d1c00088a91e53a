/**
 * The portable kernels with gradients written out where that saves time and memory: norms, rotary
 * embeddings and gated activations keep their inputs only, and take one operation each way where our
 * own operations are compiled.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { type GradientOps, gradientOps } from "../../lib/backend/native_gradients.ts";
import { portableKernels } from "../../lib/backend/portable.ts";
import { asKernelTensor, asTfjs } from "./tensors.ts";

/** `x [.., in]` times `weight [out, in]` transposed. */
function linear(x: tf.Tensor, weight: tf.Tensor): tf.Tensor {
  const rows = (t: tf.Tensor) => tf.reshape(t, [-1, t.shape[t.rank - 1]!]) as tf.Tensor2D;
  return withGradient(
    (input, w) => {
      const product = tf.matMul(rows(input), w as tf.Tensor2D, false, true);
      return tf.reshape(product, [...input.shape.slice(0, -1), w.shape[0]]);
    },
    (dy, [input, w]) => {
      const own = rows(dy);
      return [
        tf.reshape(tf.matMul(own, w as tf.Tensor2D), input.shape),
        tf.matMul(own, rows(input), true, false),
      ];
    },
    [x, weight],
  );
}

/** What has a gradient of its own here. */
interface Roles {
  rmsNorm(x: tf.Tensor, gain: tf.Tensor | null, eps: number): tf.Tensor;
  rotate(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor;
  gatedSilu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor;
}

/**
 * A function with a gradient of its own, on any number of tensors. What the gradient needs, its own
 * handles on the inputs and the gradient of the result, is freed once it is used (as TensorFlow.js
 * frees gradients that it adds up): the tape would hold it until the last gradient is there.
 */
function withGradient(
  forward: (...inputs: tf.Tensor[]) => tf.Tensor,
  backward: (dy: tf.Tensor, inputs: tf.Tensor[]) => tf.Tensor[],
  inputs: tf.Tensor[],
): tf.Tensor {
  const run = tf.customGrad((...given) => {
    const save = given[given.length - 1] as unknown as tf.GradSaveFunc;
    const tensors = given.slice(0, -1) as tf.Tensor[];
    save(tensors);
    return {
      value: forward(...tensors),
      gradFunc: (dy, saved) => {
        const gradients = tf.tidy(() => backward(dy as tf.Tensor, saved));
        tf.dispose([dy as tf.Tensor, ...saved]);
        return gradients;
      },
    };
  });
  return run(...inputs);
}

/** Sum over all axes but the last `keep`, for parameters that were broadcast. */
function sumLeading(x: tf.Tensor, keep: number): tf.Tensor {
  const tail = x.shape.slice(x.rank - keep);
  const rows = x.size / tail.reduce((a, b) => a * b, 1);
  return tf.reshape(tf.sum(tf.reshape(x, [rows, -1]), 0), tail);
}

const inverseRms = (x: tf.Tensor, eps: number) =>
  tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));

function rmsNorm(x: tf.Tensor, gain: tf.Tensor | null, eps: number): tf.Tensor {
  const normalize = (input: tf.Tensor) => tf.mul(input, inverseRms(input, eps));
  // y = x r, r = (mean x^2 + eps)^(-1/2): dx = r (dy - y mean(dy y))
  const back = (dy: tf.Tensor, unit: tf.Tensor, r: tf.Tensor) =>
    tf.mul(r, tf.sub(dy, tf.mul(unit, tf.mean(tf.mul(dy, unit), -1, true))));
  if (!gain) {
    return withGradient(normalize, (dy, [input]) => {
      const r = inverseRms(input, eps);
      return [back(dy, tf.mul(input, r), r)];
    }, [x]);
  }
  return withGradient((input, g) => tf.mul(normalize(input), g), (dy, [input, g]) => {
    const r = inverseRms(input, eps);
    const unit = tf.mul(input, r);
    return [back(tf.mul(dy, g), unit, r), sumLeading(tf.mul(dy, unit), 1)];
  }, [x, gain]);
}

/** `[-second half, first half]` of the last axis. */
function rotateHalf(x: tf.Tensor): tf.Tensor {
  const half = x.shape[x.rank - 1] / 2;
  const [first, second] = tf.split(x, [half, half], -1);
  return tf.concat([tf.neg(second), first], -1);
}

/** The halves of the last axis, exchanged. */
function swapHalves(x: tf.Tensor): tf.Tensor {
  const half = x.shape[x.rank - 1] / 2;
  const [first, second] = tf.split(x, [half, half], -1);
  return tf.concat([second, first], -1);
}

function rotate(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  return withGradient(
    (input, c, s) => tf.add(tf.mul(input, c), tf.mul(rotateHalf(input), s)),
    (dy, [input, c, s]) => {
      // the transpose of rotateHalf is its negative, rotateHalf(dy s) = rotateHalf(dy) swapHalves(s),
      // and the sum of dy rotateHalf(x) is -swapHalves(the sum of rotateHalf(dy) x)
      const turned = rotateHalf(dy);
      return [
        tf.sub(tf.mul(dy, c), tf.mul(turned, swapHalves(s))),
        sumLeading(tf.mul(dy, input), 2),
        tf.neg(swapHalves(sumLeading(tf.mul(turned, input), 2))),
      ];
    },
    [x, cos, sin],
  );
}

function gatedSilu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return withGradient(
    (g, u) => tf.mul(tf.mul(g, tf.sigmoid(g)), u),
    (dy, [g, u]) => {
      const s = tf.sigmoid(g);
      const silu = tf.mul(g, s);
      // silu' = s + silu (1 - s)
      const slope = tf.add(s, tf.mul(silu, tf.sub(1, s)));
      return [tf.mul(tf.mul(dy, u), slope), tf.mul(dy, silu)];
    },
    [gate, up],
  );
}

const portableRoles: Roles = { rmsNorm, rotate, gatedSilu };

/** The same three in one operation each way. */
function fusedRoles(ops: GradientOps): Roles {
  return {
    rmsNorm: (x, gain, eps) =>
      withGradient(
        (input, g) => ops.rmsNorm(input, g ?? null, eps),
        (dy, [input, g]) => ops.rmsNormGradient(input, g ?? null, dy, eps),
        gain ? [x, gain] : [x],
      ),
    rotate: (x, cos, sin) =>
      withGradient(
        (input, c, s) => ops.rotate(input, c, s),
        (dy, [input, c, s]) => ops.rotateGradient(input, c, s, dy),
        [x, cos, sin],
      ),
    gatedSilu: (gate, up) =>
      withGradient(
        (g, u) => ops.gatedSilu(g, u),
        (dy, [g, u]) => ops.gatedSiluGradient(g, u, dy),
        [gate, up],
      ),
  };
}

/**
 * Kernels for training, on the current TensorFlow.js backend.
 *
 * Gradients with respect to their results are freed as they are used, one given from outside (the
 * `dy` of `tf.grad`) too.
 *
 * @param ops our own operations, those that there are by default; null for portable ones
 *
 * @example
 * ```ts
 * import { useBackend } from "../../lib/backend/select.ts";
 * import { trainingKernels } from "./training_kernels.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * assertEquals(trainingKernels().computeDType, "float32");
 * ```
 */
export function trainingKernels(ops: GradientOps | null = gradientOps()): Kernels {
  const portable = portableKernels();
  const { rmsNorm, rotate, gatedSilu } = ops ? fusedRoles(ops) : portableRoles;
  return {
    ...portable,
    linear: (x, weight, bias, activation) =>
      bias || activation
        ? portable.linear(x, weight, bias, activation)
        : asKernelTensor(linear(asTfjs(x), asTfjs(weight))),
    rmsNorm: (x, gain, eps) => asKernelTensor(rmsNorm(asTfjs(x), gain && asTfjs(gain), eps)),
    rotate: (x, cos, sin) => asKernelTensor(rotate(asTfjs(x), asTfjs(cos), asTfjs(sin))),
    gatedActivation: (gate, up, name) =>
      name === "silu"
        ? asKernelTensor(gatedSilu(asTfjs(gate), asTfjs(up)))
        : portable.gatedActivation(gate, up, name),
  };
}
