/**
 * Sizes of convolutions: how many places a kernel takes along a side, and how wide the border of zeros is.
 *
 * `same` is TensorFlow's: a side of s pixels becomes ceil(s / stride), the border as narrow as that
 * needs, and of an odd width the wider part at the end. `symmetric` is PyTorch's usual one: half of a
 * kernel on either side, whatever the stride.
 *
 * Source: timm `layers/padding.py`.
 * @module
 */
import type { ConvolutionPadding } from "./layer_calls.ts";

/** The border along one side of an image, in pixels. */
export interface PaddedSide {
  /** Before the first pixel. */
  readonly before: number;
  /** After the last pixel. */
  readonly after: number;
}

/**
 * The border along one side of `size` pixels.
 *
 * @param kernel side of the kernel, an odd number
 *
 * @example
 * ```ts
 * import { paddedSide } from "./convolution.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(paddedSide(224, 3, 2, "same"), { before: 0, after: 1 });
 * assertEquals(paddedSide(225, 3, 2, "same"), { before: 1, after: 1 });
 * assertEquals(paddedSide(224, 3, 2, "symmetric"), { before: 1, after: 1 });
 * ```
 */
export function paddedSide(
  size: number,
  kernel: number,
  stride: number,
  padding: ConvolutionPadding,
): PaddedSide {
  if (padding === "symmetric") return { before: (kernel - 1) / 2, after: (kernel - 1) / 2 };
  const total = Math.max((Math.ceil(size / stride) - 1) * stride + kernel - size, 0);
  const before = Math.floor(total / 2);
  return { before, after: total - before };
}

/**
 * Places that a kernel takes along a side of `size` pixels. For an odd kernel both borders give
 * ceil(size / stride).
 *
 * @example
 * ```ts
 * import { convolvedSize } from "./convolution.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(convolvedSize(225, 3, 2, "same"), 113);
 * ```
 */
export function convolvedSize(
  size: number,
  kernel: number,
  stride: number,
  padding: ConvolutionPadding,
): number {
  const { before, after } = paddedSide(size, kernel, stride, padding);
  return Math.floor((size + before + after - kernel) / stride) + 1;
}
