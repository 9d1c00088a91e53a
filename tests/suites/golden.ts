/**
 * The golden checkpoints and transformers' numbers for them, as the tests use them.
 */
import { fileURLToPath } from "node:url";
import { currentBackend, useBackend } from "../../lib/backend/select.ts";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { createKernels } from "../../lib/backend/create_kernels.ts";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { loadModel } from "../../lib/families/load_weights.ts";
import type { Media, ModelInputs, NamedArray } from "../../lib/model/model_inputs.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";

export { relativeError } from "./near.ts";

/** Folder of one golden checkpoint. */
export const goldenDir = (family: string): string =>
  fileURLToPath(new URL(`../golden/${family}`, import.meta.url));

/** The golden checkpoints of multimodal models. */
export const goldenNames: readonly string[] = [
  ...["qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_bf16", "qwen3_vl_moe"],
  ...["llava", "llava_next", "llava_onevision", "internvl", "internvl_qwen3"],
];

/** The kernels that `auto` chooses on this machine. */
export async function testKernels(dtype: "float32" | "bfloat16" = "float32"): Promise<Kernels> {
  if (!currentBackend()) await useBackend("auto");
  return createKernels(dtype);
}

/** Whether the kernels that `auto` chooses have bfloat16: those of native TensorFlow on a processor. */
export async function hasBfloat16(): Promise<boolean> {
  return (await testKernels()).name === "native";
}

/** A golden checkpoint in memory; the caller disposes of it. */
export function goldenModel(family: string, kernels?: Kernels): Promise<VisionLanguageModel> {
  return modelIn(goldenDir(family), kernels);
}

/** The checkpoint of a folder in memory; the caller disposes of it. */
export async function modelIn(folder: string, kernels?: Kernels): Promise<VisionLanguageModel> {
  const checkpoint = await openCheckpoint(folder);
  using source = checkpoint.source;
  return await loadModel(
    kernels ?? await testKernels(),
    checkpoint.family,
    checkpoint.config,
    source,
  );
}

/** One case: a prompt as transformers' processor made it, and what transformers computed. */
export interface GoldenCase {
  /** The stored `<case>.json`. */
  readonly json: Readonly<Record<string, unknown>>;
  /** The prompt. */
  readonly inputs: ModelInputs;
  /** Names of the stored tensors. */
  readonly names: readonly string[];
  /** A stored tensor. */
  tensor(name: string): NamedArray;
}

const notMedia =
  /^(input_ids|attention_mask|mm_token_type_ids|position_ids|rope_delta|logits|hidden_states|layer_inputs|attentions|o_proj_inputs|vision\.|generated\.|ablated\.)/;

/** Reads one case of a golden checkpoint. */
export async function goldenCase(family: string, name: string): Promise<GoldenCase> {
  const dir = `${goldenDir(family)}/expected`;
  const json = JSON.parse(await Deno.readTextFile(`${dir}/${name}.json`));
  const content = await readSafetensorsFile(`${dir}/${name}.safetensors`);
  const tensor = (key: string): NamedArray => {
    const found = content.tensors.get(key);
    if (!found) throw new Error(`golden case ${family}/${name} has no tensor ${key}`);
    return found as NamedArray;
  };
  const media: Record<string, NamedArray> = {};
  for (const key of content.tensors.keys()) if (!notMedia.test(key)) media[key] = tensor(key);
  const inputIds = tensor("input_ids").data as Int32Array;
  const delta = content.tensors.has("rope_delta") ? Number(tensor("rope_delta").data[0]) : 0;
  return {
    json,
    inputs: {
      inputIds,
      positionIds: tensor("position_ids").data as Int32Array,
      nextPosition: inputIds.length + delta,
      media: media as Media,
    },
    names: [...content.tensors.keys()],
    tensor,
  };
}

/** Cases of a golden checkpoint, as its index lists them. */
export function goldenCases(family: string): string[] {
  return JSON.parse(Deno.readTextFileSync(`${goldenDir(family)}/expected/index.json`)).cases;
}
