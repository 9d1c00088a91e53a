/**
 * The projector of LLaVA's kind: two linear layers with an activation between them.
 *
 * @module
 */
import type { Activation, Kernels, Tensor } from "../nn/kernels.ts";
import type { WeightsMap } from "./weights_map.ts";

/**
 * Features in the decoder's width, `[.., D_v] -> [.., D]`.
 *
 * @param weights `linear_1.weight` and `linear_2.weight`, and their biases where there are any
 */
export function projectRows(
  kernels: Kernels,
  weights: WeightsMap,
  features: Tensor,
  hiddenAct: Activation,
): Tensor {
  const linear = (name: string, x: Tensor, then?: Activation) =>
    kernels.linear(x, weights.get(`${name}.weight`), weights.find(`${name}.bias`), then);
  return linear("linear_2", linear("linear_1", features, hiddenAct));
}
