/**
 * Export: weights in training become a Qwen3-VL checkpoint in Hugging Face's layout, in bfloat16.
 *
 * Two factors of the training are folded into the weights, so that the architecture is Qwen3-VL's
 * and nothing else: the input multiplier goes into the embedding table and into the merger's last
 * layer, the output scale into the head, which is the embedding table until then.
 * @module
 */
import { join } from "node:path";
import { writeTextAtomically } from "../../lib/common/files.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import type { ModelConfig } from "../../lib/model/config.ts";
import {
  chatTemplate,
  configJson,
  generationJson,
  preprocessorJson,
  tokenizerConfigJson,
  tokenizerJson,
  videoPreprocessorJson,
} from "./model_files.ts";
import { inputMultiplier, type ModelParameters } from "./parameters.ts";

/** Stored name of a weight, or null for one that is no part of the model. */
export function storedName(name: string): string | null {
  if (name.startsWith("text.")) return `model.language_model.${name.slice(5)}`;
  if (name.startsWith("vision.")) return `model.visual.${name.slice(7)}`;
  return null;
}

/** Factor by which a weight in training is multiplied on export. */
export function exportFactor(name: string): number {
  const enters = name === "text.embed_tokens.weight" || name.startsWith("vision.merger.linear_fc2");
  return enters ? inputMultiplier : 1;
}

const scaled = (data: Float32Array, factor: number) => data.map((value) => value * factor);

/**
 * The weights under their stored names, with the training's factors folded in. float32.
 *
 * @returns name to shape and values
 */
export async function exportedWeights(
  config: ModelConfig,
  parameters: ModelParameters,
): Promise<Record<string, { shape: readonly number[]; data: Float32Array }>> {
  const out: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  for (const [name, variable] of parameters.variables) {
    const stored = storedName(name);
    if (!stored) continue;
    const data = await variable.data() as Float32Array;
    const factor = exportFactor(name);
    out[stored] = { shape: variable.shape, data: factor === 1 ? data : scaled(data, factor) };
    if (name === "text.embed_tokens.weight") {
      const head = scaled(data, config.text.hiddenSize ** -0.5);
      out["lm_head.weight"] = { shape: variable.shape, data: head };
    }
  }
  return out;
}

/**
 * Writes a checkpoint directory that transformers and this library load.
 *
 * @param directory is made if it is not there; files in it are replaced one by one, each whole
 */
export async function exportModel(
  directory: string,
  config: ModelConfig,
  parameters: ModelParameters,
): Promise<void> {
  await Deno.mkdir(directory, { recursive: true });
  const tensors: Record<string, TensorToWrite> = {};
  for (const [name, tensor] of Object.entries(await exportedWeights(config, parameters))) {
    tensors[name] = { ...tensor, dtype: "BF16" };
  }
  await writeSafetensors(join(directory, "model.safetensors"), tensors, { format: "pt" });
  const json: Record<string, Record<string, unknown>> = {
    "config.json": configJson(config),
    "generation_config.json": generationJson(),
    "tokenizer.json": tokenizerJson(),
    "tokenizer_config.json": tokenizerConfigJson(),
    "preprocessor_config.json": preprocessorJson(config),
    "video_preprocessor_config.json": videoPreprocessorJson(config),
  };
  for (const [name, content] of Object.entries(json)) {
    await writeTextAtomically(join(directory, name), JSON.stringify(content, null, 2) + "\n");
  }
  await writeTextAtomically(join(directory, "chat_template.jinja"), chatTemplate);
}
