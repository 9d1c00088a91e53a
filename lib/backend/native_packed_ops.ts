/**
 * What the native kernels do with weights in blocks, one operation each.
 *
 * @module
 */
import type { Activation, BlockFormat, DType, FileBytes, GroupedCodes } from "../nn/kernels.ts";
import { activationNumbers } from "./native_fused.ts";
import { nativeFormats, placeOf } from "./native_formats.ts";
import type { NativeOps } from "./native_ops.ts";
import {
  type HowPacked,
  type NativeTensor,
  PackedTensor,
  sizeOf,
  typeNumber,
} from "./native_tensors.ts";
import { bytesFromFile, mappedFile } from "./native_weights.ts";
import { packedRowBytes } from "./packed_shape.ts";
import { TF_BFLOAT16, TF_HALF } from "./tensorflow.ts";

let orders = 0;

/** An order of columns with its inverse, under a name of its own. */
function columnsOf(order: Int32Array): NonNullable<HowPacked["columns"]> {
  const back = new Int32Array(order.length);
  order.forEach((column, place) => back[column] = place);
  return { name: `columns ${orders++}`, order, back };
}

/** What there is to do with weights in blocks. Results join the innermost scope. */
export class PackedOps {
  /**
   * Operations on weights of which other operations see values in an element type.
   *
   * @param ops the other operations
   */
  constructor(
    private readonly ops: NativeOps,
    private readonly computeDType: "float32" | "bfloat16",
  ) {}

  /** A weight `[.., rows, columns]` of its bytes. */
  create(
    bytes: Uint8Array | FileBytes,
    format: BlockFormat,
    shape: readonly number[],
    order?: Int32Array,
  ): PackedTensor {
    const { store } = this.ops, { binding } = store.tensorFlow;
    const rowBytes = packedRowBytes(format, shape[shape.length - 1]);
    const sizes = [sizeOf(shape.slice(0, -1)), rowBytes];
    const mapped = bytes instanceof Uint8Array ? null : mappedFile(this.ops, bytes);
    const id = bytes instanceof Uint8Array
      ? binding.createTensor(sizes, binding.TF_UINT8, bytes)
      : mapped?.id ?? bytesFromFile(this.ops, bytes, sizes);
    const skipped = mapped?.skipped ?? null;
    const how = { format, skipped, columns: order ? columnsOf(order) : null };
    return store.enter(new PackedTensor(id, [...shape], this.computeDType, how));
  }

  /** A weight of codes that are put into its blocks, part by part. */
  grouped(parts: readonly GroupedCodes[], shape: readonly number[]): PackedTensor {
    const [{ format, order }] = parts, { store } = this.ops, ids: number[] = [];
    const how = { format, skipped: null, columns: order ? columnsOf(order) : null };
    const enter = (id: number) =>
      store.enter(new PackedTensor(id, [...shape], this.computeDType, how));
    if (parts.length === 1) return enter(this.#intoBlocks(parts[0]));
    try {
      for (const part of parts) ids.push(this.#intoBlocks(part));
      return enter(this.#oneBehindTheOther(ids));
    } finally {
      ids.forEach((id) => store.freeRaw(id));
    }
  }

  /** Id of the rows of some tensors of bytes one behind the other. */
  #oneBehindTheOther(ids: readonly number[]): number {
    const { store } = this.ops, { binding } = store.tensorFlow;
    const attributes = [
      this.ops.integer("N", ids.length),
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_UINT8 },
      this.ops.type("Tidx", "int32"),
    ];
    return store.runRaw("ConcatV2", attributes, [...ids, store.constant(0)]).id;
  }

  /** Id of the blocks of codes. */
  #intoBlocks({ codes, plan, scales, zeros, offsets, order }: GroupedCodes): number {
    const { store } = this.ops, { binding } = store.tensorFlow;
    const length = codes.ranges.reduce((sum, [, own]) => sum + own, 0);
    const mapped = mappedFile(this.ops, codes);
    const bytes = mapped?.id ?? bytesFromFile(this.ops, codes, [length]);
    const own = plan.slice();
    own[0] = mapped?.skipped ?? 0;
    const vector = (values: Float32Array | Int32Array) => {
      const type = values instanceof Int32Array ? "int32" : "float32";
      return binding.createTensor([values.length], typeNumber[type], values);
    };
    const inputs = [bytes, ...[own, scales, zeros, offsets, order ?? new Int32Array()].map(vector)];
    try {
      return store.runRaw("CorelensPackGroups", [], inputs).id;
    } finally {
      inputs.forEach((id) => store.freeRaw(id));
    }
  }

  /** Id of {@link placeOf} a weight. */
  #place(weight: PackedTensor): number {
    return this.ops.store.constant(placeOf(weight));
  }

  #attributes({ how: { format } }: PackedTensor, dtype: DType, activation?: Activation) {
    const { ops } = this;
    return ops.attributes(`packed${format.name}${dtype}${activation ?? ""}`, () => [
      ops.type("T", dtype),
      ops.integer("format", nativeFormats[format.name]),
      ...activation ? [ops.integer("kind", activationNumbers[activation])] : [],
    ]);
  }

  /**
   * `x [.., columns]` times the weight `[rows, columns]` transposed, plus `bias`.
   *
   * @param activation of the sums, which the set-up's product must know
   */
  linear(
    x: NativeTensor,
    weight: PackedTensor,
    bias: NativeTensor | null,
    activation?: Activation,
  ): NativeTensor {
    const { store } = this.ops;
    const shift = bias?.id ?? store.constant([], this.computeDType), { columns } = weight.how;
    const input = columns ? this.#columns(x, columns.name, columns.order) : x;
    const attributes = this.#attributes(weight, this.computeDType, activation);
    return store.run("CorelensPackedLinear", attributes, [
      input.id,
      weight.id,
      this.#place(weight),
      shift,
    ]);
  }

  /** The numbers of some rows of a weight, counted through all axes but the last: `[n, columns]`. */
  rows(weight: PackedTensor, rows: number, dtype: DType = this.computeDType): NativeTensor {
    const { store } = this.ops, { columns } = weight.how;
    if (columns) {
      return store.scope(() => {
        const found = this.#blockRows(weight, rows, dtype);
        return this.#columns(found, `back ${columns.name}`, columns.back);
      });
    }
    return this.#blockRows(weight, rows, dtype);
  }

  /** Columns of x in another order. */
  #columns(x: NativeTensor, name: string, order: Int32Array): NativeTensor {
    const { store } = this.ops, { length } = order;
    const attributes = this.ops.attributes(`columns${x.dtype}`, () => [
      this.ops.type("Tparams", x.dtype),
      this.ops.type("Tindices", "int32"),
      this.ops.type("Taxis", "int32"),
    ]);
    const indices = store.namedConstant(name, [length], () => order);
    return store.run("GatherV2", attributes, [x.id, indices, store.constant(-1)]);
  }

  /** The numbers of some rows as they lie in the blocks. */
  #blockRows(weight: PackedTensor, rows: number, dtype: DType): NativeTensor {
    const { store } = this.ops;
    return store.run("CorelensUnpackRows", this.#attributes(weight, dtype), [
      weight.id,
      this.#place(weight),
      rows,
    ]);
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

  /** The same blocks under another shape, or null where these would be other blocks. */
  reshaped(weight: PackedTensor, shape: readonly number[]): PackedTensor | null {
    const columns = weight.shape[weight.shape.length - 1], { elements, bytes } = weight.how.format;
    const known = sizeOf(shape.filter((size) => size >= 0));
    const own = shape.map((size) => size < 0 ? sizeOf(weight.shape) / known : size);
    const last = own[own.length - 1];
    if (own.length < 2 || last !== columns && elements > 1) return null;
    if (last === columns || weight.how.skipped !== null) {
      return this.#part(weight, "Identity", [weight.id], own, weight.how.skipped);
    }
    const sizes = this.ops.store.constant([sizeOf(own.slice(0, -1)), last * bytes]);
    return this.#part(weight, "Reshape", [weight.id, sizes], own);
  }

  /** The same numbers with their axes in another order, where each is a block of its own; else null. */
  turned(weight: PackedTensor, order: readonly number[]): PackedTensor | null {
    const { store } = this.ops, { how: { format: { name, elements } }, shape } = weight;
    const { binding } = store.tensorFlow, uint8 = binding.TF_UINT8;
    if (elements > 1 || order.length < 2) return null;
    const type = name === "F16" ? TF_HALF : TF_BFLOAT16;
    const typed = (key: string, value: number) => ({
      name: key,
      type: binding.TF_ATTR_TYPE,
      value,
    });
    const bitcast = (from: number, to: number, id: number) =>
      store.runRaw("Bitcast", [typed("T", from), typed("type", to)], [id]).id;
    const reshaped = (own: number, id: number, sizes: readonly number[]) =>
      store.runRaw("Reshape", [typed("T", own), this.ops.type("Tshape", "int32")], [
        id,
        store.constant(sizes),
      ]).id;
    const sizes = order.map((axis) => shape[axis]), bytes = [this.#bytesAlone(weight)];
    const rows = [sizeOf(sizes.slice(0, -1)), 2 * sizes[sizes.length - 1]];
    const ids = [...bytes, reshaped(uint8, bytes[0], [...shape, 2])];
    ids.push(bitcast(uint8, type, ids[1]));
    const permutation = [typed("T", type), this.ops.type("Tperm", "int32")];
    ids.push(store.runRaw("Transpose", permutation, [ids[2], store.constant(order)]).id);
    ids.push(bitcast(type, uint8, ids[3]));
    const id = reshaped(uint8, ids[4], rows);
    ids.forEach((own) => store.freeRaw(own));
    return store.enter(new PackedTensor(id, sizes, weight.dtype, { ...weight.how, skipped: null }));
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
    const rows = sizeOf(shape.slice(1, -1)), parts = [count, ...shape.slice(1)];
    if (weight.how.skipped !== null) {
      const rowBytes = packedRowBytes(weight.how.format, shape[shape.length - 1]);
      const skipped = weight.how.skipped + begin[0] * rows * rowBytes;
      return this.#part(weight, "Identity", [weight.id], parts, skipped);
    }
    const box = [store.constant([begin[0] * rows, 0]), store.constant([count * rows, -1])];
    return this.#part(weight, "Slice", [weight.id, ...box], parts);
  }

  #part(
    weight: PackedTensor,
    operation: "Identity" | "Reshape" | "Slice",
    inputs: readonly number[],
    shape: readonly number[],
    skipped: number | null = null,
  ): PackedTensor {
    const id = this.#onBytes(operation, inputs);
    const { dtype, how } = weight;
    return this.ops.store.enter(new PackedTensor(id, shape, dtype, { ...how, skipped }));
  }

  /** Id of what an operation makes of bytes. */
  #onBytes(operation: "Identity" | "Reshape" | "Slice", inputs: readonly number[]): number {
    const { store } = this.ops, { binding } = store.tensorFlow;
    const attributes = this.ops.attributes(`packed${operation}`, () => [
      { name: "T", type: binding.TF_ATTR_TYPE, value: binding.TF_UINT8 },
      ...operation === "Slice" ? [this.ops.type("Index", "int32")] : [],
      ...operation === "Reshape" ? [this.ops.type("Tshape", "int32")] : [],
    ]);
    return store.runRaw(operation, attributes, inputs).id;
  }

  /** Id of a tensor of a weight's bytes and no others, which the caller frees. */
  #bytesAlone(weight: PackedTensor): number {
    if (weight.how.skipped === null) return this.#onBytes("Identity", [weight.id]);
    const { store } = this.ops, { shape, how: { format } } = weight;
    const length = sizeOf(shape) / format.elements * format.bytes;
    const box = [store.constant([weight.how.skipped]), store.constant([length])];
    return this.#onBytes("Slice", [weight.id, ...box]);
  }
}
