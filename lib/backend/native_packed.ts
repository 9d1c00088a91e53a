/**
 * Weights that stay in the blocks of their file, for the native kernels: `tools/native/ops/packed.h`
 * multiplies with the bytes, and unpacks a panel at a time or the rows that are asked for.
 *
 * The specification is {@link BlockFormat.unpack}; `tests/suites/kernel_packed.ts` holds the two equal.
 * @module
 */
import type { BlockFormat, DType, Kernels, Tensor } from "../nn/kernels.ts";
import type { NativeOps } from "./native_ops.ts";
import { type NativeTensor, PackedTensor, sizeOf } from "./native_tensors.ts";
import { checkPacked, packedRowBytes } from "./packed_shape.ts";

/**
 * Formats that the operations read, and their numbers: those of GGUF files, and of groups of codes
 * (`lib/weights/packings/groups.ts`). The counterpart is `WithFormat` in `tools/native/ops/blocks.h`:
 * change both.
 */
export const nativeFormats: Readonly<Record<string, number>> = {
  ...{ Q4_0: 2, Q4_1: 3, Q5_0: 6, Q5_1: 7, Q8_0: 8 },
  ...{ Q2_K: 10, Q3_K: 11, Q4_K: 12, Q5_K: 13, Q6_K: 14 },
  ...{ IQ4_NL: 20, IQ4_XS: 23 },
  ...{ "G4_32": 101, "G4_64": 102, "G4_128": 103 },
  ...{ "A4_32": 104, "A4_64": 105, "A4_128": 106, "G8_32": 107, "G8_128": 108 },
};

/** What there is to do with weights in blocks. Results join the innermost scope. */
class PackedOps {
  /**
   * Operations on weights of which other operations see values in an element type.
   *
   * @param ops the other operations
   */
  constructor(
    private readonly ops: NativeOps,
    private readonly computeDType: "float32" | "bfloat16",
  ) {}

  /** A weight `[.., rows, columns]` over its bytes, which must not change afterwards. */
  create(bytes: Uint8Array, format: BlockFormat, shape: readonly number[]): PackedTensor {
    const { store } = this.ops, { binding } = store.tensorFlow;
    const rowBytes = packedRowBytes(format, shape[shape.length - 1]);
    const rows = sizeOf(shape.slice(0, -1));
    const id = binding.createTensor([rows, rowBytes], binding.TF_UINT8, bytes);
    return store.enter(new PackedTensor(id, [...shape], this.computeDType, format));
  }

  #attributes({ format }: PackedTensor, dtype: DType) {
    return this.ops.attributes(
      `packed${format.name}${dtype}`,
      () => [this.ops.type("T", dtype), this.ops.integer("format", nativeFormats[format.name])],
    );
  }

  /** `x [.., columns]` times the weight `[rows, columns]` transposed, plus `bias`. */
  linear(x: NativeTensor, weight: PackedTensor, bias: NativeTensor | null): NativeTensor {
    const { store } = this.ops;
    const shift = bias?.id ?? store.constant([], this.computeDType);
    return store.run("CorelensPackedLinear", this.#attributes(weight, this.computeDType), [
      x.id,
      weight.id,
      shift,
    ]);
  }

  /** The numbers of some rows of a weight, counted through all axes but the last: `[n, columns]`. */
  rows(weight: PackedTensor, rows: number, dtype: DType = this.computeDType): NativeTensor {
    const { store } = this.ops;
    return store.run("CorelensUnpackRows", this.#attributes(weight, dtype), [weight.id, rows]);
  }

  /** The numbers of `count` rows from `first` on. */
  range(weight: PackedTensor, first: number, count: number, dtype?: DType): NativeTensor {
    const { store } = this.ops;
    return store.scope(() => {
      const rows = Int32Array.from({ length: count }, (_, i) => first + i);
      return this.rows(weight, store.create(rows, [count]).id, dtype);
    });
  }

  /** All numbers of a weight. */
  unpacked(weight: PackedTensor, dtype?: DType): NativeTensor {
    const rows = this.range(weight, 0, sizeOf(weight.shape.slice(0, -1)), dtype);
    return weight.shape.length === 2 ? rows : this.ops.reshape(rows, weight.shape);
  }

  /** The same blocks under another shape whose last axis is the same, or null for others. */
  reshaped(weight: PackedTensor, shape: readonly number[]): PackedTensor | null {
    const columns = weight.shape[weight.shape.length - 1];
    const known = sizeOf(shape.filter((size) => size >= 0));
    const own = shape.map((size) => size < 0 ? sizeOf(weight.shape) / known : size);
    if (own.length < 2 || own[own.length - 1] !== columns) return null;
    return this.#part(weight, "Identity", [weight.id], own);
  }

  /** Whole slices along the first axis, as blocks; null for a box of another kind. */
  sliced(
    weight: PackedTensor,
    begin: readonly number[],
    size: readonly number[],
  ): PackedTensor | null {
    const { shape } = weight, { store } = this.ops;
    const whole = shape.every((length, axis) =>
      axis === 0 || begin[axis] === 0 && (size[axis] === -1 || size[axis] === length)
    );
    if (!whole) return null;
    const count = size[0] === -1 ? shape[0] - begin[0] : size[0];
    const rows = sizeOf(shape.slice(1, -1));
    const box = [store.constant([begin[0] * rows, 0]), store.constant([count * rows, -1])];
    return this.#part(weight, "Slice", [weight.id, ...box], [count, ...shape.slice(1)]);
  }

  #part(
    weight: PackedTensor,
    operation: "Identity" | "Slice",
    inputs: readonly number[],
    shape: readonly number[],
  ): PackedTensor {
    const { store } = this.ops, { binding } = store.tensorFlow;
    const attributes = this.ops.attributes(`packed${operation}`, () => [
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_UINT8 },
      ...operation === "Slice" ? [this.ops.type("Index", "int32")] : [],
    ]);
    const { id } = store.runRaw(operation, attributes, inputs);
    return store.enter(new PackedTensor(id, shape, weight.dtype, weight.format));
  }
}

/**
 * Native kernels that keep weights in their blocks.
 *
 * @param plain kernels that know no such weights
 * @param ops operations of the same store
 */
export function withPacked(plain: Kernels, ops: NativeOps): Kernels {
  const { store } = ops, packed = new PackedOps(ops, plain.computeDType);
  let holds = false;
  const isPacked = (x: unknown): x is PackedTensor => x instanceof PackedTensor;
  const alive = (x: PackedTensor): PackedTensor => {
    store.idOf(x);
    return x;
  };
  const opened = (x: unknown) => isPacked(x) ? packed.unpacked(alive(x)) : x;
  /** An operation that sees the numbers of a weight. */
  const seeing = <Args extends unknown[], Result>(operation: (...args: Args) => Result) => {
    return (...args: Args): Result =>
      args.some(isPacked)
        ? store.scope(() => operation(...args.map(opened) as Args))
        : operation(...args);
  };
  return {
    ...plain,
    packedWeight: (bytes, format, shape) => {
      checkPacked(bytes, format, shape);
      if (!Object.hasOwn(nativeFormats, format.name)) {
        return plain.packedWeight(bytes, format, shape);
      }
      holds = true;
      return packed.create(bytes, format, shape);
    },
    keepsPacked: ({ name }) => Object.hasOwn(nativeFormats, name),
    holdsPacked: () => holds,
    linear: (x, weight, bias, activation) => {
      if (!isPacked(weight)) return plain.linear(x, weight, bias, activation);
      return store.scope(() => {
        const [input, shift] = [x, bias ?? null].map((own) =>
          own && ops.cast(known(own), plain.computeDType)
        );
        const sum = packed.linear(input!, alive(weight), shift);
        return activation ? plain.activation(sum, activation) : sum;
      });
    },
    gather: (x, rows) =>
      isPacked(x) && x.shape.length === 2
        ? packed.rows(alive(x), known(rows).id)
        : seeing(plain.gather)(x, rows),
    slice: (x, begin, size) => {
      if (!isPacked(x)) return plain.slice(x, begin, size);
      const blocks = packed.sliced(alive(x), begin, size);
      if (blocks) return blocks;
      return store.scope(() => {
        if (x.shape.length !== 2) return plain.slice(packed.unpacked(x), begin, size);
        const count = size[0] === -1 ? x.shape[0] - begin[0] : size[0];
        return plain.slice(packed.range(x, begin[0], count), [0, begin[1]], [-1, size[1]]);
      });
    },
    reshape: (x, shape) =>
      isPacked(x)
        ? packed.reshaped(alive(x), shape) ?? seeing(plain.reshape)(x, shape)
        : plain.reshape(x, shape),
    cast: (x, dtype) =>
      isPacked(x) && dtype !== "int32"
        ? store.scope(() => packed.unpacked(alive(x), dtype))
        : seeing(plain.cast)(x, dtype),
    concat: (tensors, axis) =>
      tensors.some(isPacked)
        ? store.scope(() => plain.concat(tensors.map(opened) as Tensor[], axis))
        : plain.concat(tensors, axis),
    read: (x) => isPacked(x) ? Promise.resolve(seeing(plain.readSync)(x)) : plain.read(x),
    readSync: seeing(plain.readSync),
    toTfjs: seeing(plain.toTfjs),
    transpose: seeing(plain.transpose),
    broadcastBatch: seeing(plain.broadcastBatch),
    add: seeing(plain.add),
    mul: seeing(plain.mul),
    scale: seeing(plain.scale),
    sum: seeing(plain.sum),
    argMax: seeing(plain.argMax),
    matMul: seeing(plain.matMul),
    softmax: seeing(plain.softmax),
    rmsNorm: seeing(plain.rmsNorm),
    activation: seeing(plain.activation),
  };

  function known(x: Tensor): NativeTensor {
    store.idOf(x);
    return x as NativeTensor;
  }
}
