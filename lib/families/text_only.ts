/**
 * Text-only language models: LLaMA, Qwen2 and Qwen3, the decoders of the multimodal families.
 *
 * Source: transformers `models/llama`, `models/qwen2`, `models/qwen3`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { countedPositions } from "../inputs/position_ids.ts";
import type { Family } from "./family.ts";
import { decoders, readTextConfig } from "./text_config.ts";

/** The family of a decoder that stands alone. */
function textFamily(modelType: string, title: string): Family {
  return {
    modelType,
    title,
    readConfig(config) {
      // Notes of published files: which variant of LLaMA it is.
      config.require("is_llama_config", true);
      config.require("rope_interleaved", false);
      config.require("use_mrope", false);
      return {
        modelType,
        text: readTextConfig(config, config, decoders[modelType]),
        vision: null,
        imageTokenId: -1,
        videoTokenId: -1,
        eosTokenIds: config.tokenIds("eos_token_id"),
      };
    },
    weightPrefixes: [["model.", "text."], ["lm_head.", "lm_head."]],
    visionShapes: () => new Map(),
    readInputs: () => ({ images: null, videos: null, positions: countedPositions }),
    buildVision() {
      throw new InputError(`Cannot build a vision tower: ${title} has none`);
    },
  };
}

/** LLaMA, and what is built like it (SmolLM2). */
export const llama: Family = textFamily("llama", "LLaMA");
/** Qwen2 and Qwen2.5. */
export const qwen2: Family = textFamily("qwen2", "Qwen2");
/** Qwen3, dense. */
export const qwen3: Family = textFamily("qwen3", "Qwen3");
