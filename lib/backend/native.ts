/**
 * The native kernels: TensorFlow's own operations on raw tensor ids, past the TensorFlow.js engine,
 * with weights and matrix products in float32 or bfloat16.
 *
 * The fast counterpart of `portable.ts`, which is the specification; `tests/suites/kernel_suite.ts`
 * holds the two equal. There are no gradients here.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Activation, DType, Kernels, StoredDType, Tensor } from "./kernels.ts";
import { NativeOps, noOneDnn, type OneDnnOps, probeOneDnn } from "./native_ops.ts";
import {
  type NativeTensor,
  sizeOf,
  type TensorStore,
  tensorStore,
  typeNumber,
} from "./native_tensors.ts";
import { type OpAttribute, TF_BFLOAT16, TF_HALF } from "./tensorflow.ts";
import { storedBytes } from "./widen.ts";

/** How native kernels compute. */
export interface NativeOptions {
  /** Element type of weights and matrix products. */
  readonly dtype: "float32" | "bfloat16";
  /** Whether to use the operations of TensorFlow's oneDNN build where it has them. Default: true. */
  readonly oneDnn?: boolean;
}

const storedNumbers: Readonly<Record<StoredDType, number>> = {
  F32: typeNumber.float32,
  F16: TF_HALF,
  BF16: TF_BFLOAT16,
};

/** Largest mask that is kept for the next call, in elements. */
const cachedMaskSize = 1 << 18;

let probed: OneDnnOps | null = null;

/**
 * Kernels on TensorFlow's C library.
 *
 * @throws {InputError} when TensorFlow is not loaded
 *
 * @example
 * ```ts
 * import { useBackend } from "../../lib/backend/select.ts";
 * import { nativeKernels } from "../../lib/backend/native.ts";
 * import { assertEquals } from "@std/assert";
 * if ((await useBackend("auto")).backend === "tensorflow") {
 *   const k = nativeKernels({ dtype: "bfloat16" });
 *   const x = k.tensor(new Float32Array([1, 2, 3, 4]), [2, 2]);
 *   const y = k.scope(() => k.matMul(x, x));
 *   assertEquals([...await k.read(y)], [7, 10, 15, 22]);
 *   k.dispose(x, y);
 * }
 * ```
 */
export function nativeKernels(options: NativeOptions): Kernels {
  const store = tensorStore();
  const ops = new NativeOps(store);
  const wanted = options.oneDnn ?? store.tensorFlow.device === "CPU";
  if (wanted) probed ??= probeOneDnn(ops);
  return makeKernels(store, ops, options.dtype, wanted ? probed! : noOneDnn);
}

function makeKernels(
  store: TensorStore,
  ops: NativeOps,
  computeDType: "float32" | "bfloat16",
  oneDnn: OneDnnOps,
): Kernels {
  const { binding } = store.tensorFlow;
  /** Our handle, once it is sure that it lives. */
  const own = (x: Tensor): NativeTensor => {
    store.idOf(x);
    return x as NativeTensor;
  };
  /** In the element type of matrix products. */
  const computed = (x: Tensor) => ops.cast(own(x), computeDType);
  const wide = (x: Tensor) => ops.cast(own(x), "float32");
  /** Two tensors in the wider of their element types. */
  const matched = (a: Tensor, b: Tensor): [NativeTensor, NativeTensor] =>
    a.dtype === b.dtype ? [own(a), own(b)] : [wide(a), wide(b)];
  /** Runs a composite, frees its intermediates at once, and never returns an input itself. */
  const composite = (inputs: readonly Tensor[], body: () => NativeTensor): NativeTensor =>
    store.scope(() => {
      const result = body();
      return inputs.includes(result) ? ops.identity(result) : result;
    });

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
  /** Activations whose formula needs float32 inside. */
  const activated = (x: Tensor, name: Activation): NativeTensor =>
    name === "silu" || name === "relu"
      ? activate(computed(x), name)
      : ops.cast(activate(wide(x), name), computeDType);

  /** Added to scores: 0 where row i may see key j (`j <= first + i`), else -1e30: `[T, S]`. */
  const causalMask = (queries: number, keys: number, first: number, dtype: DType) => {
    const ahead = keys - first - 1; // keys that the first row must not see
    const corner = () => {
      const data = new Float32Array(queries * ahead);
      for (let i = 0; i < queries; i++) data.fill(-1e30, i * ahead + i, (i + 1) * ahead);
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
  };

  return {
    name: "native",
    computeDType,

    scope: (body) => store.scope(body),
    keep: (x) => {
      own(x).kept = true;
      return x;
    },
    dispose: (...tensors) => tensors.forEach((x) => x && store.free(x)),
    tensorCount: () => store.live,

    tensor: (data, shape) => store.create(data, shape),
    zeros: (shape) => store.create(new Float32Array(sizeOf(shape)), shape),
    weight: (bytes, stored, shape) => {
      const width = storedBytes[stored];
      if (bytes.byteLength !== width * sizeOf(shape)) {
        throw new InputError(
          `Cannot make a weight [${shape}] of ${bytes.byteLength} bytes: ${stored} needs ${
            width * sizeOf(shape)
          }`,
        );
      }
      const from = storedNumbers[stored], to = typeNumber[computeDType];
      const raw = binding.createTensor([...shape, width], binding.TF_UINT8, bytes);
      const bitcast: OpAttribute[] = [
        { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_UINT8 },
        { name: "type", type: binding.TF_ATTR_TYPE, value: from },
      ];
      const values = store.runRaw("Bitcast", bitcast, [raw]);
      store.freeRaw(raw);
      if (from === to) return store.adopt(values);
      const attributes = [
        { name: "SrcT", type: binding.TF_ATTR_TYPE, value: from },
        { name: "DstT", type: binding.TF_ATTR_TYPE, value: to },
      ];
      const result = store.run("Cast", attributes, [values.id]);
      store.freeRaw(values.id);
      return result;
    },
    read: (x) => Promise.resolve().then(() => readSync(x)),
    readSync: (x) => readSync(x),
    toTfjs: (x) =>
      store.scope(() => {
        const values = x.dtype === "bfloat16" ? wide(x) : own(x);
        const attributes = [ops.type("T", values.dtype)];
        return store.tensorFlow.toTfjs(store.runRaw("Identity", attributes, [values.id]));
      }),
    fromTfjs: (x, dtype) => {
      const from = x.dtype === "bool" ? binding.TF_BOOL : x.dtype === "int32" ? 3 : 1;
      const to = typeNumber[dtype ?? (from === 1 ? "float32" : "int32")];
      const id = store.tensorFlow.idOf(x);
      if (from === to) {
        return store.run("Identity", [{ ...ops.type("T", "float32"), value: from }], [id]);
      }
      return store.run("Cast", [
        { name: "SrcT", type: binding.TF_ATTR_TYPE, value: from },
        { name: "DstT", type: binding.TF_ATTR_TYPE, value: to },
      ], [id]);
    },
    cast: (x, dtype) => composite([x], () => ops.cast(own(x), dtype)),

    reshape: (x, shape) => ops.reshape(own(x), shape),
    transpose: (x, order) => ops.transpose(own(x), order),
    slice: (x, begin, size) => ops.slice(own(x), begin, size),
    concat: (tensors, axis) => {
      if (tensors.length === 1) return ops.identity(own(tensors[0]));
      const same = tensors.every(({ dtype }) => dtype === tensors[0].dtype);
      return store.scope(() => ops.concat(tensors.map(same ? own : wide), axis));
    },
    gather: (x, rows) => {
      const attributes = ops.attributes(`gather${x.dtype}`, () => [
        ops.type("Tparams", x.dtype),
        ops.type("Tindices", "int32"),
        ops.type("Taxis", "int32"),
      ]);
      return store.run("GatherV2", attributes, [
        store.idOf(x),
        store.idOf(rows),
        store.constant(0),
      ]);
    },
    broadcastBatch: (x, count) => {
      const multiples = store.constant(x.shape.map((_, axis) => axis === 0 ? count : 1));
      const attributes = [ops.type("T", x.dtype), ops.type("Tmultiples", "int32")];
      return store.run("Tile", attributes, [store.idOf(x), multiples]);
    },

    add: (a, b) => store.scope(() => ops.binary("AddV2", ...matched(a, b))),
    mul: (a, b) => store.scope(() => ops.binary("Mul", ...matched(a, b))),
    scale: (x, factor) => ops.withScalar("Mul", own(x), factor),
    sum: (x, axis, keepDims = false) =>
      store.scope(() => ops.reduce("Sum", wide(x), axis, keepDims)),
    argMax: (x) => {
      const attributes = ops.attributes(`argMax${x.dtype}`, () => [
        ops.type("T", x.dtype),
        ops.type("Tidx", "int32"),
        ops.type("output_type", "int32"),
      ]);
      return store.run("ArgMax", attributes, [store.idOf(x), store.constant(-1)]);
    },

    matMul: (a, b, { transposeB = false } = {}) =>
      store.scope(() => ops.matMul(computed(a), computed(b), transposeB)),
    linear: (x, weight, bias) =>
      store.scope(() => {
        const product = ops.linear(ops.rows(computed(x)), computed(weight));
        const shifted = bias ? ops.binary("BiasAdd", product, computed(bias)) : product;
        if (x.shape.length === 2) return shifted;
        return ops.reshape(shifted, [...x.shape.slice(0, -1), weight.shape[0]]);
      }),
    softmax: (x) => store.scope(() => ops.softmax(own(x), oneDnn)),
    causalSoftmax: (scores, firstQuery) => {
      const [queries, keys] = scores.shape.slice(-2);
      return store.scope(() => {
        if (keys <= firstQuery + 1) return ops.softmax(own(scores), oneDnn);
        const mask = causalMask(queries, keys, firstQuery, scores.dtype);
        return ops.softmax(ops.binary("AddV2", own(scores), mask), oneDnn);
      });
    },
    rmsNorm: (x, gain, eps) =>
      store.scope(() => {
        const width = x.shape[x.shape.length - 1];
        const input = wide(x);
        const length = ops.reduce("EuclideanNorm", input, -1, true);
        const meanSquare = ops.withScalar("Mul", ops.unary("Square", length), 1 / width);
        const inverse = ops.unary("Rsqrt", ops.withScalar("AddV2", meanSquare, eps));
        const normalized = ops.binary("Mul", input, inverse);
        const scaled = gain ? ops.binary("Mul", normalized, wide(gain)) : normalized;
        return ops.cast(scaled, computeDType);
      }),
    layerNorm: (x, gain, bias, eps) =>
      store.scope(() =>
        ops.cast(ops.layerNorm(wide(x), wide(gain), wide(bias), eps, oneDnn), computeDType)
      ),
    rotate: (x, cos, sin) =>
      store.scope(() => {
        const input = wide(x); // in bfloat16 the three roundings cost as much accuracy as a layer
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
        const signed = ops.simple("Mul", "float32", wide(sin).id, signs);
        const turned = ops.binary(
          "AddV2",
          ops.binary("Mul", input, wide(cos)),
          ops.binary("Mul", rolled, signed),
        );
        return ops.cast(turned, x.dtype);
      }),
    activation: (x, name) => composite([x], () => activated(x, name)),
    gatedActivation: (gate, up, name) =>
      store.scope(() => ops.binary("Mul", activated(gate, name), computed(up))),
  };

  function readSync(x: Tensor): Float32Array | Int32Array {
    return store.scope(() => {
      const values = x.dtype === "bfloat16" ? wide(x) : own(x);
      return binding.tensorDataSync(values.id) as Float32Array | Int32Array;
    });
  }
}
