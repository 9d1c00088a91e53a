/**
 * TensorFlow's operations as functions on native tensors: the vocabulary in which the native kernels
 * are written.
 *
 * @module
 */
import type { DType } from "../nn/kernels.ts";
import {
  castAttributes,
  type NativeTensor,
  sizeOf,
  type TensorStore,
  typeNumber,
} from "./native_tensors.ts";
import { heldBelowAvx512 } from "./one_dnn.ts";
import type { OpAttribute } from "./tensorflow.ts";

/** Operations of TensorFlow's oneDNN build that are looked for when the kernels start. */
export interface OneDnnOps {
  /** `_MklSoftmax`: two to five times as fast as `Softmax` on processors. */
  readonly softmax: boolean;
  /** `_MklSwish`: `x * sigmoid(x)` in one pass, also in bfloat16. */
  readonly swish: boolean;
  /** `_MklLayerNorm`: a layer norm in one pass. */
  readonly layerNorm: boolean;
}

/** No operation of the oneDNN build: what runs elsewhere, and the other half of the tests. */
export const noOneDnn: OneDnnOps = { softmax: false, swish: false, layerNorm: false };

/** Single operations; inputs may be handles or ids of constants. */
export class NativeOps {
  readonly #attributes = new Map<string, OpAttribute[]>();
  /** Whether products of bfloat16 are taken in float32. */
  readonly #widensProducts = heldBelowAvx512();

  /**
   * Operations whose results live in a store.
   *
   * @param store where results live
   */
  constructor(readonly store: TensorStore) {}

  /** An attribute that holds an element type. */
  type(name: string, dtype: DType): OpAttribute {
    return {
      name,
      type: this.store.tensorFlow.binding.TF_ATTR_TYPE,
      value: typeNumber[dtype],
    };
  }

  /** A boolean attribute. */
  flag(name: string, value: boolean): OpAttribute {
    return { name, type: this.store.tensorFlow.binding.TF_ATTR_BOOL, value };
  }

  /** A whole number attribute. */
  integer(name: string, value: number): OpAttribute {
    return { name, type: this.store.tensorFlow.binding.TF_ATTR_INT, value };
  }

  /** An attribute that holds whole numbers. */
  integers(name: string, value: readonly number[]): OpAttribute {
    return { name, type: this.store.tensorFlow.binding.TF_ATTR_INT, value };
  }

  /** A text attribute. */
  text(name: string, value: string): OpAttribute {
    return { name, type: this.store.tensorFlow.binding.TF_ATTR_STRING, value };
  }

  /** A number attribute. */
  float(name: string, value: number): OpAttribute {
    return { name, type: this.store.tensorFlow.binding.TF_ATTR_FLOAT, value };
  }

  /** Which registered kernel of an operation to take, by its label. */
  kernel(label: string): OpAttribute {
    return { name: "_kernel", type: this.store.tensorFlow.binding.TF_ATTR_STRING, value: label };
  }

  /** Attributes that are the same at every call, made once. */
  attributes(key: string, make: () => OpAttribute[]): OpAttribute[] {
    let found = this.#attributes.get(key);
    if (!found) this.#attributes.set(key, found = make());
    return found;
  }

  /** An operation with one type attribute `T` and nothing else. */
  simple(name: string, dtype: DType, ...inputs: readonly number[]): NativeTensor {
    return this.store.run(name, this.attributes(dtype, () => [this.type("T", dtype)]), inputs);
  }

  /** An operation on one tensor. */
  unary(name: string, x: NativeTensor): NativeTensor {
    return this.simple(name, x.dtype, x.id);
  }

  /** An operation on two tensors of one element type, with broadcasting. */
  binary(name: string, a: NativeTensor, b: NativeTensor): NativeTensor {
    return this.simple(name, a.dtype, a.id, b.id);
  }

  /** An operation on a tensor and a number. */
  withScalar(name: string, x: NativeTensor, value: number): NativeTensor {
    return this.simple(name, x.dtype, x.id, this.store.constant(value, x.dtype));
  }

  /** Another element type; the tensor itself where it has it already. */
  cast(x: NativeTensor, dtype: DType): NativeTensor {
    if (x.dtype === dtype) return x;
    const from = typeNumber[x.dtype], to = typeNumber[dtype];
    const attributes = this.attributes(
      `cast${from},${to}`,
      () => castAttributes(this.store.tensorFlow, from, to),
    );
    return this.store.run("Cast", attributes, [x.id]);
  }

  /** A second handle on the same values. */
  identity(x: NativeTensor): NativeTensor {
    return this.unary("Identity", x);
  }

  /** A view under another shape. */
  reshape(x: NativeTensor, shape: readonly number[]): NativeTensor {
    const attributes = this.attributes(
      `reshape${x.dtype}`,
      () => [this.type("T", x.dtype), this.type("Tshape", "int32")],
    );
    return this.store.run("Reshape", attributes, [x.id, this.store.constant(shape)]);
  }

  /** As rows `[n, last axis]`; the tensor itself where it has rank 2. */
  rows(x: NativeTensor): NativeTensor {
    return x.shape.length === 2 ? x : this.reshape(x, [-1, x.shape[x.shape.length - 1]]);
  }

  /** Axes in another order. */
  transpose(x: NativeTensor, order: readonly number[]): NativeTensor {
    const attributes = this.attributes(
      `transpose${x.dtype}`,
      () => [this.type("T", x.dtype), this.type("Tperm", "int32")],
    );
    return this.store.run("Transpose", attributes, [x.id, this.store.constant(order)]);
  }

  /** The box that starts at `begin`. */
  slice(x: NativeTensor, begin: readonly number[], size: readonly number[]): NativeTensor {
    const attributes = this.attributes(
      `slice${x.dtype}`,
      () => [this.type("T", x.dtype), this.type("Index", "int32")],
    );
    const inputs = [x.id, this.store.constant(begin), this.store.constant(size)];
    return this.store.run("Slice", attributes, inputs);
  }

  /** Tensors of one element type one after the other. */
  concat(tensors: readonly NativeTensor[], axis: number): NativeTensor {
    const { dtype } = tensors[0];
    const attributes = this.attributes(`concat${dtype}${tensors.length}`, () => [
      this.type("T", dtype),
      this.type("Tidx", "int32"),
      this.integer("N", tensors.length),
    ]);
    const inputs = [...tensors.map((x) => x.id), this.store.constant(axis)];
    return this.store.run("ConcatV2", attributes, inputs);
  }

  /** `Sum`, `Mean` or `EuclideanNorm` over one axis. */
  reduce(name: string, x: NativeTensor, axis: number, keepDims: boolean): NativeTensor {
    const attributes = this.attributes(`reduce${x.dtype}${keepDims}`, () => [
      this.type("T", x.dtype),
      this.type("Tidx", "int32"),
      this.flag("keep_dims", keepDims),
    ]);
    return this.store.run(name, attributes, [x.id, this.store.constant([axis])]);
  }

  /** One of TensorFlow's products of tensors of one element type. */
  #product(
    operation: "MatMul" | "BatchMatMulV2",
    a: NativeTensor,
    b: NativeTensor,
    transposeB: boolean,
  ): NativeTensor {
    if (a.dtype === "bfloat16" && this.#widensProducts) {
      const [left, right] = [a, b].map((x) => this.cast(x, "float32"));
      return this.cast(this.#product(operation, left, right, transposeB), a.dtype);
    }
    const transposes = operation === "MatMul" ? ["transpose_a", "transpose_b"] : ["adj_x", "adj_y"];
    const attributes = this.attributes(`${operation}${a.dtype}${transposeB}`, () => [
      this.type("T", a.dtype),
      this.flag(transposes[0], false),
      this.flag(transposes[1], transposeB),
    ]);
    return this.store.run(operation, attributes, [a.id, b.id]);
  }

  /** Batched matrix product of tensors of one element type. */
  matMul(a: NativeTensor, b: NativeTensor, transposeB: boolean): NativeTensor {
    return this.#product("BatchMatMulV2", a, b, transposeB);
  }

  /** `x [rows, in]` times `weight [out, in]` transposed, of one element type. */
  linear(x: NativeTensor, weight: NativeTensor): NativeTensor {
    return this.#product("MatMul", x, weight, true);
  }

  /** Softmax over the last axis in the tensor's element type; float32 inside. */
  softmax(x: NativeTensor, oneDnn: OneDnnOps): NativeTensor {
    const { dtype } = x;
    if (oneDnn.softmax && sizeOf(x.shape) > 0) {
      const attributes = this.attributes(
        `softmax${dtype}`,
        () => [this.type("T", dtype), this.kernel("MklNameChangeOp")],
      );
      if (x.shape.length <= 5) return this.store.run("_MklSoftmax", attributes, [x.id]);
      return this.reshape(this.store.run("_MklSoftmax", attributes, [this.rows(x).id]), x.shape);
    }
    return this.cast(this.unary("Softmax", this.cast(x, "float32")), dtype);
  }

  /** `x * sigmoid(x)`. */
  swish(x: NativeTensor, oneDnn: OneDnnOps): NativeTensor {
    if (oneDnn.swish && sizeOf(x.shape) > 0) {
      // This kernel is registered without a label, and TensorFlow fills one in unless one is given.
      const attributes = this.attributes(
        `swish${x.dtype}`,
        () => [this.type("T", x.dtype), this.kernel("")],
      );
      return this.store.run("_MklSwish", attributes, [x.id]);
    }
    const wide = this.cast(x, "float32"); // Sigmoid is slow in bfloat16
    return this.cast(this.binary("Mul", wide, this.unary("Sigmoid", wide)), x.dtype);
  }

  /** `gain * (x - mean) / sqrt(var + eps) + bias` in float32. */
  layerNorm(
    x: NativeTensor,
    gain: NativeTensor,
    bias: NativeTensor,
    eps: number,
    oneDnn: OneDnnOps,
  ): NativeTensor {
    if (oneDnn.layerNorm && sizeOf(x.shape) > 0) {
      const attributes = this.attributes(
        `layerNorm${eps}`,
        () => [this.type("T", "float32"), this.kernel(""), this.float("epsilon", eps)],
      );
      const flat = this.store.run("_MklLayerNorm", attributes, [this.rows(x).id, gain.id, bias.id]);
      return x.shape.length === 2 ? flat : this.reshape(flat, x.shape);
    }
    const centred = this.binary("Sub", x, this.reduce("Mean", x, -1, true));
    const variance = this.reduce("Mean", this.unary("Square", centred), -1, true);
    const inverse = this.unary("Rsqrt", this.withScalar("AddV2", variance, eps));
    const scaled = this.binary("Mul", this.binary("Mul", centred, inverse), gain);
    return this.binary("AddV2", scaled, bias);
  }
}

/**
 * Which oneDNN operations this TensorFlow has, each tried on a small tensor. They are not part of
 * TensorFlow's interface, so another build may lack them.
 */
export function probeOneDnn(ops: NativeOps): OneDnnOps {
  const all: OneDnnOps = { softmax: true, swish: true, layerNorm: true };
  const data = [0, 1, 2, 4];
  const works = (body: (x: NativeTensor) => NativeTensor, expected: readonly number[]) => {
    try {
      return ops.store.scope(() => {
        const x = ops.store.create(Float32Array.from(data), [2, 2]);
        const found = [x, ops.cast(x, "bfloat16")].map((input) =>
          ops.store.tensorFlow.binding.tensorDataSync(ops.cast(body(input), "float32").id)
        );
        return expected.every((value, i) =>
          Math.abs(value - found[0][i]) < 1e-5 && Math.abs(value - found[1][i]) < 2e-2
        );
      });
    } catch {
      return false; // no such operation, or not in this build
    }
  };
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
  return {
    softmax: works((x) => ops.softmax(x, all), [sigmoid(-1), sigmoid(1), sigmoid(-2), sigmoid(2)]),
    swish: works((x) => ops.swish(x, all), data.map((x) => x * sigmoid(x))),
    layerNorm: works((x) => {
      const ones = ops.store.create(new Float32Array([1, 1]), [2]);
      return ops.layerNorm(ops.cast(x, "float32"), ones, ones, 0, all);
    }, [0, 2, 0, 2]),
  };
}
