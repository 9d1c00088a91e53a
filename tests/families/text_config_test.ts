import { assertEquals, assertThrows } from "@std/assert";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";
import {
  decoders,
  readEosTokenIds,
  readTextConfig,
  type TextDefaults,
} from "../../lib/families/text_config.ts";

const sizes = {
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  rms_norm_eps: 1e-6,
  vocab_size: 600,
  max_position_embeddings: 1000,
};

function read(json: JsonObject, defaults: TextDefaults = decoders["qwen2"], whole?: JsonObject) {
  const text = new JsonReader(json, "config.json");
  const config = readTextConfig(text, whole ? new JsonReader(whole, "whole") : text, defaults);
  text.finish();
  return config;
}

Deno.test("an empty text_config is the class's default, as LLaVA's published files rely on", () => {
  const config = read({}, decoders["llama"]);
  assertEquals(
    [config.hiddenSize, config.numHiddenLayers, config.numKeyValueHeads, config.headDim],
    [4096, 32, 32, 128],
  );
  assertEquals([config.ropeTheta, config.rmsNormEps, config.vocabSize], [10000, 1e-6, 32000]);
  assertEquals(readEosTokenIds(new JsonReader({}, "config.json"), decoders["llama"]), [2]);
});

Deno.test("published keys and those of transformers 5 give the same rotary embedding", () => {
  const defaults: TextDefaults = { qkNorm: false, attentionBias: true, mrope: "runs" };
  const mrope_section = [2, 3, 3];
  const published = read(
    { ...sizes, rope_theta: 5e5, rope_scaling: { type: "mrope", mrope_section } },
    defaults,
  );
  const saved = read({
    ...sizes,
    rope_parameters: { rope_theta: 5e5, rope_type: "default", type: "mrope", mrope_section },
  }, defaults);
  assertEquals(published, saved);
  assertEquals([saved.ropeTheta, saved.mropeSection, saved.mropeInterleaved], [
    5e5,
    [2, 3, 3],
    false,
  ]);
});

Deno.test("scaled rotary embeddings come with the decoder, on one axis of positions and on three", () => {
  const scaled = (rope_scaling: unknown, defaults?: TextDefaults) =>
    read({ ...sizes, rope_theta: 1e6, rope_scaling }, defaults).ropeScaling?.kind;
  assertEquals(scaled(null), undefined);
  assertEquals(scaled({ rope_type: "linear", factor: 4 }), "linear");
  assertEquals(scaled({ type: "dynamic", rope_type: "dynamic", factor: 2 }), "dynamic");
  const mrope: TextDefaults = { qkNorm: true, attentionBias: false, mrope: "interleaved" };
  const mrope_section = [4, 2, 2];
  assertEquals(scaled({ type: "yarn", factor: 4, mrope_section }, mrope), "yarn");
  assertThrows(() => scaled({ rope_type: "spiral", factor: 4 }), Error, "rope_type");
  assertThrows(() => scaled({ rope_type: "linear" }), Error, "factor");
});

Deno.test("either place may say that the head shares the embedding table", () => {
  const tied = (text: JsonObject, whole: JsonObject, fallback = false) =>
    read({ ...sizes, ...text }, { ...decoders["qwen2"], tied: fallback }, whole)
      .tieWordEmbeddings;
  assertEquals(tied({}, {}), false);
  assertEquals(tied({}, {}, true), true);
  assertEquals(tied({ tie_word_embeddings: true }, { tie_word_embeddings: false }), true);
  assertEquals(tied({ tie_word_embeddings: false }, {}, true), false);
});

Deno.test("what would change the network is refused by name", () => {
  const wrong = (json: JsonObject, name: string) =>
    assertThrows(() => read({ ...sizes, ...json }), Error, name);
  wrong({ use_sliding_window: true }, "use_sliding_window");
  wrong({ layer_types: ["full_attention", "sliding_attention"] }, "layer_types");
  wrong({ attention_bias: true }, "attention_bias");
  wrong({ mlp_bias: true }, "mlp_bias");
  wrong({ num_key_value_heads: 3 }, "must be a multiple");
  wrong({ is_decoder: true }, "is_decoder");
  wrong({ pruned_heads: { "0": [1] } }, "pruned_heads");
  wrong({ logit_softcapping: 30 }, "logit_softcapping");
  read({ ...sizes, layer_types: ["full_attention", "full_attention"], sliding_window: null });
});

Deno.test("Mistral attends to everything only without a window, which is not the default", () => {
  const mistral = (json: JsonObject) => read(json, decoders["mistral"]);
  assertThrows(() => mistral({}), Error, '"sliding_window": 4096');
  assertThrows(() => mistral({ sliding_window: 1024 }), Error, "supported is null");
  const { numKeyValueHeads, intermediateSize } = mistral({ sliding_window: null });
  assertEquals([numKeyValueHeads, intermediateSize], [8, 14336]);
  mistral({ sliding_window: 4096, max_position_embeddings: 4096 }); // sees everything
});
