import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { refuseOtherLayouts, unusualWeights } from "../../lib/families/other_layouts.ts";

const message = (json: Record<string, unknown>, dir = "folder") =>
  assertThrows(() => refuseOtherLayouts(json, dir), InputError).message;

Deno.test("quantised weights are named as that, with the model to take instead", () => {
  const awq = { model_type: "qwen2_vl", quantization_config: { quant_method: "awq", bits: 4 } };
  assertEquals(
    message(awq, "/models/Qwen2-VL-2B-Instruct-AWQ"),
    "Cannot use /models/Qwen2-VL-2B-Instruct-AWQ: its weights are quantised (awq, 4 bits), which are " +
      "not read; take the model without quantisation, Qwen2-VL-2B-Instruct",
  );
  const cached = "/cache/models--Qwen--Qwen3-VL-4B-Instruct-FP8/snapshots/abc";
  const fp8 = { quantization_config: { quant_method: "fp8" } };
  assert(message(fp8, cached).endsWith("quantisation, Qwen/Qwen3-VL-4B-Instruct"));
  for (const name of ["a-GPTQ-Int4", "a-bnb-4bit", "a-unsloth-bnb-4bit", "a-quantized.w4a16"]) {
    assert(message(fp8, name).endsWith("without quantisation, a"), name);
  }
  assert(message(fp8, "mine").endsWith("without quantisation"));
  assert(message({ quantization_config: { load_in_4bit: true } }).includes(", 4 bits"));
  assert(message({ text_config: fp8 }).includes("(fp8)"));
  refuseOtherLayouts({ model_type: "llava", quantization_config: null }, "folder");
});

Deno.test("the authors' layouts of LLaVA and InternVL are told by classes and keys", () => {
  const onevision = { model_type: "llava", architectures: ["LlavaQwenForCausalLM"] };
  assert(message(onevision).includes("llava-hf/llava-onevision-qwen2"));
  assert(message({ model_type: "llava", mm_vision_tower: "openai/clip" }).includes("llava-hf/"));
  assert(message({ model_type: "llava_mistral" }).includes("llava-v1.6-mistral-7b-hf"));
  const chat = message({ model_type: "internvl_chat", architectures: ["InternVLChatModel"] });
  assert(chat.includes("OpenGVLab/InternVL3-…-hf") && chat.includes("InternVL2 is in this layout"));
  for (const model_type of ["llava", "llava_next", "llava_onevision", "internvl"]) {
    refuseOtherLayouts({ model_type, architectures: ["LlavaForConditionalGeneration"] }, "folder");
  }
});

Deno.test("names of weights tell quantisation and adapters", () => {
  const unusual = (name: string) => unusualWeights(["model.x.weight", name], "m-AWQ");
  for (const end of ["qweight", "weight_scale_inv", "weight_packed", "SCB", "absmax"]) {
    assert(unusual(`model.layers.0.q_proj.${end}`)?.includes("quantised"), end);
  }
  assert(unusual("base.q_proj.lora_A.weight")?.includes("adapter"));
  assertEquals(unusual("model.layers.0.q_proj.weight"), null);
});
