/**
 * The native kernels: TensorFlow's own operations on raw tensor ids, past the TensorFlow.js engine,
 * with weights and matrix products in float32 or bfloat16.
 *
 * The fast counterpart of `portable.ts`, which is the specification; `tests/suites/kernel_suite.ts`
 * holds the two equal. Gradients of the single steps are in
 * `native_backward.ts`; `lib/nn/tape.ts` puts them together.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { blockedAttention } from "../nn/blocked_attention.ts";
import { composedAttentionInputs, plainAfterAttention } from "../nn/decoder_layer.ts";
import { composedRowAttention } from "../nn/row_attention.ts";
import { foldedShape } from "./folded_product.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { type BackwardOps, backwardOps } from "./native_backward.ts";
import { fusedBlocks, type FusedOps, registerFusedOps } from "./native_fused.ts";
import { type BlockOps, causalMask, plainBlocks } from "./native_plain.ts";
import { nativeConvolution } from "./native_convolution.ts";
import { exchange } from "./native_exchange.ts";
import { NativeOps, noOneDnn, type OneDnnOps, probeOneDnn } from "./native_ops.ts";
import { withPacked } from "./native_packed.ts";
import { type NativeTensor, sizeOf, tensorStore } from "./native_tensors.ts";
import { checkPlain, plainWeight } from "./native_weights.ts";
import { checkPacked, inOrder } from "./packed_shape.ts";
import { ownFloatProduct, type OwnProduct } from "./product_choice.ts";
import { storedBytes } from "./widen.ts";

/** How native kernels compute. */
export interface NativeOptions {
  /** Element type of weights and matrix products. */
  readonly dtype: "float32" | "bfloat16";
  /** Whether to use the operations of TensorFlow's oneDNN build where it has them. Default: true. */
  readonly oneDnn?: boolean;
  /** Whether to use our own operations where they are compiled. Default: true. */
  readonly fused?: boolean;
  /**
   * Whether products of 256 or more rows in float32 are our own, and which: by Strassen's method
   * (`strassen` or true), which takes an eighth fewer multiplications and rounds twice as coarsely as
   * plain sums, or in bfloat16 parts by matrix registers (`bf16x3`, as exact as plain sums, or
   * `bf16x2`). Default: what the set-up measured to be faster on this machine, or
   * `CORELENS_FLOAT_PRODUCT` says.
   */
  readonly floatProducts?: boolean | OwnProduct;
}

let probed: OneDnnOps | null = null;

/**
 * Kernels on TensorFlow's C library.
 *
 * @throws {InputError} when TensorFlow is not loaded
 *
 * @example
 * ```ts
 * import { useBackend } from "./select.ts";
 * import { nativeKernels } from "./native.ts";
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
  const oneDnn = wanted ? probed! : noOneDnn;
  const fused = options.fused ?? true ? registerFusedOps(store.tensorFlow) : null;
  const floatProduct = fused && options.dtype === "float32" ? floatProductOf(options, fused) : null;
  const blocks = fused
    ? fusedBlocks(ops, options.dtype, fused, floatProduct)
    : plainBlocks(ops, options.dtype, oneDnn);
  const plain = plainBlocks(ops, "float32", oneDnn);
  const backward = backwardOps(
    ops,
    fused?.gradients ?? false,
    (x, name) => plain.gated(x, null, name),
  );
  const kernels = makeKernels(ops, options.dtype, oneDnn, blocks, backward);
  return fused?.packed ? withPacked(kernels, ops, fused) : kernels;
}

/** Which of our products takes many rows of floats; null for TensorFlow's. */
function floatProductOf({ floatProducts }: NativeOptions, fused: FusedOps): OwnProduct | null {
  const wanted = floatProducts ?? ownFloatProduct(tensorStore().tensorFlow.nativeDir);
  const product = wanted === true ? "strassen" : wanted || null;
  if (product && product !== "strassen" && !fused.splitProducts) {
    throw new InputError(
      `Cannot multiply floats as ${product}: this processor has no matrix registers (AMX), or ` +
        "`deno task setup` has not run since; unset CORELENS_FLOAT_PRODUCT",
    );
  }
  return product;
}

function makeKernels(
  ops: NativeOps,
  computeDType: "float32" | "bfloat16",
  oneDnn: OneDnnOps,
  blocks: BlockOps,
  backward: BackwardOps,
): Kernels {
  const { store } = ops;
  const { binding } = store.tensorFlow;
  /** Our handle, once it is sure that it lives. */
  const own = (x: Tensor): NativeTensor => {
    store.idOf(x);
    return x as NativeTensor;
  };
  /** Whether a tensor is so large that TensorFlow would ask for its memory anew each time. */
  const large = (x: Tensor) => sizeOf(x.shape) >= 1 << 18;
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

  const kernels: Kernels = {
    name: "native",
    computeDType,

    scope: (body) => store.scope(body),
    keep: (x) => {
      own(x).kept = true;
      return x;
    },
    dispose: (...tensors) => tensors.forEach((x) => x && store.free(x)),
    tensorCount: () => store.live,

    ...exchange(ops),
    tensor: (data, shape) => store.create(data, shape),
    zeros: (shape) => store.create(new Float32Array(sizeOf(shape)), shape),
    weight: (bytes, stored, shape) => {
      checkPlain(bytes.byteLength, stored, shape);
      const raw = binding.createTensor([...shape, storedBytes[stored]], binding.TF_UINT8, bytes);
      return plainWeight(ops, raw, stored, computeDType);
    },
    packedWeight: (bytes, format, shape, order) => {
      checkPacked(bytes.byteLength, format, shape);
      const values = inOrder(format.unpack(bytes), order);
      return kernels.weight(new Uint8Array(values.buffer), "F32", shape);
    },
    keepsPacked: () => false,
    files: null,
    holdsPacked: () => false,
    read: (x) => Promise.resolve().then(() => readSync(x)),
    readSync: (x) => readSync(x),
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

    add: (a, b) =>
      store.scope(() => {
        if (a.dtype !== b.dtype && String(a.shape) === String(b.shape)) {
          if (b.dtype === "bfloat16" && a.dtype === "float32") {
            return blocks.addWide(own(a), own(b));
          }
          if (a.dtype === "bfloat16" && b.dtype === "float32") {
            return blocks.addWide(own(b), own(a));
          }
        }
        if (a.dtype === "float32" && large(a) && String(a.shape) === String(b.shape)) {
          return blocks.addWide(own(a), wide(b));
        }
        return ops.binary("AddV2", ...matched(a, b));
      }),
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
      store.scope(() => {
        const shape = foldedShape(a.shape, b.shape, transposeB);
        if (!shape) return ops.matMul(computed(a), computed(b), transposeB);
        const right = ops.reshape(computed(b), b.shape.slice(-2));
        return ops.reshape(ops.matMul(ops.rows(computed(a)), right, transposeB), shape);
      }),
    linear: (x, weight, bias, activation) =>
      store.scope(() => {
        const [input, matrix] = [computed(x), computed(weight)];
        const shift = bias ? computed(bias) : null;
        const fused = blocks.linear(input, matrix, shift, activation);
        if (fused) return fused;
        const product = ops.linear(ops.rows(input), matrix);
        const shifted = shift ? ops.binary("BiasAdd", product, shift) : product;
        const active = activation ? blocks.gated(shifted, null, activation) : shifted;
        if (x.shape.length === 2) return active;
        return ops.reshape(active, [...x.shape.slice(0, -1), weight.shape[0]]);
      }),
    convolution: (call) =>
      store.scope(() => {
        const { x, kernel, bias, activation } = call;
        const then = activation === "relu6" ? undefined : activation;
        if (kernel.shape.length === 2) {
          const product = own(kernels.linear(x, kernel, bias, then));
          return activation === "relu6" ? ops.unary("Relu6", product) : product;
        }
        const product = nativeConvolution(ops, wide(x), wide(kernel), call);
        const shifted = bias ? ops.binary("BiasAdd", product, wide(bias)) : product;
        if (then) return ops.cast(blocks.gated(shifted, null, then), "float32");
        return activation ? ops.unary("Relu6", shifted) : shifted;
      }),
    softmax: (x) => store.scope(() => ops.softmax(own(x), oneDnn)),
    causalSoftmax: (scores, firstQuery) => {
      const [queries, keys] = scores.shape.slice(-2);
      return store.scope(() => {
        if (keys <= firstQuery + 1) return ops.softmax(own(scores), oneDnn);
        const mask = causalMask(ops, queries, keys, firstQuery, scores.dtype);
        return ops.softmax(ops.binary("AddV2", own(scores), mask), oneDnn);
      });
    },
    attention: (query, keys, values, options) => {
      const { attention } = blocks;
      if (!attention) return blockedAttention(kernels, query, keys, values, options);
      return store.scope(() => attention(own(query), keys.map(own), values.map(own), options));
    },
    rowAttention: (call) => {
      const { rowAttention } = blocks;
      if (!rowAttention) return composedRowAttention(kernels, call);
      [call.query, call.key, call.value].forEach(({ rows }) => own(rows));
      return store.scope(() => rowAttention(call));
    },
    attentionInputs: (call) => composedAttentionInputs(kernels, call),
    afterAttention: (call) => plainAfterAttention(kernels, call),
    skipsHiddenKeys: blocks.attention !== null,
    rmsNorm: (x, gain, eps) => store.scope(() => blocks.rmsNorm(own(x), gain && own(gain), eps)),
    layerNorm: (x, gain, bias, eps) =>
      store.scope(() => blocks.layerNorm(own(x), own(gain), own(bias), eps)),
    rotate: (x, cos, sin) => store.scope(() => blocks.rotate(own(x), own(cos), own(sin))),
    activation: (x, name) => composite([x], () => blocks.gated(own(x), null, name)),
    gatedActivation: (gate, up, name) => store.scope(() => blocks.gated(own(gate), own(up), name)),

    rmsNormGradient: (x, gain, dy, eps) =>
      store.scope(() => backward.rmsNorm(own(x), gain && own(gain), own(dy), eps)),
    gatedActivationGradient: (gate, up, dy, name) =>
      store.scope(() => backward.gated(own(gate), own(up), own(dy), name)),
    softmaxGradient: (p, dp) => store.scope(() => backward.softmax(own(p), own(dp))),
  };
  return kernels;

  function readSync(x: Tensor): Float32Array | Int32Array {
    return store.scope(() => {
      const values = x.dtype === "bfloat16" ? wide(x) : own(x);
      return binding.tensorDataSync(values.id) as Float32Array | Int32Array;
    });
  }
}
