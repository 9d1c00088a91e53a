/**
 * Keys that transformers writes into any config and that change nothing that inference computes.
 *
 * Source: transformers `configuration_utils.py` (`PretrainedConfig`), releases 4.36 to 5.23.
 * @module
 */
import type { JsonReader } from "../common/json_reader.ts";

const keys: readonly string[] = [
  // where the file comes from
  ...["architectures", "model_type", "transformers_version", "_name_or_path", "_commit_hash"],
  ...["_attn_implementation", "_attn_implementation_autoset", "attn_implementation"],
  // how the model was trained and stored
  ...["dtype", "torch_dtype", "initializer_range", "initializer_factor", "attention_dropout"],
  ...["dropout", "hidden_dropout_prob", "projection_dropout", "use_bfloat16", "torchscript"],
  // special tokens and generation, which generation_config.json says again
  ...["bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "decoder_start_token_id"],
  ...["use_cache", "max_length", "min_length", "do_sample", "early_stopping", "num_beams"],
  ...["num_beam_groups", "diversity_penalty", "temperature", "top_k", "top_p", "typical_p"],
  ...["repetition_penalty", "length_penalty", "no_repeat_ngram_size", "bad_words_ids"],
  ...["encoder_no_repeat_ngram_size", "num_return_sequences", "forced_bos_token_id"],
  ...["forced_eos_token_id", "remove_invalid_values", "suppress_tokens", "begin_suppress_tokens"],
  ...["exponential_decay_length_penalty", "prefix"],
  // what a call returns, and other tasks than generation
  ...["return_dict", "return_dict_in_generate", "output_attentions", "output_hidden_states"],
  ...["output_scores", "id2label", "label2id", "problem_type", "finetuning_task"],
  ...["task_specific_params", "tokenizer_class", "chunk_size_feed_forward", "tf_legacy_loss"],
  ...["cross_attention_hidden_size", "tie_encoder_decoder"],
];

/**
 * Ignores what is bookkeeping in one object of a config, and refuses what would change the network.
 *
 * @throws {InputError} for a decoder that attends to an encoder
 */
export function ignoreBookkeeping(config: JsonReader): void {
  config.ignore(...keys);
  config.require("is_decoder", false);
  config.require("is_encoder_decoder", false);
  config.require("add_cross_attention", false);
  config.require("pruned_heads", {});
}
