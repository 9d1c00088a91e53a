/**
 * What functions over models take: the model that `fromPretrained` gives, or a network alone.
 *
 * @module
 */
import type { VisionLanguageModel } from "./vision_language_model.ts";

/** A model with its processor, as `fromPretrained` gives it, or the network alone. */
export type AnyModel = VisionLanguageModel | { readonly network: VisionLanguageModel };

/** The network of a model. */
export function networkOf(model: AnyModel): VisionLanguageModel {
  return "network" in model ? model.network : model;
}
