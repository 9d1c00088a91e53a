/**
 * Our own operations for training, compiled by the set-up from `tools/native/ops/gradients.h`: the
 * forward operations of `native_fused.ts` and their gradients on TensorFlow.js tensors, each in one
 * pass over memory.
 *
 * `lab/training` says in portable operations what they compute; its tests hold the two equal. For
 * Muon there is also arithmetic in bfloat16.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Kernels, Tensor, TfjsTensor } from "../nn/kernels.ts";
import { nativeKernels } from "./native.ts";
import { registerFusedOps } from "./native_fused.ts";
import { NativeOps } from "./native_ops.ts";
import { tensorStore } from "./native_tensors.ts";
import { type OpAttribute, tensorFlow } from "./tensorflow.ts";

/** The operations; all tensors are float32. */
export interface GradientOps {
  /** `x / rms(x) * gain` over the last axis. */
  rmsNorm(x: TfjsTensor, gain: TfjsTensor | null, eps: number): TfjsTensor;
  /** Gradients of `x` and, where there is one, of the gain. */
  rmsNormGradient(
    x: TfjsTensor,
    gain: TfjsTensor | null,
    dy: TfjsTensor,
    eps: number,
  ): TfjsTensor[];
  /** `silu(gate) * up`. */
  gatedSilu(gate: TfjsTensor, up: TfjsTensor): TfjsTensor;
  /** Gradients of `gate` and `up`. */
  gatedSiluGradient(gate: TfjsTensor, up: TfjsTensor, dy: TfjsTensor): TfjsTensor[];
  /** Rotary embedding of `[.., T, H]` with tables `[T, H]`. */
  rotate(x: TfjsTensor, cos: TfjsTensor, sin: TfjsTensor): TfjsTensor;
  /** Gradients of `x`, `cos` and `sin`. */
  rotateGradient(
    x: TfjsTensor,
    cos: TfjsTensor,
    sin: TfjsTensor,
    dy: TfjsTensor,
  ): TfjsTensor[];
  /** Softmax of `scores + mask`, whose last axes are the mask's. */
  maskedSoftmax(scores: TfjsTensor, mask: TfjsTensor): TfjsTensor;
  /** Gradient of a softmax's input from its output `p` and the output's gradient. */
  softmaxGradient(p: TfjsTensor, dp: TfjsTensor): TfjsTensor;
}

/**
 * The operations, or null where they cannot be used: another backend than `tensorflow` runs, they
 * are not compiled, or TensorFlow runs on a GPU.
 */
export function gradientOps(): GradientOps | null {
  if (tf.getBackend() !== "tensorflow") return null;
  const library = tensorFlow();
  if (!registerFusedOps(library)?.gradients) return null;
  const store = tensorStore();
  const ops = new NativeOps(store);
  const none = () => store.constant([], "float32");
  const run = (
    name: string,
    attributes: OpAttribute[],
    inputs: readonly (TfjsTensor | null)[],
    outputs = 1,
  ) => {
    const ids = inputs.map((x) => x ? library.idOf(x) : none());
    return library.binding.executeOp(name, attributes, ids, outputs).map(library.toTfjs);
  };
  const float = ops.type("T", "float32");
  const gated = [float, ops.integer("kind", 0)];
  return {
    rmsNorm: (x, gain, eps) => {
      const attributes = ops.attributes(`norm${eps}`, () => [
        ...["X", "G", "Y"].map((name) => ops.type(name, "float32")),
        ops.float("eps", eps),
        ops.flag("center", false),
      ]);
      return run("CorelensNorm", attributes, [x, gain, null])[0];
    },
    rmsNormGradient: (x, gain, dy, eps) => {
      const attributes = ops.attributes(`gradient${eps}`, () => [ops.float("eps", eps)]);
      const [dx, dgain] = run("CorelensNormGradient", attributes, [x, gain, dy], 2);
      if (gain) return [dx, dgain];
      dgain.dispose();
      return [dx];
    },
    gatedSilu: (gate, up) => run("CorelensGated", gated, [gate, up])[0],
    gatedSiluGradient: (gate, up, dy) => run("CorelensGatedGradient", [], [gate, up, dy], 2),
    rotate: (x, cos, sin) => run("CorelensRotate", [float], [x, cos, sin])[0],
    rotateGradient: (x, cos, sin, dy) => run("CorelensRotateGradient", [], [x, cos, sin, dy], 3),
    maskedSoftmax: (scores, mask) => run("CorelensMaskedSoftmax", [], [scores, mask])[0],
    softmaxGradient: (p, dp) => run("CorelensSoftmaxGradient", [], [p, dp])[0],
  };
}

/** Products of matrices and their weighted sums, in the precision of the kernels. */
export interface MatrixArithmetic {
  /** Kernels for everything else. */
  readonly kernels: Kernels;
  /** `a x + b y`. */
  weightedSum(x: Tensor, a: number, y: Tensor, b: number): Tensor;
}

/**
 * Arithmetic in bfloat16, sums rounded once as in PyTorch, where it is faster than float32: with our
 * own operations on a processor with matrix registers. Null elsewhere.
 */
export function bfloat16Arithmetic(): MatrixArithmetic | null {
  if (tf.getBackend() !== "tensorflow") return null;
  const fused = registerFusedOps(tensorFlow());
  if (!fused?.gradients || !fused.matrixRegisters) return null;
  const store = tensorStore();
  const ops = new NativeOps(store);
  return {
    kernels: nativeKernels({ dtype: "bfloat16" }),
    weightedSum: (x, a, y, b) => {
      const attributes = ops.attributes(
        `${a},${b}`,
        () => [ops.float("first", a), ops.float("second", b)],
      );
      return store.run("CorelensWeightedSum", attributes, [store.idOf(x), store.idOf(y)]);
    },
  };
}
