import { assertThrows } from "@std/assert";
import { gemma3Inputs } from "../../lib/families/gemma3.ts";
import { internvlInputs } from "../../lib/families/internvl.ts";
import { llavaInputs } from "../../lib/families/llava.ts";
import { llavaNextInputs } from "../../lib/families/llava_next.ts";
import { llavaOnevisionInputs } from "../../lib/families/llava_onevision.ts";
import { qwen25VlInputs } from "../../lib/families/qwen2_5_vl.ts";
import { qwen2VlInputs } from "../../lib/families/qwen2_vl.ts";
import { qwen3VlInputs } from "../../lib/families/qwen3_vl.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { goldenDir } from "../suites/golden.ts";
import { inputsSuite } from "../suites/inputs_suite.ts";

const { config: nextConfig } = await readModelConfig(goldenDir("llava_next"));
const { config: oneConfig } = await readModelConfig(goldenDir("llava_onevision"));

inputsSuite("qwen3_vl", qwen3VlInputs);
inputsSuite("qwen3_vl_bf16", qwen3VlInputs);
inputsSuite("qwen3_vl_moe", qwen3VlInputs);
inputsSuite("qwen2_vl", qwen2VlInputs);
inputsSuite("qwen2_5_vl", (files) => qwen25VlInputs(files, 2));
inputsSuite("llava", llavaInputs);
inputsSuite("llava_next", (files) => llavaNextInputs(files, nextConfig));
inputsSuite("llava_onevision", (files) => llavaOnevisionInputs(files, oneConfig));
inputsSuite("internvl", internvlInputs);
inputsSuite("gemma3", gemma3Inputs);
inputsSuite("internvl_qwen3", internvlInputs);

Deno.test("processors with settings that would change the tokens are refused", () => {
  const files = (json: Record<string, unknown>) => ({
    image: { json: {}, file: "preprocessor_config.json" },
    video: { json: {}, file: "video_preprocessor_config.json" },
    processor: { json, file: "processor_config.json" },
  });
  const strategy = { vision_feature_select_strategy: "full", num_additional_image_tokens: 1 };
  assertThrows(() => llavaInputs(files(strategy)), Error, 'wanted "default"');
  const aspect = { vision_aspect_ratio: "square" };
  assertThrows(() => llavaOnevisionInputs(files(aspect), oneConfig), Error, "anyres_max_9");
  assertThrows(() => internvlInputs(files({ image_seq_length: 5 })), Error, "a square number");
  assertThrows(() => internvlInputs(files({ image_length: 4 })), Error, "unknown key");
});
