/**
 * The portable kernels: plain TensorFlow.js operations on whichever backend runs, in float32.
 *
 * This is the specification of {@link Kernels}; `native.ts` is its fast counterpart, and
 * `tests/suites/kernel_suite.ts` holds the two equal. Every operation here has a gradient, so that a
 * model on these kernels can be trained.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { alikeBatches } from "./batches.ts";
import { blockedAttention } from "../nn/blocked_attention.ts";
import { composedAttentionInputs, plainAfterAttention } from "../nn/decoder_layer.ts";
import { composedRowAttention } from "../nn/row_attention.ts";
import { foldedShape } from "./folded_product.ts";
import { checkPacked, inOrder } from "./packed_shape.ts";
import { paddedSide } from "../nn/convolution.ts";
import type {
  Activation,
  ConvolutionPadding,
  DType,
  Kernels,
  StoredDType,
  Tensor,
} from "../nn/kernels.ts";
import { hiddenScore } from "../nn/mask.ts";
import { widenToFloat32 } from "./widen.ts";

/** Our handles are TensorFlow.js tensors here; only this file knows. */
const bare = (x: Tensor): tf.Tensor => x as unknown as tf.Tensor;
/** The tensor of TensorFlow.js, which not on every backend notices that it was disposed. */
const unwrap = (x: Tensor): tf.Tensor => {
  bare(x).throwIfDisposed();
  return bare(x);
};
const wrap = (x: tf.Tensor): Tensor => x as unknown as Tensor;

function activate(x: tf.Tensor, name: Activation): tf.Tensor {
  switch (name) {
    case "silu":
      return tf.mul(x, tf.sigmoid(x));
    case "gelu": // x * Phi(x), exact
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1));
    case "gelu_pytorch_tanh": {
      const inner = tf.mul(
        tf.add(x, tf.mul(tf.mul(tf.square(x), x), 0.044715)),
        Math.sqrt(2 / Math.PI),
      );
      return tf.mul(tf.mul(x, 0.5), tf.add(tf.tanh(inner), 1));
    }
    case "quick_gelu":
      return tf.mul(x, tf.sigmoid(tf.mul(x, 1.702)));
    case "relu":
      return tf.relu(x);
  }
}

/** The derivative of an activation function, element by element. */
function slope(x: tf.Tensor, name: Activation): tf.Tensor {
  switch (name) {
    case "silu": // s (1 + x (1 - s))
    case "quick_gelu": {
      const factor = name === "silu" ? 1 : 1.702;
      const s = tf.sigmoid(tf.mul(x, factor));
      return tf.mul(s, tf.add(1, tf.mul(tf.mul(x, factor), tf.sub(1, s))));
    }
    case "gelu": { // Phi(x) + x phi(x)
      const below = tf.mul(tf.add(tf.erf(tf.mul(x, Math.SQRT1_2)), 1), 0.5);
      const density = tf.mul(tf.exp(tf.mul(tf.square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
      return tf.add(below, tf.mul(x, density));
    }
    case "gelu_pytorch_tanh": { // (1 + t + x (1 - t^2) inner') / 2
      const root = Math.sqrt(2 / Math.PI), square = tf.square(x);
      const t = tf.tanh(tf.mul(x, tf.add(tf.mul(square, 0.044715 * root), root)));
      const inner = tf.add(tf.mul(square, 3 * 0.044715 * root), root);
      const second = tf.mul(tf.mul(x, tf.sub(1, tf.square(t))), inner);
      return tf.mul(tf.add(tf.add(t, 1), second), 0.5);
    }
    case "relu":
      return tf.step(x);
  }
}

/** A convolution within the border of zeros that it wants. */
function convolved(
  x: tf.Tensor4D,
  kernel: tf.Tensor4D,
  stride: number,
  padding: ConvolutionPadding,
  depthwise: boolean,
): tf.Tensor4D {
  const [rows, columns] = [x.shape[1], x.shape[2]].map((size) => {
    const { before, after } = paddedSide(size, kernel.shape[0], stride, padding);
    return [before, after] as [number, number];
  });
  const bordered = tf.pad4d(x, [[0, 0], rows, columns, [0, 0]]);
  return depthwise
    ? tf.depthwiseConv2d(bordered, kernel, stride, "valid")
    : tf.conv2d(bordered, kernel, stride, "valid");
}

/** Added to scores: 0 where query row i may see key j (`j <= firstQuery + i`), else {@link hiddenScore}. `[T, S]` */
function causalMask(queries: number, keys: number, firstQuery: number): tf.Tensor {
  const last = tf.range(firstQuery, firstQuery + queries).reshape([queries, 1]);
  const hidden = tf.greater(tf.range(0, keys).reshape([1, keys]), last);
  return tf.mul(tf.cast(hidden, "float32"), hiddenScore);
}

/**
 * Kernels in TensorFlow.js operations on the current backend.
 *
 * @example
 * ```ts
 * import { useBackend } from "./select.ts";
 * import { portableKernels } from "./portable.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const k = portableKernels();
 * const x = k.tensor(new Float32Array([1, 2, 3, 4]), [2, 2]);
 * const y = k.add(x, x);
 * assertEquals([...await k.read(y)], [2, 4, 6, 8]);
 * k.dispose(x, y);
 * ```
 */
export function portableKernels(): Kernels {
  const kernels: Kernels = {
    name: "portable",
    computeDType: "float32",

    scope: <T>(body: () => T) => tf.tidy(body as () => tf.TensorContainer) as unknown as T,
    keep: (x) => wrap(tf.keep(unwrap(x))),
    dispose: (...tensors) => tensors.forEach((x) => x && bare(x).dispose()),
    tensorCount: () => tf.memory().numTensors,

    tensor: (data, shape) =>
      wrap(tf.tensor(data, [...shape], data instanceof Int32Array ? "int32" : "float32")),
    zeros: (shape) => wrap(tf.zeros([...shape])),
    weight: (bytes, stored: StoredDType, shape) =>
      wrap(tf.tensor(widenToFloat32(bytes, stored), [...shape], "float32")),
    packedWeight: (bytes, format, shape, order) => {
      checkPacked(bytes.byteLength, format, shape);
      return wrap(tf.tensor(inOrder(format.unpack(bytes), order), [...shape], "float32"));
    },
    keepsPacked: () => false,
    files: null,
    holdsPacked: () => false,
    read: async (x) => await unwrap(x).data() as Float32Array | Int32Array,
    readSync: (x) => unwrap(x).dataSync() as Float32Array | Int32Array,
    toTfjs: (x) => tf.clone(unwrap(x)),
    fromTfjs: (x, dtype) => {
      const own = x.dtype === "float32" ? "float32" : "int32"; // booleans become integers
      return wrap(tf.cast(x, dtype === "bfloat16" ? "float32" : dtype ?? own));
    },
    cast: (x, dtype: DType) => wrap(tf.cast(unwrap(x), dtype === "bfloat16" ? "float32" : dtype)),

    reshape: (x, shape) => wrap(tf.reshape(unwrap(x), [...shape])),
    transpose: (x, order) => wrap(tf.transpose(unwrap(x), [...order])),
    slice: (x, begin, size) => wrap(tf.slice(unwrap(x), [...begin], [...size])),
    concat: (tensors, axis) =>
      tensors.length === 1
        ? wrap(tf.clone(unwrap(tensors[0])))
        : wrap(tf.concat(tensors.map(unwrap), axis)),
    gather: (x, rows) => wrap(tf.gather(unwrap(x), unwrap(rows) as tf.Tensor1D)),
    broadcastBatch: (x, count) => {
      const t = unwrap(x);
      return wrap(tf.tile(t, [count, ...t.shape.slice(1).map(() => 1)]));
    },

    add: (a, b) => wrap(tf.add(unwrap(a), unwrap(b))),
    mul: (a, b) => wrap(tf.mul(unwrap(a), unwrap(b))),
    scale: (x, factor) => wrap(tf.mul(unwrap(x), factor)),
    sum: (x, axis, keepDims = false) => wrap(tf.sum(unwrap(x), axis, keepDims)),
    argMax: (x) => wrap(tf.argMax(unwrap(x), -1)),

    matMul: (a, b, { transposeB = false } = {}) => {
      const shape = foldedShape(a.shape, b.shape, transposeB);
      if (!shape) {
        return wrap(
          tf.tidy(() => tf.matMul(...alikeBatches(unwrap(a), unwrap(b)), false, transposeB)),
        );
      }
      const left = tf.reshape(unwrap(a), [-1, a.shape[a.shape.length - 1]]);
      const right = tf.reshape(unwrap(b), b.shape.slice(-2));
      return wrap(tf.reshape(tf.matMul(left, right, false, transposeB), shape));
    },
    linear: (x, weight, bias, activation) => {
      const input = unwrap(x), matrix = unwrap(weight) as tf.Tensor2D;
      const [out, width] = matrix.shape;
      const flat = tf.reshape(input, [-1, width]) as tf.Tensor2D; // [.., in] -> [rows, in]
      const product = tf.matMul(flat, matrix, false, true);
      const shifted = bias ? tf.add(product, unwrap(bias)) : product;
      const active = activation ? activate(shifted, activation) : shifted;
      return wrap(tf.reshape(active, [...input.shape.slice(0, -1), out]));
    },
    convolution: (call) => {
      const { x, kernel, bias, stride, padding, depthwise, activation } = call;
      return wrap(tf.tidy(() => {
        const filter = unwrap(kernel) as tf.Tensor4D;
        const single = filter.rank < 4;
        const sum = single
          ? unwrap(kernels.linear(x, kernel, bias))
          : convolved(unwrap(x) as tf.Tensor4D, filter, stride, padding, depthwise);
        const shifted = bias && !single ? tf.add(sum, unwrap(bias)) : sum;
        if (!activation) return shifted;
        return activation === "relu6" ? tf.relu6(shifted) : activate(shifted, activation);
      }));
    },
    softmax: (x) => wrap(tf.softmax(unwrap(x))),
    causalSoftmax: (scores, firstQuery) => {
      const x = unwrap(scores);
      const [queries, keys] = x.shape.slice(-2);
      return wrap(tf.softmax(tf.add(x, causalMask(queries, keys, firstQuery))));
    },
    attention: (query, keys, values, options) =>
      blockedAttention(kernels, query, keys, values, options),
    rowAttention: (call) => composedRowAttention(kernels, call),
    attentionInputs: (call) => composedAttentionInputs(kernels, call),
    afterAttention: (call) => plainAfterAttention(kernels, call),
    skipsHiddenKeys: false,
    rmsNorm: (x, gain, eps) => {
      const input = unwrap(x);
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), eps));
      const normalized = tf.mul(input, inverse);
      return wrap(gain ? tf.mul(normalized, unwrap(gain)) : normalized);
    },
    layerNorm: (x, gain, bias, eps) => {
      const input = unwrap(x);
      const centred = tf.sub(input, tf.mean(input, -1, true));
      const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), eps));
      return wrap(tf.add(tf.mul(tf.mul(centred, inverse), unwrap(gain)), unwrap(bias)));
    },
    rotate: (x, cos, sin) => {
      const input = unwrap(x);
      const half = input.shape[input.rank - 1] / 2;
      const [first, second] = tf.split(input, [half, half], -1);
      const turned = tf.concat([tf.neg(second), first], -1);
      return wrap(tf.add(tf.mul(input, unwrap(cos)), tf.mul(turned, unwrap(sin))));
    },
    activation: (x, name) => wrap(activate(unwrap(x), name)),
    gatedActivation: (gate, up, name) => wrap(tf.mul(activate(unwrap(gate), name), unwrap(up))),

    rmsNormGradient: (x, gain, dy, eps) =>
      wrap(tf.tidy(() => {
        const input = unwrap(x);
        const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(input), -1, true), eps));
        const unit = tf.mul(input, inverse);
        const own = gain ? tf.mul(unwrap(dy), unwrap(gain)) : unwrap(dy);
        const along = tf.mul(unit, tf.mean(tf.mul(own, unit), -1, true));
        return tf.mul(tf.sub(own, along), inverse);
      })),
    gatedActivationGradient: (gate, up, dy, name) => {
      const [toGate, toUp] = tf.tidy(() => {
        const [g, u, d] = [gate, up, dy].map(unwrap);
        return [tf.mul(tf.mul(d, u), slope(g, name)), tf.mul(d, activate(g, name))];
      });
      return [wrap(toGate), wrap(toUp)];
    },
    softmaxGradient: (p, dp) =>
      wrap(tf.tidy(() => {
        const product = tf.mul(unwrap(p), unwrap(dp));
        return tf.sub(product, tf.mul(unwrap(p), tf.sum(product, -1, true)));
      })),
  };
  return kernels;
}
