/**
 * LLaVA assembled: a language model as it is and a vision tower trained for it become one checkpoint in Hugging
 * Face's layout, which transformers loads as `LlavaForConditionalGeneration`.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import {
  chatMl,
  halved,
  llavaProcessorFiles,
  readLanguageBase,
  writeCheckpointFiles,
} from "./language_base.ts";
import { readVisionTowerSettings, visionTowerWeightsFile } from "./vision_tower_files.ts";
import { visionTowerConfig, visionTowerPixels } from "./vision_tower_model.ts";

/** ChatML, with a line for each image. */
export function llavaChatTemplate(systemText: string, imageToken: string): string {
  return chatMl(systemText, `{{ '${imageToken}\\n' }}`);
}

/**
 * Assembles LLaVA: a LLaMA-like language model as it is, and a vision tower trained for it. In bfloat16.
 *
 * @param base directory of the language model: Hugging Face's layout or a GGUF file in it
 * @param tower folder made by `saveVisionTower`
 * @param out is made if it is not there
 * @throws {InputError} if the tower was trained for a language model of another width, or the language model
 *   is of another kind
 */
export async function assembleLlava(base: string, tower: string, out: string): Promise<void> {
  const language = await readLanguageBase(base, "LlavaProcessor");
  const settings = await readVisionTowerSettings(tower);
  if (language.width !== settings.text_width) {
    throw new InputError(
      `Cannot join this vision tower to ${base}: its width is ${language.width}, the tower's ` +
        `${settings.text_width}`,
    );
  }
  await Deno.mkdir(out, { recursive: true });
  const tensors = await language.tensors();
  const { tensors: own } = await readSafetensorsFile(join(tower, visionTowerWeightsFile));
  for (const [name, { shape, data }] of own) tensors[name] = halved(data as Float32Array, shape);
  const norm = "vision_tower.vision_model.post_layernorm"; // after the features, of no effect on them
  const { imageSize, patchSize } = visionTowerConfig.encoder; // in every tower of ours
  const hidden = Number(settings.vision_config.hidden_size);
  tensors[`${norm}.weight`] = halved(new Float32Array(hidden).fill(1), [hidden]);
  tensors[`${norm}.bias`] = halved(new Float32Array(hidden), [hidden]);
  await writeSafetensors(join(out, "model.safetensors"), tensors, { format: "pt" });
  const config = {
    architectures: ["LlavaForConditionalGeneration"],
    model_type: "llava",
    ...language.config,
    image_seq_length: (imageSize / patchSize) ** 2,
    vision_feature_select_strategy: "default",
    vision_config: settings.vision_config,
  };
  const { token } = language.image;
  await writeCheckpointFiles(
    out,
    {
      "config.json": config,
      ...language.files,
      ...llavaProcessorFiles(
        {
          image_token: token,
          num_additional_image_tokens: 1,
          patch_size: patchSize,
          vision_feature_select_strategy: "default",
        },
        { side: imageSize, ...visionTowerPixels },
      ),
    },
    llavaChatTemplate(language.systemText, token),
  );
}
