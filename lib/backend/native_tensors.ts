/**
 * Tensors that TensorFlow holds for the native kernels: handles on raw ids, scopes, and small
 * constants that are made once.
 *
 * All native kernels of a process share one {@link TensorStore}, so that tensors of a float32 and a
 * bfloat16 instance live in the same scopes.
 * @module
 */
import type { BlockFormat, DType, Tensor } from "../nn/kernels.ts";
import {
  type OpAttribute,
  type RawTensor,
  type TensorFlow,
  tensorFlow,
  TF_BFLOAT16,
} from "./tensorflow.ts";

/** Constants kept at most; the oldest go first. */
const constantLimit = 4096;

/** A handle on one tensor of TensorFlow's; frees it once. */
export class NativeTensor implements Tensor {
  /** Set by {@link TensorStore.keep}: no scope frees this tensor. */
  kept = false;

  /**
   * A handle on a tensor that lives.
   *
   * @param id number by which the binding knows the tensor; -1 once freed
   * @param shape sizes of the axes
   * @param dtype element type
   */
  constructor(public id: number, readonly shape: readonly number[], readonly dtype: DType) {}
}

/** How a weight lies in the bytes of its tensor. */
export interface HowPacked {
  /** How numbers lie in their blocks. */
  readonly format: BlockFormat;
  /**
   * Where the tensor is one row of bytes, how many lie before the weight's; null where it is
   * `[rows, row bytes]`.
   */
  readonly skipped: number | null;
  /** The column of the weight that each column of the blocks is, and the inverse; null in order. */
  readonly columns: {
    readonly name: string;
    readonly order: Int32Array;
    readonly back: Int32Array;
  } | null;
}

/**
 * A weight in its blocks: the tensor of the id holds the bytes; shape and element type are those that
 * other operations see, for which it is unpacked.
 */
export class PackedTensor extends NativeTensor {
  /**
   * A handle on bytes that live.
   *
   * @param how how numbers lie in the bytes
   */
  constructor(
    id: number,
    shape: readonly number[],
    dtype: DType,
    readonly how: HowPacked,
  ) {
    super(id, shape, dtype);
  }
}

/** Element types by TensorFlow's numbers. */
function dtypeOf(number: number): DType {
  if (number === 1) return "float32";
  if (number === 3) return "int32";
  if (number === TF_BFLOAT16) return "bfloat16";
  throw new Error(`TensorFlow gave a tensor of its type ${number}, which no kernel here makes`);
}

/** TensorFlow's numbers of our element types. */
export const typeNumber: Readonly<Record<DType, number>> = {
  float32: 1,
  int32: 3,
  bfloat16: TF_BFLOAT16,
};

/** Number of elements of a shape. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Live tensors, open scopes and cached constants. */
export class TensorStore {
  /** Live handles, without the constants. */
  live = 0;
  readonly #scopes: NativeTensor[][] = [];
  readonly #constants = new Map<string, number>();

  /**
   * An empty store.
   *
   * @param tensorFlow the loaded library
   */
  constructor(readonly tensorFlow: TensorFlow) {}

  /** The binding's id of a handle; throws if the tensor was freed or is none of ours. */
  idOf(x: Tensor): number {
    if (!(x instanceof NativeTensor)) {
      throw new TypeError("The native kernels were given a tensor that they did not make");
    }
    if (x.id < 0) {
      throw new Error(`Cannot use a freed tensor [${x.shape}]: its scope ended or it was disposed`);
    }
    return x.id;
  }

  /** Runs an operation with one output, which joins the innermost scope. */
  run(name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): NativeTensor {
    return this.adopt(this.tensorFlow.binding.executeOp(name, attributes, inputs, 1)[0]);
  }

  /** Runs an operation with several outputs, which join the innermost scope. */
  runAll(
    name: string,
    attributes: readonly OpAttribute[],
    inputs: readonly number[],
    outputs: number,
  ): NativeTensor[] {
    return this.tensorFlow.binding.executeOp(name, attributes, inputs, outputs)
      .map((raw) => this.adopt(raw));
  }

  /** Runs an operation whose output is freed by the caller at once. */
  runRaw(name: string, attributes: readonly OpAttribute[], inputs: readonly number[]): RawTensor {
    return this.tensorFlow.binding.executeOp(name, attributes, inputs, 1)[0];
  }

  /** Frees a tensor of {@link runRaw}. */
  freeRaw(id: number): void {
    this.tensorFlow.binding.deleteTensor(id);
  }

  /** A handle on a tensor that the binding made; it joins the innermost scope. */
  adopt(raw: RawTensor): NativeTensor {
    return this.enter(new NativeTensor(raw.id, raw.shape, dtypeOf(raw.dtype)));
  }

  /** Counts a handle that is new; it joins the innermost scope. */
  enter<T extends NativeTensor>(tensor: T): T {
    this.live++;
    this.#scopes[this.#scopes.length - 1]?.push(tensor);
    return tensor;
  }

  /** A tensor over typed data without a copy; it joins the innermost scope. */
  create(data: Float32Array | Int32Array, shape: readonly number[]): NativeTensor {
    const dtype = typeNumber[data instanceof Int32Array ? "int32" : "float32"];
    return this.adopt({ id: this.#upload(data, shape), shape: [...shape], dtype });
  }

  /** Frees a tensor; nothing happens if it was freed before. */
  free(x: Tensor): void {
    if (!(x instanceof NativeTensor) || x.id < 0) return;
    this.tensorFlow.binding.deleteTensor(x.id);
    x.id = -1;
    this.live--;
  }

  /** Runs `body` and frees what it made, except what its result reaches or {@link keep} saved. */
  scope<T>(body: () => T): T {
    const made: NativeTensor[] = [];
    this.#scopes.push(made);
    let returned: Set<NativeTensor> | null = null;
    try {
      const result = body();
      if (result instanceof Promise) {
        throw new TypeError("Cannot run an asynchronous scope: await outside of it");
      }
      returned = new Set();
      collect(result, returned);
      return result;
    } finally {
      this.#scopes.pop();
      const outer = this.#scopes[this.#scopes.length - 1];
      for (const tensor of made) {
        if (tensor.kept || tensor.id < 0) continue;
        if (returned?.has(tensor)) outer?.push(tensor);
        else this.free(tensor);
      }
    }
  }

  /** Id of a constant with these values: int32 `[n]`, or a scalar where `values` is a number. */
  constant(values: readonly number[] | number, dtype: DType = "int32"): number {
    const key = dtype + (typeof values === "number" ? values : "[" + values + "]");
    const shape = typeof values === "number" ? [] : [values.length];
    return this.#cached(key, () => this.#makeConstant([values].flat(), shape, dtype));
  }

  /** Id of a constant that `make` fills, cached under `key`. */
  namedConstant(
    key: string,
    shape: readonly number[],
    make: () => Float32Array | Int32Array,
  ): number {
    return this.#cached(key, () => this.#upload(make(), shape));
  }

  #upload(data: Float32Array | Int32Array, shape: readonly number[]): number {
    const type = typeNumber[data instanceof Int32Array ? "int32" : "float32"];
    return this.tensorFlow.binding.createTensor(shape, type, data);
  }

  #makeConstant(values: readonly number[], shape: readonly number[], dtype: DType): number {
    if (dtype === "int32") return this.#upload(Int32Array.from(values), shape);
    const wide = this.#upload(Float32Array.from(values), shape);
    if (dtype === "float32") return wide;
    const narrow = this.runRaw("Cast", castAttributes(this.tensorFlow, 1, TF_BFLOAT16), [wide]);
    this.freeRaw(wide);
    return narrow.id;
  }

  /** The id under `key`, made if needed; the one used longest ago goes when there are too many. */
  #cached(key: string, make: () => number): number {
    let id = this.#constants.get(key);
    if (id !== undefined) this.#constants.delete(key); // set again below, as the newest
    else {
      if (this.#constants.size >= constantLimit) {
        const [oldest, oldId] = this.#constants.entries().next().value!;
        this.#constants.delete(oldest);
        this.tensorFlow.binding.deleteTensor(oldId);
      }
      id = make();
    }
    this.#constants.set(key, id);
    return id;
  }

  /** Number of cached constants, for tests. */
  get constants(): number {
    return this.#constants.size;
  }
}

/** Attributes of `Cast` between TensorFlow's type numbers. */
export function castAttributes(
  { binding: b }: TensorFlow,
  from: number,
  to: number,
): OpAttribute[] {
  return [
    { name: "SrcT", type: b.TF_ATTR_TYPE, value: from },
    { name: "DstT", type: b.TF_ATTR_TYPE, value: to },
    { name: "Truncate", type: b.TF_ATTR_BOOL, value: false },
  ];
}

/** Adds every native tensor within arrays and plain objects to `found`. */
function collect(value: unknown, found: Set<NativeTensor>): void {
  if (value instanceof NativeTensor) found.add(value);
  else if (Array.isArray(value)) value.forEach((entry) => collect(entry, found));
  else if (typeof value === "object" && value !== null) {
    const prototype = Object.getPrototypeOf(value);
    if (prototype === Object.prototype || prototype === null) {
      for (const entry of Object.values(value)) collect(entry, found);
    }
  }
}

let shared: TensorStore | null = null;

/**
 * The store of this process.
 *
 * @throws {InputError} when TensorFlow is not loaded
 */
export function tensorStore(): TensorStore {
  return shared ??= new TensorStore(tensorFlow());
}
