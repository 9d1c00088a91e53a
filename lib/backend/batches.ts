/**
 * Batches of matrix products made alike, for backends that repeat a whole batch but not one of its
 * axes (WASM and plain JavaScript give wrong products there, without an error).
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";

/**
 * `a [.., m, k]` and `b [.., k, n]` with the same batch axes where some, but not all, axes of one
 * are repeated for the other; otherwise as they are. What is made belongs to the caller's scope.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import { alikeBatches } from "./batches.ts";
 * import { useBackend } from "./select.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * tf.tidy(() => {
 *   const [a, b] = alikeBatches(tf.ones([2, 3, 5, 4]), tf.ones([2, 1, 4, 3]));
 *   assertEquals([a.shape, b.shape], [[2, 3, 5, 4], [2, 3, 4, 3]]);
 * });
 * ```
 */
export function alikeBatches(a: tf.Tensor, b: tf.Tensor): [tf.Tensor, tf.Tensor] {
  const axes = Math.max(a.rank, b.rank) - 2;
  const batchOf = (
    x: tf.Tensor,
  ) => [...new Array<number>(axes + 2 - x.rank).fill(1), ...x.shape.slice(0, -2)];
  const [left, right] = [batchOf(a), batchOf(b)];
  const single = (batch: number[]) => batch.every((size) => size === 1);
  if (single(left) || single(right) || left.every((size, i) => size === right[i])) return [a, b];
  const batch = left.map((size, i) => size === 1 ? right[i] : size);
  const spread = (x: tf.Tensor) => tf.broadcastTo(x, [...batch, ...x.shape.slice(-2)]);
  return [spread(a), spread(b)];
}
