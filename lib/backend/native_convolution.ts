/**
 * Convolutions out of TensorFlow's own operations, on native handles in float32.
 *
 * The counterpart in `portable.ts` is the specification; `tests/suites/kernel_suite.ts` holds them
 * equal.
 * @module
 */
import { paddedSide } from "../nn/convolution.ts";
import type { ConvolutionCall } from "../nn/kernels.ts";
import type { NativeOps } from "./native_ops.ts";
import type { NativeTensor } from "./native_tensors.ts";

/** Everything of a convolution but its bias and its activation, which the kernels add. */
export type PlainConvolution = Pick<ConvolutionCall, "stride" | "padding" | "depthwise">;

/**
 * A convolution with a kernel of several pixels, without bias, in float32. Runs within a scope.
 *
 * @param x `[n, height, width, in]` in float32
 * @param kernel `[kernel, kernel, in, out]`, or `[kernel, kernel, in, out / in]`, in float32
 */
export function nativeConvolution(
  ops: NativeOps,
  x: NativeTensor,
  kernel: NativeTensor,
  { stride, padding, depthwise }: PlainConvolution,
): NativeTensor {
  const { store } = ops;
  const side = kernel.shape[0];
  const borders = [x.shape[1], x.shape[2]].map((size) => paddedSide(size, side, stride, padding));
  const none = borders.every(({ before, after }) => before + after === 0);
  // TensorFlow's own border, made as it goes, is often the one that is wanted
  const own = [x.shape[1], x.shape[2]].every((size, axis) => {
    const { before, after } = paddedSide(size, side, stride, "same");
    return before === borders[axis].before && after === borders[axis].after;
  });
  const bordered = own || none
    ? x
    : withBorder(ops, x, borders.flatMap((b) => [b.before, b.after]));
  const attributes = ops.attributes(`convolution${depthwise}${stride}${own}`, () => [
    ops.type("T", "float32"),
    ops.integers("strides", [1, stride, stride, 1]),
    ops.text("padding", own ? "SAME" : "VALID"),
    ops.text("data_format", "NHWC"),
    ops.integers("dilations", [1, 1, 1, 1]),
    ...(depthwise ? [] : [ops.flag("use_cudnn_on_gpu", true)]),
  ]);
  const operation = depthwise ? "DepthwiseConv2dNative" : "Conv2D";
  return store.run(operation, attributes, [bordered.id, kernel.id]);
}

/** Images with a border of zeros. */
function withBorder(ops: NativeOps, x: NativeTensor, widths: readonly number[]): NativeTensor {
  const attributes = ops.attributes(
    "pad",
    () => [ops.type("T", "float32"), ops.type("Tpaddings", "int32")],
  );
  const paddings = ops.store.namedConstant(
    `border${widths}`,
    [4, 2],
    () => new Int32Array([0, 0, ...widths, 0, 0]),
  );
  return ops.store.run("Pad", attributes, [x.id, paddings]);
}
