/**
 * The text files of the exported checkpoint: config, tokenizer, chat template and processor settings
 * of a Qwen3-VL model whose words are single tokens.
 *
 * @module
 */
import type { ModelConfig } from "../../lib/model/config.ts";
import { words } from "../synthetic/vocabulary.ts";
import { specialStart, specialTokens, tokenIds } from "./token_format.ts";

/** `config.json` of a model. */
export function configJson(config: ModelConfig): Record<string, unknown> {
  const { text, vision } = config;
  return {
    architectures: ["Qwen3VLForConditionalGeneration"],
    model_type: "qwen3_vl",
    dtype: "bfloat16",
    image_token_id: config.imageTokenId,
    video_token_id: config.videoTokenId,
    vision_start_token_id: tokenIds.visionStart,
    vision_end_token_id: tokenIds.visionEnd,
    tie_word_embeddings: false,
    text_config: {
      model_type: "qwen3_vl_text",
      dtype: "bfloat16",
      attention_bias: false,
      attention_dropout: 0,
      bos_token_id: tokenIds.pad,
      eos_token_id: tokenIds.end,
      pad_token_id: tokenIds.pad,
      hidden_act: text.hiddenAct,
      hidden_size: text.hiddenSize,
      intermediate_size: text.intermediateSize,
      num_hidden_layers: text.numHiddenLayers,
      num_attention_heads: text.numAttentionHeads,
      num_key_value_heads: text.numKeyValueHeads,
      head_dim: text.headDim,
      initializer_range: 0.02,
      max_position_embeddings: text.maxPositionEmbeddings,
      rms_norm_eps: text.rmsNormEps,
      rope_theta: text.ropeTheta,
      rope_scaling: {
        mrope_interleaved: text.mropeInterleaved,
        mrope_section: text.mropeSection,
        rope_type: "default",
      },
      tie_word_embeddings: false,
      use_cache: true,
      vocab_size: text.vocabSize,
    },
    vision_config: {
      model_type: "qwen3_vl",
      deepstack_visual_indexes: vision!.deepstackVisualIndexes,
      depth: vision!.depth,
      hidden_act: vision!.hiddenAct,
      hidden_size: vision!.hiddenSize,
      in_channels: vision!.inChannels,
      initializer_range: 0.02,
      intermediate_size: vision!.intermediateSize,
      num_heads: vision!.numHeads,
      num_position_embeddings: vision!.numPositionEmbeddings,
      out_hidden_size: vision!.outHiddenSize,
      patch_size: vision!.patchSize,
      spatial_merge_size: vision!.spatialMergeSize,
      temporal_patch_size: vision!.temporalPatchSize,
    },
  };
}

/** `generation_config.json`: greedy, ends at `<|im_end|>`. */
export function generationJson(): Record<string, unknown> {
  return {
    bos_token_id: tokenIds.pad,
    do_sample: false,
    eos_token_id: [tokenIds.end, tokenIds.pad],
    pad_token_id: tokenIds.pad,
  };
}

const addedToken = (content: string) => ({
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: true,
});

/**
 * `tokenizer.json`: every word is one token; runs of letters and digits and single marks are words,
 * white space separates. A WordPiece model without continuations, which looks up whole words.
 */
export function tokenizerJson(): Record<string, unknown> {
  const specials = specialTokens.map((token, i) => [token, specialStart + i] as const);
  const split = { Regex: "[\\p{L}\\p{N}]+|[^\\s\\p{L}\\p{N}]" };
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: specials.map(([token, id]) => ({ id, ...addedToken(token) })),
    normalizer: null,
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        { type: "WhitespaceSplit" },
        { type: "Split", pattern: split, behavior: "Isolated", invert: false },
      ],
    },
    post_processor: null,
    decoder: { type: "WordPiece", prefix: "##", cleanup: false },
    model: {
      type: "WordPiece",
      unk_token: "<|unk|>",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries([...words.map((word, id) => [word, id] as const), ...specials]),
    },
  };
}

/** `tokenizer_config.json`. */
export function tokenizerConfigJson(): Record<string, unknown> {
  return {
    added_tokens_decoder: Object.fromEntries(
      specialTokens.map((token, i) => [String(specialStart + i), addedToken(token)]),
    ),
    additional_special_tokens: specialTokens.slice(1),
    bos_token: null,
    clean_up_tokenization_spaces: false,
    eos_token: "<|im_end|>",
    model_max_length: 32768,
    pad_token: "<|endoftext|>",
    processor_class: "Qwen3VLProcessor",
    tokenizer_class: "PreTrainedTokenizerFast",
    unk_token: "<|unk|>",
  };
}

/** `chat_template.jinja`: Qwen3-VL's, without tools. */
export const chatTemplate = `{%- set counter = namespace(image=0, video=0) %}
{%- macro render(content) -%}
    {%- if content is string -%}
        {{- content }}
    {%- else -%}
        {%- for part in content -%}
            {%- if 'image' in part or 'image_url' in part or part.type == 'image' -%}
                {%- set counter.image = counter.image + 1 -%}
                {%- if add_vision_id -%}Picture {{ counter.image }}: {% endif -%}
                <|vision_start|><|image_pad|><|vision_end|>
            {%- elif 'video' in part or part.type == 'video' -%}
                {%- set counter.video = counter.video + 1 -%}
                {%- if add_vision_id -%}Video {{ counter.video }}: {% endif -%}
                <|vision_start|><|video_pad|><|vision_end|>
            {%- elif 'text' in part -%}
                {{- part.text }}
            {%- endif -%}
        {%- endfor -%}
    {%- endif -%}
{%- endmacro -%}
{%- for message in messages %}
    {{- '<|im_start|>' + message.role + '\\n' + render(message.content) + '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
{%- endif %}
`;

/** What image and video settings share. */
function imageSettings(config: ModelConfig) {
  const vision = config.vision!;
  return {
    patch_size: vision.patchSize,
    temporal_patch_size: vision.temporalPatchSize,
    merge_size: vision.spatialMergeSize,
    image_mean: [0.5, 0.5, 0.5],
    image_std: [0.5, 0.5, 0.5],
    processor_class: "Qwen3VLProcessor",
  };
}

/** Pixels of one visual token. */
function tokenPixels(config: ModelConfig): number {
  return (config.vision!.patchSize * config.vision!.spatialMergeSize) ** 2;
}

/** `preprocessor_config.json`: images whose sides are multiples of a cell keep their size. */
export function preprocessorJson(config: ModelConfig): Record<string, unknown> {
  return {
    ...imageSettings(config),
    image_processor_type: "Qwen2VLImageProcessorFast",
    size: { longest_edge: 4096 * tokenPixels(config), shortest_edge: 4 * tokenPixels(config) },
  };
}

/** `video_preprocessor_config.json`: limits count the pixels of all frames together. */
export function videoPreprocessorJson(config: ModelConfig): Record<string, unknown> {
  return {
    ...imageSettings(config),
    video_processor_type: "Qwen3VLVideoProcessor",
    fps: 2,
    min_frames: 2,
    max_frames: 512,
    size: { longest_edge: 16384 * tokenPixels(config), shortest_edge: 4 * tokenPixels(config) },
  };
}
