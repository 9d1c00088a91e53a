/**
 * Trained eyes as files: weights under Hugging Face's names, and what they read.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { writeTextAtomically } from "../../lib/common/files.ts";
import { pageWords } from "../pages/page_words.ts";
import { readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { float32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import type { WordTable } from "./eyes_aligner.ts";
import { type EyesParameters, eyesTower } from "./eyes_model.ts";
import { freshEyes } from "./run_eyes.ts";

/** Name of the file of the eyes' weights in their folder. */
export const eyesWeightsFile = "eyes.safetensors";
/** File that says what the eyes are. */
const settingsFile = "eyes.json";

/** What `eyes.json` says. */
export interface EyesSettings {
  /** Hugging Face's `vision_config`. */
  readonly vision_config: Readonly<Record<string, unknown>>;
  /** D of the language model whose embeddings the eyes project to. */
  readonly text_width: number;
  /** The words that the eyes read. */
  readonly words: readonly string[];
  /** Token of each. */
  readonly tokens: readonly number[];
}

/** Hugging Face's name of a weight of the tower. */
export function storedEyesName(name: string): string {
  if (name.startsWith("projector.")) return name.replace("projector.", "multi_modal_projector.");
  return name.replace("encoder.", "vision_tower.vision_model.")
    .replace(".pre_norm.", ".pre_layrnorm.").replace("model.layers.", "model.encoder.layers.");
}

const visionConfig = () => {
  const { encoder } = eyesTower;
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
 * Saves trained eyes, in bfloat16.
 *
 * @param folder made if it is not there
 * @param scale what the word embeddings were divided by in training; folded into the last layer
 * @param tokens token of each page word
 */
export async function saveEyes(
  folder: string,
  parameters: EyesParameters,
  scale: number,
  tokens: Int32Array,
): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  const tensors: Record<string, TensorToWrite> = {};
  for (const [name, variable] of parameters.variables) {
    const data = await variable.data() as Float32Array;
    const last = name.startsWith("projector.linear_2.");
    tensors[storedEyesName(name)] = {
      shape: variable.shape,
      data: last ? data.map((value) => value * scale) : data,
      dtype: "BF16",
    };
  }
  await writeSafetensors(join(folder, eyesWeightsFile), tensors, { format: "pt" });
  const settings: EyesSettings = {
    vision_config: visionConfig(),
    text_width: parameters.textWidth,
    words: pageWords,
    tokens: [...tokens],
  };
  await writeTextAtomically(join(folder, settingsFile), JSON.stringify(settings) + "\n");
}

/**
 * Reads what a folder of eyes says about them.
 *
 * @throws {InputError} if it has none
 */
export async function readEyesSettings(folder: string): Promise<EyesSettings> {
  return await readCheckpointJson(folder, settingsFile) as unknown as EyesSettings;
}

/**
 * Loads saved eyes, to be evaluated or trained further.
 *
 * @param words the table that they were trained on
 * @throws {InputError} if a weight is missing
 */
export async function loadEyes(folder: string, words: WordTable): Promise<EyesParameters> {
  const content = await readSafetensorsFile(join(folder, eyesWeightsFile));
  const parameters = freshEyes(words);
  for (const [name, variable] of parameters.variables) {
    const { data } = float32Tensor(content, storedEyesName(name));
    const scale = name.startsWith("projector.linear_2.") ? words.scale : 1;
    tf.tidy(() => variable.assign(tf.tensor(data.map((value) => value / scale), variable.shape)));
  }
  return parameters;
}
