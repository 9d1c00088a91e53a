/**
 * The steps of a model between its matrix products, out of TensorFlow's own operations: what runs on
 * every device and build of TensorFlow.
 *
 * The counterpart of `native_fused.ts`; `tests/suites/kernel_suite.ts` holds the two equal.
 * @module
 */
import type { Activation, AttentionOptions, DType, RowAttention } from "../nn/kernels.ts";
import type { NativeOps, OneDnnOps } from "./native_ops.ts";
import type { NativeTensor } from "./native_tensors.ts";
import { hiddenScore } from "../nn/mask.ts";

/** Steps that can be fused. Each runs within a scope, and may return an input. */
export interface BlockOps {
  /** As `Kernels.rmsNorm`. */
  rmsNorm(x: NativeTensor, gain: NativeTensor | null, eps: number): NativeTensor;
  /** As `Kernels.layerNorm`. */
  layerNorm(x: NativeTensor, gain: NativeTensor, bias: NativeTensor, eps: number): NativeTensor;
  /** As `Kernels.gatedActivation`, or `Kernels.activation` without `up`. */
  gated(gate: NativeTensor, up: NativeTensor | null, name: Activation): NativeTensor;
  /** As `Kernels.rotate`. */
  rotate(x: NativeTensor, cos: NativeTensor, sin: NativeTensor): NativeTensor;
  /** Sum of a float32 tensor and one of one shape, in float32. */
  addWide(wide: NativeTensor, narrow: NativeTensor): NativeTensor;
  /** As `Kernels.linear`, where there is an operation that is faster than TensorFlow's; else null. */
  linear(
    x: NativeTensor,
    weight: NativeTensor,
    bias: NativeTensor | null,
    activation?: Activation,
  ): NativeTensor | null;
  /** As `Kernels.attention`, where there is an operation for it. */
  readonly attention:
    | ((
      query: NativeTensor,
      keys: readonly NativeTensor[],
      values: readonly NativeTensor[],
      options: AttentionOptions,
    ) => NativeTensor)
    | null;
  /** As `Kernels.rowAttention`, where there is an operation for it. */
  readonly rowAttention: ((call: RowAttention) => NativeTensor) | null;
}

/** Largest mask that is kept for the next call, in elements. */
const cachedMaskSize = 1 << 18;

/** Added to scores: 0 where row i may see key j (`j <= first + i`), else {@link hiddenScore}: `[T, S]`. */
export function causalMask(
  ops: NativeOps,
  queries: number,
  keys: number,
  first: number,
  dtype: DType,
): NativeTensor {
  const { store } = ops;
  const ahead = keys - first - 1; // keys that the first row must not see
  const corner = () => {
    const data = new Float32Array(queries * ahead);
    for (let i = 0; i < queries; i++) data.fill(hiddenScore, i * ahead + i, (i + 1) * ahead);
    return data;
  };
  const id = queries * ahead <= cachedMaskSize
    ? store.namedConstant(`causal${queries},${ahead}`, [queries, ahead], corner)
    : store.create(corner(), [queries, ahead]).id;
  const attributes = ops.attributes(
    "pad",
    () => [ops.type("T", "float32"), ops.type("Tpaddings", "int32")],
  );
  const paddings = store.namedConstant(
    `paddings${first}`,
    [2, 2],
    () => new Int32Array([0, 0, first + 1, 0]),
  );
  return ops.cast(store.run("Pad", attributes, [id, paddings]), dtype);
}

/** The block operations out of TensorFlow's. */
export function plainBlocks(
  ops: NativeOps,
  computeDType: "float32" | "bfloat16",
  oneDnn: OneDnnOps,
): BlockOps {
  const { store } = ops;

  const activate = (x: NativeTensor, name: Activation): NativeTensor => {
    switch (name) {
      case "silu":
        return ops.swish(x, oneDnn);
      case "quick_gelu":
        return ops.withScalar(
          "Mul",
          ops.swish(ops.withScalar("Mul", x, 1.702), oneDnn),
          1 / 1.702,
        );
      case "relu":
        return ops.unary("Relu", x);
      case "gelu": {
        const half = ops.withScalar("Mul", x, 0.5);
        const erf = ops.unary("Erf", ops.withScalar("Mul", x, Math.SQRT1_2));
        return ops.binary("AddV2", half, ops.binary("Mul", half, erf));
      }
      case "gelu_pytorch_tanh": {
        // inner = sqrt(2/pi) * x * (1 + 0.044715 x^2)
        const root = Math.sqrt(2 / Math.PI);
        const slope = ops.withScalar("Mul", ops.unary("Square", x), 0.044715 * root);
        const inner = ops.binary("Mul", x, ops.withScalar("AddV2", slope, root));
        const half = ops.withScalar("Mul", x, 0.5);
        return ops.binary("AddV2", half, ops.binary("Mul", half, ops.unary("Tanh", inner)));
      }
    }
  };
  /** The other activations' formulas need float32 inside. */
  const activated = (x: NativeTensor, name: Activation): NativeTensor =>
    name === "silu" || name === "relu"
      ? activate(ops.cast(x, computeDType), name)
      : ops.cast(activate(ops.cast(x, "float32"), name), computeDType);

  return {
    rmsNorm: (x, gain, eps) => {
      const input = ops.cast(x, "float32");
      const length = ops.reduce("EuclideanNorm", input, -1, true);
      const width = x.shape[x.shape.length - 1];
      const meanSquare = ops.withScalar("Mul", ops.unary("Square", length), 1 / width);
      const inverse = ops.unary("Rsqrt", ops.withScalar("AddV2", meanSquare, eps));
      const normalized = ops.binary("Mul", input, inverse);
      const scaled = gain ? ops.binary("Mul", normalized, ops.cast(gain, "float32")) : normalized;
      return ops.cast(scaled, computeDType);
    },

    layerNorm: (x, gain, bias, eps) => {
      const [input, own, shift] = [x, gain, bias].map((t) => ops.cast(t, "float32"));
      return ops.cast(ops.layerNorm(input, own, shift, eps, oneDnn), computeDType);
    },

    gated: (gate, up, name) => {
      const active = activated(gate, name);
      return up ? ops.binary("Mul", active, ops.cast(up, computeDType)) : active;
    },

    rotate: (x, cos, sin) => {
      const input = ops.cast(x, "float32"); // bfloat16's roundings cost as much as a layer
      const half = x.shape[x.shape.length - 1] / 2;
      const attributes = ops.attributes("roll", () => [
        ops.type("T", "float32"),
        ops.type("Tshift", "int32"),
        ops.type("Taxis", "int32"),
      ]);
      const inputs = [input.id, store.constant(half), store.constant(x.shape.length - 1)];
      const rolled = store.run("Roll", attributes, inputs); // the halves change places
      // rotateHalf(x) * sin = rolled * (sin with the sign of its first half changed)
      const signs = store.namedConstant(
        `signs${half}`,
        [2 * half],
        () => new Float32Array(2 * half).fill(-1, 0, half).fill(1, half),
      );
      const signed = ops.simple("Mul", "float32", ops.cast(sin, "float32").id, signs);
      const turned = ops.binary(
        "AddV2",
        ops.binary("Mul", input, ops.cast(cos, "float32")),
        ops.binary("Mul", rolled, signed),
      );
      return ops.cast(turned, x.dtype);
    },

    addWide: (wide, narrow) => ops.binary("AddV2", wide, ops.cast(narrow, "float32")),
    linear: () => null,
    attention: null,
    rowAttention: null,
  };
}
