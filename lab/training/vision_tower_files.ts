/**
 * A trained vision tower as files: weights under Hugging Face's names, and the words that it reads.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { writeTextAtomically } from "../../lib/common/files.ts";
import type { ImageTowerConfig } from "../../lib/model/config.ts";
import { pageWords } from "../pages/page_words.ts";
import { readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { float32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import type { WordTable } from "./vision_tower_aligner.ts";
import { visionTowerConfig, type VisionTowerParameters } from "./vision_tower_model.ts";
import { freshVisionTower } from "./run_vision_tower.ts";

/** Name of the weights file in its folder. */
export const visionTowerWeightsFile = "vision_tower.safetensors";
const settingsFile = "vision_tower.json";

/** What `vision_tower.json` says. */
export interface VisionTowerSettings {
  /** Hugging Face's `vision_config`. */
  readonly vision_config: Readonly<Record<string, unknown>>;
  /** D of the language model whose embeddings the projector maps to. */
  readonly text_width: number;
  /** The words that the vision tower reads. */
  readonly words: readonly string[];
  readonly tokens: readonly number[];
}

/** Hugging Face's name of a weight of the tower. */
export function storedTowerName(name: string): string {
  if (name.startsWith("projector.")) return name.replace("projector.", "multi_modal_projector.");
  return name.replace("encoder.", "vision_tower.vision_model.")
    .replace(".pre_norm.", ".pre_layrnorm.").replace("model.layers.", "model.encoder.layers.");
}

const visionConfig = ({ encoder }: ImageTowerConfig) => {
  return {
    model_type: "clip_vision_model",
    hidden_size: encoder.hiddenSize,
    intermediate_size: encoder.intermediateSize,
    num_hidden_layers: encoder.depth,
    num_attention_heads: encoder.numHeads,
    num_channels: 3,
    image_size: encoder.imageSize,
    patch_size: encoder.patchSize,
    hidden_act: encoder.hiddenAct,
    layer_norm_eps: encoder.normEps,
    projection_dim: encoder.hiddenSize,
  };
};

/**
 * Saves a trained vision tower, in bfloat16.
 *
 * @param folder made if it is not there
 * @param scale what the word embeddings were divided by in training; folded into the last layer
 * @param tokens token of each word
 * @param words what it reads; the page words by default
 */
export async function saveVisionTower(
  folder: string,
  parameters: VisionTowerParameters,
  scale: number,
  tokens: Int32Array,
  words: readonly string[] = pageWords,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const tensors: Record<string, TensorToWrite> = {};
  for (const [name, variable] of parameters.variables) {
    const data = await variable.data() as Float32Array;
    const last = name.startsWith("projector.linear_2.");
    tensors[storedTowerName(name)] = {
      shape: variable.shape,
      data: last ? data.map((value) => value * scale) : data,
      dtype: "BF16",
    };
  }
  await writeSafetensors(join(folder, visionTowerWeightsFile), tensors, { format: "pt" });
  const settings: VisionTowerSettings = {
    vision_config: visionConfig(parameters.config),
    text_width: parameters.textWidth,
    words,
    tokens: [...tokens],
  };
  await writeTextAtomically(join(folder, settingsFile), JSON.stringify(settings) + "\n");
}

/**
 * Reads the settings of a saved vision tower.
 *
 * @throws {InputError} if it has none
 */
export async function readVisionTowerSettings(folder: string): Promise<VisionTowerSettings> {
  return await readCheckpointJson(folder, settingsFile) as unknown as VisionTowerSettings;
}

/**
 * Loads a saved vision tower, to be evaluated or trained further.
 *
 * @param words the table that they were trained on
 * @param tower its sizes; those of SmolLM2's tower by default
 * @throws {InputError} if a weight is missing
 */
export async function loadVisionTower(
  folder: string,
  words: WordTable,
  tower: ImageTowerConfig = visionTowerConfig,
): Promise<VisionTowerParameters> {
  const content = await readSafetensorsFile(join(folder, visionTowerWeightsFile));
  const parameters = freshVisionTower(words, tower);
  for (const [name, variable] of parameters.variables) {
    const { data } = float32Tensor(content, storedTowerName(name));
    const scale = name.startsWith("projector.linear_2.") ? words.scale : 1;
    tf.tidy(() => variable.assign(tf.tensor(data.map((value) => value / scale), variable.shape)));
  }
  return parameters;
}
