/**
 * The bridge between the portable kernels and TensorFlow.js's gradients.
 *
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import type { Tensor } from "../../lib/nn/kernels.ts";

/**
 * The TensorFlow.js tensor behind a handle of the portable kernels: the same object, so that the
 * gradient tape sees it. Not for other kernels.
 */
export function asTfjs<T extends tf.Tensor = tf.Tensor>(x: Tensor): T {
  return x as unknown as T;
}

/** A handle of the portable kernels on a TensorFlow.js tensor: the same object. */
export function asKernelTensor(x: tf.Tensor): Tensor {
  return x as unknown as Tensor;
}
