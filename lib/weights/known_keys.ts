/**
 * Keys of a checkpoint's JSON files that say nothing about numbers, and keys that would change
 * numbers in ways that are not supported here.
 *
 * The first lists hold what `save_pretrained` of transformers 4.45 to 5.23 writes for the classes that
 * are read here (`tests/families/keys_by_release.json` says which release writes which key), and keys
 * that other programs add. A key is read, or stands here, or is unknown; see
 * `docs/decisions/05_strict_config_keys.md`.
 * @module
 */

/** Any object of `config.json`: where it comes from, how it was trained, stored and called. */
const configKeys: readonly string[] = [
  // where the file comes from, and which code reads it
  ...["architectures", "model_type", "transformers_version", "_name_or_path", "name_or_path"],
  ...["_commit_hash", "auto_map", "custom_pipelines", "tokenizer_class", "processor_class"],
  ...["_attn_implementation", "_attn_implementation_autoset", "attn_implementation"],
  ...["_attn_implementation_internal", "_experts_implementation", "_flash_attn_2_enabled"],
  ...["use_flash_attn", "flash_attn", "attn_backend", "transformers.js_config", "model_name"],
  // how the model was trained and stored
  ...["dtype", "torch_dtype", "initializer_range", "initializer_factor", "attention_dropout"],
  ...["dropout", "hidden_dropout_prob", "hidden_dropout", "projection_dropout", "use_bfloat16"],
  ...["torchscript", "gradient_checkpointing", "router_aux_loss_coef", "output_router_logits"],
  ...["pretraining_tp", "ignore_index", "tokenizer_model_max_length", "tokenizer_padding_side"],
  ...["embd_pdrop", "attn_pdrop", "resid_pdrop", "drop_path_rate", "layer_scale_init_value"],
  ...["quantization_config", "compression_config", "quantization"], // read with the weights
  ...["use_cache", "keys_to_ignore_at_inference", "loss_type", "loss_function", "num_labels"],
  // Unsloth, and InternVL 3.5's training
  ...["unsloth_fixed", "unsloth_version", "unsloth_tag", "debug", "ep_size", "micro_forward"],
  ...["skip_checkpoint", "use_deepep"],
  // special tokens, of which the files of the tokenizer and of generation speak again
  ...["bos_token_id", "eos_token_id", "pad_token_id", "sep_token_id", "unk_token_id"],
  ...["decoder_start_token_id", "vision_start_token_id", "vision_end_token_id", "vision_token_id"],
  // generation, as releases before 5 wrote it into any config
  ...["max_length", "min_length", "do_sample", "early_stopping", "num_beams", "num_beam_groups"],
  ...["diversity_penalty", "temperature", "top_k", "top_p", "typical_p", "repetition_penalty"],
  ...["length_penalty", "no_repeat_ngram_size", "bad_words_ids", "encoder_no_repeat_ngram_size"],
  ...["num_return_sequences", "forced_bos_token_id", "forced_eos_token_id", "suppress_tokens"],
  ...["remove_invalid_values", "begin_suppress_tokens", "exponential_decay_length_penalty"],
  ...["prefix"],
  // what a call returns, and other tasks than generation
  ...["return_dict", "return_dict_in_generate", "output_attentions", "output_hidden_states"],
  ...["output_scores", "id2label", "label2id", "problem_type", "finetuning_task"],
  ...["task_specific_params", "chunk_size_feed_forward", "tf_legacy_loss"],
  ...["cross_attention_hidden_size", "tie_encoder_decoder"],
];

/** Files of processors: names of classes, where tensors go, defaults of calls. */
const processorKeys: readonly string[] = [
  ...["processor_class", "image_processor_type", "video_processor_type", "feature_extractor_type"],
  ...["_processor_class", "auto_map", "transformers_version", "chat_template", "_commit_hash"],
  ...["image_seq_length", "input_data_format", "data_format", "device", "disable_grouping"],
  ...["return_tensors", "return_metadata", "video_metadata", "num_labels", "is_local"],
  // lists of names that other settings may have
  ...[
    "_valid_processor_keys",
    "_valid_kwargs_names",
    "valid_kwargs",
    "model_valid_processing_keys",
  ],
  // how a size that is one number is to be understood; here a size is an object
  "default_to_square",
  // LLaVA-NeXT's note that its images are tiled, as all of its kind are
  "aspect_ratio_setting",
];

/** `generation_config.json`: what changes the choice of tokens is read elsewhere. */
const generationKeys: readonly string[] = [
  ...["_from_model_config", "transformers_version", "bos_token_id", "pad_token_id", "use_cache"],
  ...["decoder_start_token_id", "max_length", "max_new_tokens", "attn_implementation", "do_sample"],
  ...[
    "temperature",
    "top_k",
    "top_p",
    "return_dict_in_generate",
    "output_attentions",
    "output_scores",
  ],
  ...["output_hidden_states", "output_logits", "cache_implementation", "cache_config", "max_time"],
  ...[
    "num_return_sequences",
    "low_memory",
    "return_legacy_cache",
    "compile_config",
    "stop_strings",
  ],
  ...[
    "disable_compile",
    "prefill_chunk_size",
    "trust_remote_code",
    "_name_or_path",
    "is_assistant",
  ],
  ...["num_assistant_tokens", "num_assistant_tokens_schedule", "assistant_confidence_threshold"],
  ...["prompt_lookup_num_tokens", "max_matching_ngram_size", "assistant_early_exit", "auto_map"],
  ...["assistant_lookbehind", "target_lookbehind", "generation_kwargs", "token_healing"],
  ...["chat_format", "max_window_size", "user_token_id", "assistant_token_id"],
];

/** `tokenizer_config.json`: what names tokens is read by `inputs/config_tokens.ts`. */
const tokenizerKeys: readonly string[] = [
  ...["tokenizer_class", "processor_class", "auto_map", "transformers_version", "name_or_path"],
  ...[
    "tokenizer_file",
    "vocab_file",
    "merges_file",
    "backend",
    "is_local",
    "use_fast",
    "from_slow",
  ],
  ...["model_max_length", "max_length", "padding_side", "truncation_side", "padding", "truncation"],
  ...["stride", "pad_to_multiple_of", "pad_token_type_id", "truncation_strategy", "return_tensors"],
  ...["special_tokens_map_file", "additional_special_tokens", "extra_special_tokens", "legacy"],
  ...["model_specific_special_tokens", "cls_token", "mask_token", "added_tokens_decoder"],
  ...[
    "add_bos_token",
    "add_eos_token",
    "add_prefix_space",
    "trim_offsets",
    "errors",
    "sp_model_kwargs",
  ],
  ...[
    "use_default_system_prompt",
    "spaces_between_special_tokens",
    "device_map",
    "model_input_names",
  ],
  ...["image_token", "video_token", "audio_token", "start_image_token", "end_image_token"],
  ...["context_image_token", "vision_bos_token", "vision_eos_token", "verbose", "tokenizer_type"],
  ...["response_schema", "max_pixels", "min_pixels", "fix_mistral_regex", "local_files_only"],
  ...["added_tokens_decoder", "clean_up_tokenization_spaces", "_commit_hash"],
];

/** Inert keys by kind of file. */
export const inertKeys = {
  config: configKeys,
  processor: processorKeys,
  generation: generationKeys,
  tokenizer: tokenizerKeys,
} as const;

/** What a key would do, and its values that do nothing. */
export interface KeyEffect {
  /** Ends the sentence "it would …". */
  readonly effect: string;
  /** Values beside null and false that change nothing. */
  readonly neutral?: readonly unknown[];
}

const experts = "send tokens through experts";
const scales = (what: string): KeyEffect => ({ effect: `multiply ${what}`, neutral: [1] });
const rotary = (what: string): KeyEffect => ({ effect: `change rotary positions (${what})` });

/**
 * Keys that change numbers. Where a family supports some values it checks them itself; in any other
 * place a value that is not neutral is an error.
 */
export const keyEffects: Readonly<Record<string, KeyEffect>> = {
  // attention
  use_sliding_window: { effect: "limit attention to a window of positions" },
  sliding_window: { effect: "limit attention to a window of positions" },
  sliding_window_pattern: { effect: "limit attention of some layers to a window of positions" },
  layer_types: { effect: "give layers different kinds of attention" },
  attention_chunk_size: { effect: "limit attention to chunks of positions" },
  attention_bias: { effect: "add biases to the projections of attention" },
  attention_out_bias: { effect: "add a bias after attention" },
  attn_logit_softcapping: { effect: "bound attention scores" },
  query_pre_attn_scalar: { effect: "scale attention scores" },
  attention_multiplier: scales("attention scores"),
  attention_sinks: { effect: "add a learned sink to attention" },
  clip_qkv: { effect: "clip queries, keys and values" },
  use_qk_norm: { effect: "normalise queries and keys" },
  qk_layernorm: { effect: "normalise queries and keys" },
  qkv_bias: { effect: "add or leave out biases of queries, keys and values" },
  kv_lora_rank: { effect: "compress keys and values (latent attention)" },
  q_lora_rank: { effect: "compress queries (latent attention)" },
  num_kv_shared_layers: { effect: "share keys and values between layers", neutral: [0] },
  position_embedding_type: {
    effect: "use another kind of positions",
    neutral: ["rope", "absolute"],
  },
  alibi: { effect: "use another kind of positions" },
  is_decoder: { effect: "run the decoder as a part of an encoder-decoder" },
  is_encoder_decoder: { effect: "put an encoder before the decoder" },
  add_cross_attention: { effect: "let the decoder attend to an encoder" },
  pruned_heads: { effect: "take heads out of layers", neutral: [0] },
  is_causal: { effect: "let tokens see what follows them", neutral: [true] },
  // positions
  rope_scaling: rotary("rope_scaling"),
  rope_parameters: rotary("rope_parameters"),
  rope_theta: rotary("their base"),
  rope_ratio: { effect: "change rotary positions (their base)", neutral: [1] },
  rope_local_base_freq: rotary("of local layers"),
  rope_interleaved: rotary("pairs of neighbouring values"),
  partial_rotary_factor: { effect: "rotate a part of each head only", neutral: [1] },
  rotary_pct: { effect: "rotate a part of each head only", neutral: [1] },
  rotary_dim: { effect: "rotate a part of each head only" },
  no_rope_layers: { effect: "leave rotary positions out of some layers", neutral: [] },
  no_rope_layer_interval: { effect: "leave rotary positions out of some layers" },
  use_mrope: rotary("of three axes"),
  // feed-forward layers, norms, scales
  mlp_bias: { effect: "add biases to feed-forward layers" },
  num_experts: { effect: experts, neutral: [0, 1] },
  num_local_experts: { effect: experts, neutral: [0, 1] },
  n_routed_experts: { effect: experts, neutral: [0] },
  n_shared_experts: { effect: experts, neutral: [0] },
  moe_intermediate_size: { effect: experts },
  swiglu_limit: { effect: "clip feed-forward layers" },
  use_parallel_residual: { effect: "run attention and feed-forward layers side by side" },
  parallel_attn: { effect: "run attention and feed-forward layers side by side" },
  hidden_activation: { effect: "use another activation function" },
  embedding_multiplier: scales("embeddings"),
  residual_multiplier: scales("what layers add"),
  logits_scaling: scales("logits"),
  logit_scale: scales("logits"),
  scale_emb: scales("embeddings"),
  scale_depth: { effect: "multiply what layers add" },
  dim_model_base: { effect: "divide hidden states before the head" },
  final_logit_softcapping: { effect: "bound logits" },
  norm_topk_prob: { effect: "leave weights of experts as they are" },
  num_nextn_predict_layers: { effect: "add layers that predict further tokens", neutral: [0] },
  // tower and projector
  use_mask_token: { effect: "put a mask token in place of patches" },
  use_absolute_position_embeddings: { effect: "leave position embeddings out of the vision tower" },
  use_mean_pooling: { effect: "normalise the vision tower's output" },
  use_image_newline_parameter: { effect: "leave the newline row out" },
  vision_feature_layer: { effect: "take features from other layers of the vision tower" },
  vision_feature_select_strategy: { effect: "choose other features of the vision tower" },
  num_channels: { effect: "take images of other channels" },
  spatial_patch_size: { effect: "cut images into other patches" },
  select_layer: { effect: "take features from another layer of the vision tower", neutral: [-1] },
  // processors
  longest_edge: { effect: "bound the longer side of images" },
  max_height: { effect: "bound the height of images" },
  max_width: { effect: "bound the width of images" },
  do_pad: { effect: "add borders to images" },
  pad_size: { effect: "add borders to images" },
  size_divisor: { effect: "add borders to images" },
  do_flip_channel_order: { effect: "turn the order of colours around" },
  offset: { effect: "shift grey levels" },
  rescale_offset: { effect: "shift grey levels" },
  do_align_long_axis: { effect: "turn images" },
  do_thumbnail: { effect: "shrink images" },
  do_crop_margin: { effect: "cut margins off" },
  do_image_splitting: { effect: "cut images into tiles" },
  do_pan_and_scan: { effect: "cut images into tiles" },
  do_center_crop: { effect: "cut out the middle of images" },
  crop_size: { effect: "cut out a part of images" },
  split_special_tokens: { effect: "cut special tokens in texts into pieces" },
  // choice of tokens
  penalty_alpha: { effect: "choose tokens by contrastive search", neutral: [0] },
  dola_layers: { effect: "choose tokens by contrasting layers" },
  guidance_scale: { effect: "guide the choice of tokens by a second prompt", neutral: [1] },
  num_beams: { effect: "search with beams", neutral: [1] },
  num_beam_groups: { effect: "search with beams", neutral: [1] },
  diversity_penalty: { effect: "search with beams", neutral: [0] },
  no_repeat_ngram_size: { effect: "forbid repeated runs of tokens", neutral: [0] },
  encoder_no_repeat_ngram_size: { effect: "forbid runs of tokens of the prompt", neutral: [0] },
  encoder_repetition_penalty: { effect: "favour tokens of the prompt", neutral: [1] },
  bad_words_ids: { effect: "forbid tokens" },
  force_words_ids: { effect: "force tokens" },
  constraints: { effect: "force tokens" },
  suppress_tokens: { effect: "forbid tokens" },
  begin_suppress_tokens: { effect: "forbid tokens at the beginning" },
  forced_bos_token_id: { effect: "force the first token" },
  forced_eos_token_id: { effect: "force the last token" },
  forced_decoder_ids: { effect: "force tokens" },
  sequence_bias: { effect: "favour or disfavour tokens" },
  exponential_decay_length_penalty: { effect: "favour short answers" },
  length_penalty: { effect: "favour short or long answers of beams", neutral: [1] },
  early_stopping: { effect: "search with beams" },
  min_length: { effect: "forbid short answers", neutral: [0] },
  min_new_tokens: { effect: "forbid short answers", neutral: [0] },
  min_p: { effect: "leave improbable tokens out" },
  typical_p: { effect: "leave untypical tokens out", neutral: [1] },
  top_h: { effect: "leave improbable tokens out" },
  epsilon_cutoff: { effect: "leave improbable tokens out", neutral: [0] },
  eta_cutoff: { effect: "leave improbable tokens out", neutral: [0] },
  renormalize_logits: { effect: "normalise logits after changes" },
  remove_invalid_values: { effect: "replace values that are not numbers" },
  watermarking_config: { effect: "mark the choice of tokens" },
  transformers_weights: { effect: "read the weights from another file" },
};
