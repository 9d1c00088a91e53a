import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { refuseOtherLayouts, unusualWeights } from "../../lib/families/other_layouts.ts";

const message = (json: Record<string, unknown>, dir = "folder") =>
  assertThrows(() => refuseOtherLayouts(json, dir), InputError).message;

Deno.test("quantised weights are named as that, with the model to take instead", () => {
  const hqq = { model_type: "qwen2_vl", quantization_config: { quant_method: "hqq", bits: 4 } };
  assertEquals(
    message(hqq, "/models/Qwen2-VL-2B-Instruct-AWQ"),
    "Cannot use /models/Qwen2-VL-2B-Instruct-AWQ: its weights are quantised (hqq, 4 bits), which are " +
      "not read; take the model without quantisation, Qwen2-VL-2B-Instruct; packings that are " +
      "read: compressed-tensors, AWQ, GPTQ, FP8, MLX, GGUF",
  );
  const cached = "/cache/models--Qwen--Qwen3-VL-4B-Instruct-FP8/snapshots/abc";
  const other = { quantization_config: { quant_method: "quanto" } };
  assert(message(other, cached).includes("quantisation, Qwen/Qwen3-VL-4B-Instruct;"));
  for (const name of ["a-GPTQ-Int4", "a-bnb-4bit", "a-unsloth-bnb-4bit", "a-quantized.w4a16"]) {
    assert(message(other, name).includes("without quantisation, a;"), name);
  }
  assert(message(other, "mine").includes("without quantisation;"));
  assert(message({ quantization_config: { load_in_4bit: true } }).includes(", 4 bits"));
  assert(message({ text_config: other }).includes("(quanto)"));
  const awq = { quantization_config: { quant_method: "awq", bits: 4 } };
  refuseOtherLayouts({ model_type: "qwen2_vl", ...awq }, "folder"); // a packing that is read
  refuseOtherLayouts({ model_type: "llava", quantization_config: null }, "folder");
});

Deno.test("the authors' layouts of LLaVA, FastVLM and InternVL are told by classes and keys", () => {
  const onevision = { model_type: "llava", architectures: ["LlavaQwenForCausalLM"] };
  assert(message(onevision).includes("llava-hf/llava-onevision-qwen2"));
  assert(message({ model_type: "llava", mm_vision_tower: "openai/clip" }).includes("llava-hf/"));
  assert(message({ model_type: "llava_mistral" }).includes("llava-v1.6-mistral-7b-hf"));
  const fast = { model_type: "llava_qwen2", mm_vision_tower: "mobileclip_l_1024" };
  assert(message(fast).includes("KamilaMila/FastVLM-…"));
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
