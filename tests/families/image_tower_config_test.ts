import { assertEquals, assertThrows } from "@std/assert";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";
import { readImageTower, type TowerDefaults } from "../../lib/families/image_tower_config.ts";

const llava: TowerDefaults = {
  encoder: "clip_vision_model",
  featureLayer: -2,
  pixelShuffle: false,
  newline: false,
};

function read(json: JsonObject, vision: JsonObject, family = llava) {
  const config = new JsonReader({ ...json, vision_config: vision }, "config.json");
  const tower = readImageTower(config, family);
  config.finish();
  return tower;
}

Deno.test("an encoder's class decides what its file leaves out", () => {
  const clip = read({}, {}).encoder;
  assertEquals([clip.hiddenAct, clip.normEps, clip.patchSize], ["quick_gelu", 1e-5, 32]);
  assertEquals([clip.classToken, clip.preNorm, clip.patchBias], [true, true, false]);
  const siglip = read({}, { model_type: "siglip_vision_model", vision_use_head: false }).encoder;
  assertEquals([siglip.hiddenAct, siglip.normEps, siglip.patchSize], [
    "gelu_pytorch_tanh",
    1e-6,
    16,
  ]);
  assertEquals([siglip.classToken, siglip.preNorm, siglip.patchBias], [false, false, true]);
});

Deno.test("features are counted from the first layer or from the last", () => {
  const depth = (layer: number) =>
    read({ vision_feature_layer: layer }, { num_hidden_layers: 24 }).encoder.featureDepth;
  assertEquals([depth(-1), depth(-2), depth(-25), depth(0), depth(24)], [24, 23, 0, 0, 24]);
  assertThrows(() => depth(-26), Error, "wanted -25 to 24");
  assertThrows(() => depth(25), Error, "wanted -25 to 24");
  assertThrows(() => read({ vision_feature_layer: [-2, -5] }, {}), Error, "vision_feature_layer");
});

Deno.test("InternViT's switches, and patches that cannot be joined", () => {
  const family = { ...llava, encoder: "internvl_vision", featureLayer: -1, pixelShuffle: true };
  const vision = { image_size: [56, 56], patch_size: [14, 14], norm_type: "rms_norm" };
  const tower = read({ downsample_ratio: 0.5 }, { ...vision, use_qk_norm: true }, family);
  assertEquals([tower.encoder.norm, tower.encoder.qkNorm], ["rms", true]);
  assertEquals([tower.encoder.layerScale, tower.projector.merge], [true, 2]);
  assertThrows(() => read({ downsample_ratio: 0.3 }, vision, family), Error, "downsample_ratio");
  assertThrows(
    () => read({}, { ...vision, image_size: [56, 28] }, family),
    Error,
    "the same number twice",
  );
  assertThrows(() => read({}, { ...vision, use_mean_pooling: false }, family), Error, "pooling");
});

Deno.test("encoders, selections and keys that are not known are errors that name them", () => {
  assertThrows(() => read({}, { model_type: "dinov2" }), Error, "siglip_vision_model");
  assertThrows(() => read({ vision_feature_select_strategy: "full" }, {}), Error, "strategy");
  assertThrows(() => read({}, { use_qk_norm: true }), Error, "use_qk_norm"); // CLIP has none
});
