/**
 * Operations of our own, compiled by the set-up from `tools/native/ops` and registered with
 * TensorFlow: norms, gates, rotary embedding and attention, each in one pass over memory, and the
 * products that are faster than TensorFlow's (few rows; bfloat16 in matrix registers; many rows of
 * float32 by Strassen's method).
 *
 * The fast counterpart of `native_plain.ts`; `tests/suites/kernel_suite.ts` holds the two equal.
 * @module
 */
import { join } from "node:path";
import type { Activation, AttentionOptions, RowAttention, Tensor } from "../nn/kernels.ts";
import type { NativeOps } from "./native_ops.ts";
import type { BlockOps } from "./native_plain.ts";
import { type NativeTensor, sizeOf } from "./native_tensors.ts";
import type { OwnProduct } from "./product_choice.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** File of the operations, beside the binding. */
export const fusedLibrary = "libcorelens_ops.so";

/** Which of the operations there are. */
export interface FusedOps {
  /** Whether the processor has matrix registers, which multiply bfloat16. */
  readonly matrixRegisters: boolean;
  /** Whether the processor has instructions for products of bfloat16. */
  readonly bfloat16: boolean;
  /** Whether there is a product of many rows of floats; `product_choice.ts` says whether to use it. */
  readonly floatProducts: boolean;
  /** Whether the operations for training are among them: an older set-up did not compile them. */
  readonly gradients: boolean;
  /**
   * Whether there are products with weights in blocks, and tensors of files' bytes: an older set-up did
   * not compile them.
   */
  readonly packed: boolean;
  /** Whether products of floats in bfloat16 parts by matrix registers are among them. */
  readonly splitProducts: boolean;
  /** Whether a product stores the activation of its sums: an older set-up's does not. */
  readonly activations: boolean;
  /** Whether there are attention on rows and sums of floats: an older set-up did not compile them. */
  readonly rows: boolean;
  /**
   * Whether there are layers of few rows in two calls, and numbers of files that change their type as they
   * are read: an older set-up did not compile them.
   */
  readonly layers: boolean;
  /** Whether a product with a weight in blocks stores the activation of its sums, too. */
  readonly packedActivations: boolean;
}

const registered = new Map<string, FusedOps | null>();

/**
 * Rows up to which our product, which reads the weight as it lies, is faster than TensorFlow's. The
 * counterpart in C++ is `kFewRows` in `tools/native/ops/calls.h`: change both.
 */
export const fewRows = { float32: 16, bfloat16: 2 } as const;
/** Rows from which our product packs the weight: for Strassen's sums, or for matrix registers. */
const manyRows = { float32: 256, bfloat16: 32 } as const;
/**
 * Of what the columns in and out of a packed weight must be multiples: whole vectors of any
 * processor, or the tiles of matrix registers. The counterpart is `LinearAs` in
 * `tools/native/ops/calls.h`.
 */
const packedUnit = { float32: [1, 16], bfloat16: [32, 32] } as const;

/**
 * Registers the operations with TensorFlow, once.
 *
 * @returns null where they cannot be used: they are not compiled, this processor lacks instructions
 * that they were compiled for, or TensorFlow runs on a GPU
 */
export function registerFusedOps(tensorFlow: TensorFlow): FusedOps | null {
  const { nativeDir, device, threads } = tensorFlow;
  const known = registered.get(nativeDir);
  if (known !== undefined) return known;
  const found = device === "CPU" ? register(join(nativeDir, fusedLibrary), threads) : null;
  registered.set(nativeDir, found);
  return found;
}

function register(path: string, threads: number): FusedOps | null {
  try {
    Deno.statSync(path);
  } catch {
    return null; // not compiled: an older set-up, or a compiler that could not
  }
  const { symbols } = Deno.dlopen(
    path,
    {
      corelens_register_ops: { parameters: ["i32"], result: "i32" },
      corelens_has_matrix_registers: { parameters: [], result: "i32" },
      corelens_multiplies_bfloat16: { parameters: [], result: "i32", optional: true },
      corelens_has_float_products: { parameters: [], result: "i32", optional: true },
      corelens_has_gradients: { parameters: [], result: "i32", optional: true },
      corelens_has_packed: { parameters: [], result: "i32", optional: true },
      corelens_has_activations: { parameters: [], result: "i32", optional: true },
      corelens_has_rows: { parameters: [], result: "i32", optional: true },
      corelens_has_layers: { parameters: [], result: "i32", optional: true },
      corelens_has_packed_activations: { parameters: [], result: "i32", optional: true },
      corelens_has_split_products: { parameters: [], result: "i32", optional: true },
    } as const,
  );
  // The library stays open: TensorFlow calls into it from now on.
  if (symbols.corelens_register_ops(threads) !== 0) return null;
  return {
    matrixRegisters: symbols.corelens_has_matrix_registers() === 1,
    bfloat16: symbols.corelens_multiplies_bfloat16?.() !== 0,
    floatProducts: symbols.corelens_has_float_products?.() === 1,
    gradients: symbols.corelens_has_gradients !== null,
    packed: symbols.corelens_has_packed !== null && symbols.corelens_multiplies_bfloat16 !== null,
    splitProducts: symbols.corelens_has_split_products?.() === 1,
    activations: symbols.corelens_has_activations !== null,
    rows: symbols.corelens_has_rows !== null,
    layers: symbols.corelens_has_layers !== null,
    packedActivations: symbols.corelens_has_packed_activations !== null,
  };
}

/** Parts of a float in each of our products; 0 where it stays whole. */
const partsOf: Readonly<Record<OwnProduct, number>> = { strassen: 0, bf16x3: 3, bf16x2: 2 };

/** Numbers of the activations in `tools/native/ops/pointwise.h`. */
export const activationNumbers: Readonly<Record<Activation, number>> = {
  silu: 0,
  quick_gelu: 1,
  gelu_pytorch_tanh: 2,
  gelu: 3,
  relu: 4,
};

/**
 * The block operations in one call each; {@link registerFusedOps} must have succeeded.
 *
 * @param floatProduct which of our products takes many rows of floats, if any
 */
export function fusedBlocks(
  ops: NativeOps,
  computeDType: "float32" | "bfloat16",
  fused: FusedOps,
  floatProduct: OwnProduct | null,
): BlockOps {
  const { store } = ops;
  const nothing = () => store.namedConstant("no ranges", [0], () => new Int32Array());

  const norm = (
    x: NativeTensor,
    gain: NativeTensor | null,
    bias: NativeTensor | null,
    eps: number,
    center: boolean,
  ) => {
    const gainType = gain?.dtype ?? "float32";
    const attributes = ops.attributes(`norm${x.dtype}${gainType}${eps}${center}`, () => [
      ops.type("X", x.dtype),
      ops.type("G", gainType),
      ops.type("Y", computeDType),
      ops.float("eps", eps),
      ops.flag("center", center),
    ]);
    const none = () => store.constant([], gainType);
    const inputs = [x.id, gain?.id ?? none(), bias ? ops.cast(bias, gainType).id : none()];
    return store.run("CorelensNorm", attributes, inputs);
  };

  return {
    rmsNorm: (x, gain, eps) => norm(x, gain, null, eps, false),
    layerNorm: (x, gain, bias, eps) => norm(x, gain, bias, eps, true),

    gated: (gate, up, name) => {
      const narrow = ops.cast(gate, computeDType);
      const attributes = ops.attributes(
        `gated${name}`,
        () => [ops.type("T", computeDType), ops.integer("kind", activationNumbers[name])],
      );
      const other = up ? ops.cast(up, computeDType).id : store.constant([], computeDType);
      return store.run("CorelensGated", attributes, [narrow.id, other]);
    },

    rotate: (x, cos, sin) => {
      const attributes = ops.attributes(`rotate${x.dtype}`, () => [ops.type("T", x.dtype)]);
      const tables = [ops.cast(cos, "float32").id, ops.cast(sin, "float32").id];
      return store.run("CorelensRotate", attributes, [x.id, ...tables]);
    },

    addWide: (wide, narrow) => {
      if (!fused.rows && narrow.dtype === "float32") return ops.binary("AddV2", wide, narrow);
      const attributes = fused.rows
        ? ops.attributes(`add${narrow.dtype}`, () => [ops.type("B", narrow.dtype)])
        : [];
      return store.run("CorelensAdd", attributes, [wide.id, narrow.id]);
    },

    linear: (x, weight, bias, activation) => {
      const inner = weight.shape[1];
      const rows = sizeOf(x.shape.slice(0, -1));
      const width = weight.shape[0];
      const parts = floatProduct ? partsOf[floatProduct] : 0;
      const there = computeDType === "bfloat16"
        ? fused.matrixRegisters
        : floatProduct !== null && (parts > 0 || fused.floatProducts);
      const [innerUnit, outerUnit] = parts > 0 ? [1, 1] : packedUnit[computeDType];
      const packed = there && rows >= manyRows[computeDType] && inner > 0 &&
        inner % innerUnit === 0 && width % outerUnit === 0;
      if (rows > fewRows[computeDType] && !packed) return null;
      if (activation && !fused.activations) return null;
      const shift = bias?.id ?? store.constant([], computeDType);
      const kind = activation ? activationNumbers[activation] : -1;
      const attributes = ops.attributes(
        `product${kind},${parts}`,
        () => [
          ops.type("T", computeDType),
          ...(fused.activations ? [ops.integer("kind", kind)] : []),
          ...(fused.splitProducts ? [ops.integer("parts", parts)] : []),
        ],
      );
      return store.run("CorelensLinear", attributes, [x.id, weight.id, shift]);
    },

    attention: (query, keys, values, { causal, ranges }: AttentionOptions) => {
      const attributes = ops.attributes(`attention${causal}${keys.length}`, () => [
        ops.type("T", computeDType),
        ops.flag("causal", causal),
        ops.integer("segments", keys.length),
      ]);
      const flat = ranges?.flatMap((range) => range ? [range.sink, range.window] : [0, 0]);
      const rangesId = flat
        ? store.namedConstant(`ranges${flat}`, [ranges!.length, 2], () => Int32Array.from(flat))
        : nothing();
      const ids = [query, ...keys, ...values].map((x) => ops.cast(x, computeDType).id);
      return store.run("CorelensAttention", attributes, [ids[0], rangesId, ...ids.slice(1)]);
    },

    rowAttention: fused.rows
      ? ({ query, key, value, heads, headDim, lengths, tables, scale }: RowAttention) => {
        const parts = [query, key, value];
        const columns = parts.map(({ from }) => from);
        const attributes = ops.attributes(`rows${heads},${headDim},${scale},${columns}`, () => [
          ops.type("T", computeDType),
          ops.integer("heads", heads),
          ops.integer("width", headDim),
          ops.float("scale", scale),
          ...["query", "key", "value"].map((part, i) => ops.integer(`${part}_column`, columns[i])),
        ]);
        const runs = store.namedConstant(
          `runs${lengths}`,
          [lengths.length],
          () => Int32Array.from(lengths),
        );
        const none = () => store.constant([], "float32");
        const turned = (table?: Tensor) =>
          table ? ops.cast(table as NativeTensor, "float32").id : none();
        return store.run("CorelensRowAttention", attributes, [
          ...parts.map(({ rows }) => ops.cast(rows as NativeTensor, computeDType).id),
          runs,
          turned(tables?.cos),
          turned(tables?.sin),
        ]);
      }
      : null,
  };
}
