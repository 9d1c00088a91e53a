/**
 * `generation_config.json`: the tokens that end an answer, and the rules of decoding.
 *
 * Source: transformers 5.23 `generation/configuration_utils.py`.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";
import type { DecodingRules, GenerationSettings } from "../model/decoding_rules.ts";

/** Keys that would change greedy tokens, with the values that change nothing; null always is one. */
const unsupported: Readonly<Record<string, readonly unknown[]>> = {
  num_beams: [1],
  num_beam_groups: [1],
  penalty_alpha: [0],
  guidance_scale: [1],
  sequence_bias: [],
  encoder_repetition_penalty: [1],
  encoder_no_repeat_ngram_size: [0],
  min_length: [0],
  forced_bos_token_id: [],
  forced_eos_token_id: [],
  exponential_decay_length_penalty: [],
  watermarking_config: [],
  constraints: [],
  force_words_ids: [],
  dola_layers: [],
  stop_strings: [],
  token_healing: [false],
};

/** The same of keys that matter to draws only. */
const unsupportedDraws: Readonly<Record<string, readonly unknown[]>> = { top_h: [] };

/** What `generate` takes in draws where the file does not say (`_get_default_generation_params`). */
const defaultTopK = 50;

/**
 * Reads the rules of decoding. Keys that say nothing about the tokens are left alone.
 *
 * @throws {InputError} for values of the wrong type
 */
export function readGenerationSettings(file: JsonReader): GenerationSettings {
  const doSample = file.boolean("do_sample", false);
  const rules: Record<string, unknown> = {};
  const take = (key: string, name: keyof DecodingRules, neutral: number, integer = false) => {
    if (!file.has(key)) return;
    const value = integer ? file.integer(key) : file.number(key);
    if (value !== neutral) rules[name] = value;
  };
  take("repetition_penalty", "repetitionPenalty", 1);
  take("no_repeat_ngram_size", "noRepeatNgramSize", 0, true);
  take("min_new_tokens", "minNewTokens", 0, true);
  for (
    const [key, name] of [
      ["suppress_tokens", "suppressTokens"],
      ["begin_suppress_tokens", "beginSuppressTokens"],
    ]
  ) if (file.has(key)) rules[name] = file.integers(key);
  if (file.has("bad_words_ids")) rules["badWordsIds"] = file.integerLists("bad_words_ids");
  if (doSample) {
    take("temperature", "temperature", 1);
    const topK = file.integer("top_k", defaultTopK);
    if (topK > 0) rules["topK"] = topK;
    take("top_p", "topP", 1);
    take("min_p", "minP", 0);
    take("typical_p", "typicalP", 1);
    take("epsilon_cutoff", "epsilonCutoff", 0);
    take("eta_cutoff", "etaCutoff", 0);
  }
  const keys = Object.entries({ ...unsupported, ...doSample ? unsupportedDraws : {} });
  return {
    doSample,
    rules: rules as DecodingRules,
    unsupported: keys.filter(([key, inert]) => file.has(key) && !inert.includes(file.value(key)))
      .map(([key]) => `${key} ${JSON.stringify(file.value(key)).slice(0, 40)}`),
  };
}
