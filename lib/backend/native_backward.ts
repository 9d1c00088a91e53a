/**
 * Gradients of the steps between matrix products, on the native kernels' tensors: our own operations
 * where they are compiled (those of `native_gradients.ts`), else TensorFlow's.
 *
 * The counterpart in `portable.ts` is the specification; `tests/suites/kernel_suite.ts` holds them
 * equal.
 * @module
 */
import type { Activation } from "../nn/kernels.ts";
import type { NativeOps } from "./native_ops.ts";
import type { NativeTensor } from "./native_tensors.ts";

/** The gradients of the kernels, on native handles. */
export interface BackwardOps {
  /** As `Kernels.rmsNormGradient`. */
  rmsNorm(x: NativeTensor, gain: NativeTensor | null, dy: NativeTensor, eps: number): NativeTensor;
  /** As `Kernels.gatedActivationGradient`. */
  gated(
    gate: NativeTensor,
    up: NativeTensor,
    dy: NativeTensor,
    name: Activation,
  ): readonly [NativeTensor, NativeTensor];
  /** As `Kernels.softmaxGradient`. */
  softmax(p: NativeTensor, dp: NativeTensor): NativeTensor;
}

/**
 * Gradients in float32. Each runs within a scope.
 *
 * @param fused whether our own operations are there
 * @param activate an activation function in float32
 */
export function backwardOps(
  ops: NativeOps,
  fused: boolean,
  activate: (x: NativeTensor, name: Activation) => NativeTensor,
): BackwardOps {
  const { store } = ops;
  const wide = (x: NativeTensor) => ops.cast(x, "float32");
  const { mul, add, sub } = arithmetic(ops);

  const plain: BackwardOps = {
    rmsNorm(x, gain, dy, eps) {
      const input = wide(x);
      const meanSquare = ops.reduce("Mean", ops.unary("Square", input), -1, true);
      const inverse = ops.unary("Rsqrt", ops.withScalar("AddV2", meanSquare, eps));
      const unit = mul(input, inverse);
      const own = gain ? mul(wide(dy), wide(gain)) : wide(dy);
      const along = mul(unit, ops.reduce("Mean", mul(own, unit), -1, true));
      return mul(sub(own, along), inverse);
    },
    gated(gate, up, dy, name) {
      const [g, u, d] = [gate, up, dy].map(wide);
      return [mul(mul(d, u), slope(ops, g, name)), mul(d, activate(g, name))];
    },
    softmax(p, dp) {
      const own = wide(p), product = mul(own, wide(dp));
      return add(
        product,
        mul(own, ops.withScalar("Mul", ops.reduce("Sum", product, -1, true), -1)),
      );
    },
  };
  if (!fused) return plain;

  const none = () => store.constant([], "float32");
  /** Runs an operation of our own on float32 tensors; its outputs. */
  const run = (
    name: string,
    inputs: readonly (NativeTensor | null)[],
    outputs: number,
    eps?: number,
  ) => {
    const attributes = eps === undefined
      ? []
      : ops.attributes(`backward${eps}`, () => [ops.float("eps", eps)]);
    const ids = inputs.map((x) => x ? wide(x).id : none());
    return store.tensorFlow.binding.executeOp(name, attributes, ids, outputs)
      .map((raw) => store.adopt(raw));
  };
  return {
    rmsNorm: (x, gain, dy, eps) => run("CorelensNormGradient", [x, gain, dy], 2, eps)[0],
    gated(gate, up, dy, name) {
      if (name !== "silu") return plain.gated(gate, up, dy, name);
      const [toGate, toUp] = run("CorelensGatedGradient", [gate, up, dy], 2);
      return [toGate, toUp];
    },
    softmax: (p, dp) => run("CorelensSoftmaxGradient", [p, dp], 1)[0],
  };
}

/** Sums, differences and products of float32 tensors. */
function arithmetic(ops: NativeOps) {
  const binary = (name: string) => (a: NativeTensor, b: NativeTensor) => ops.binary(name, a, b);
  return { mul: binary("Mul"), add: binary("AddV2"), sub: binary("Sub") };
}

/** The derivative of an activation function, element by element, in float32. */
function slope(ops: NativeOps, x: NativeTensor, name: Activation): NativeTensor {
  const { mul, add } = arithmetic(ops);
  const times = (a: NativeTensor, by: number) => ops.withScalar("Mul", a, by);
  const plus = (a: NativeTensor, by: number) => ops.withScalar("AddV2", a, by);
  switch (name) {
    case "silu": // s (1 + x (1 - s))
    case "quick_gelu": {
      const inner = name === "silu" ? x : times(x, 1.702);
      const s = ops.unary("Sigmoid", inner);
      return mul(s, plus(mul(inner, plus(times(s, -1), 1)), 1));
    }
    case "gelu": { // Phi(x) + x phi(x)
      const below = times(plus(ops.unary("Erf", times(x, Math.SQRT1_2)), 1), 0.5);
      const density = ops.unary("Exp", times(ops.unary("Square", x), -0.5));
      return add(below, mul(x, times(density, 1 / Math.sqrt(2 * Math.PI))));
    }
    case "gelu_pytorch_tanh": { // (1 + t + x (1 - t^2) inner') / 2
      const root = Math.sqrt(2 / Math.PI), square = ops.unary("Square", x);
      const t = ops.unary("Tanh", mul(x, plus(times(square, 0.044715 * root), root)));
      const inner = plus(times(square, 3 * 0.044715 * root), root);
      const second = mul(mul(x, plus(times(ops.unary("Square", t), -1), 1)), inner);
      return times(add(plus(t, 1), second), 0.5);
    }
    case "relu": // 1 above 0, where the sign is 1
      return ops.unary("Sign", ops.unary("Relu", x));
  }
}
