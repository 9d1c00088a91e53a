/**
 * Keys that any object of a config may have.
 *
 * Source: transformers `configuration_utils.py` (`PretrainedConfig`), releases 4.36 to 5.23.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import { inertKeys } from "../weights/known_keys.ts";

/**
 * Ignores what is bookkeeping in one object of a config, and refuses what would change the network.
 *
 * @throws {InputError} for a decoder that attends to an encoder
 */
export function ignoreBookkeeping(config: JsonReader): void {
  config.ignore(...inertKeys.config);
  config.require("is_decoder", false);
  config.require("is_encoder_decoder", false);
  config.require("add_cross_attention", false);
  config.require("pruned_heads", {});
}

/** The same for a vision tower's object, which has no head that could share a table. */
export function ignoreTowerBookkeeping(vision: JsonReader): void {
  ignoreBookkeeping(vision);
  vision.ignore("tie_word_embeddings");
}
