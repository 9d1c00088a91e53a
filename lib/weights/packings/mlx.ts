/**
 * MLX's affine groups: codes in order, a scale and an offset for each group of inputs.
 *
 * Source: MLX `mlx.core.quantize`; names and axes of vision towers: mlx-vlm `models/qwen2_vl`,
 * `models/qwen3_vl` (`sanitize`).
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import {
  groupSize,
  matrixPart,
  objectIn,
  type PackedWeight,
  type Packing,
  type PackingSettings,
  setting,
} from "./packing.ts";

/** The first weight of a Qwen-VL tower, whose axes MLX stores as time, height, width, colour. */
const patchWeight = "vision_tower.patch_embed.proj.weight";

/** Hugging Face's name of what MLX calls otherwise. */
const huggingFace = (name: string) =>
  name.replace(/^language_model\.model\./, "model.language_model.")
    .replace(/^language_model\.lm_head/, "lm_head")
    .replace(/^vision_tower\./, "model.visual.");

/** The settings of one module, which may have its own, under either name. */
function ownSettings({ module }: PackedWeight, settings: PackingSettings): PackingSettings {
  const names = [module, huggingFace(module), module.replace(/^language_model\./, "")];
  const own = names.map((name) => objectIn(settings, name)).find((found) => found !== null);
  const merged = { ...settings, ...own };
  const mode = merged["mode"] ?? "affine";
  if (mode === "affine") return merged;
  throw new InputError(
    `Cannot unpack weights of MLX in the mode ${quoted(String(mode), 60)}; supported is affine`,
  );
}

const knownBits = [2, 3, 4, 5, 6, 8];

/**
 * Bits of the codes: of the settings; where the stored sizes are those of other bits in groups of the same
 * size, of these. Files of mixed bits exist whose settings name modules otherwise than their tensors.
 */
function bitsOf(weight: PackedWeight, settings: PackingSettings): number {
  const own = ownSettings(weight, settings);
  const bits = setting(own, "bits", knownBits), { codes, scales } = weight.parts;
  if (codes?.shape.length !== 2 || scales?.shape.length !== 2 || own["group_size"] === -1) {
    return bits;
  }
  const stored = codes.shape[1] * 32 / (scales.shape[1] * groupSize(own, 0));
  return knownBits.includes(stored) ? stored : bits;
}

/** MLX. */
export const mlx: Packing = {
  name: "MLX",
  settings(config) {
    const found = objectIn(config, "quantization") ?? objectIn(config, "quantization_config");
    const isMlx = found && "group_size" in found && "bits" in found && !("quant_method" in found);
    return isMlx ? found : null;
  },
  parts: { codes: "weight", scales: "scales", offsets: "biases" },
  layout(weight, settings) {
    const bits = bitsOf(weight, settings);
    const [outputs, words] = matrixPart(weight, "codes", ["U32"]);
    const inputs = words * 32 / bits;
    return {
      shape: [outputs, inputs],
      codes: {
        bits,
        along: "inputs",
        words: "together",
        level: { kind: "unsigned", less: 0 },
      },
      block: { outputs: 1, inputs: groupSize(ownSettings(weight, settings), inputs) },
      offsets: true,
    };
  },
  format: (weight, settings) => `int${bitsOf(weight, settings)} (MLX)`,
  rename(name, names) {
    if (!names.includes(patchWeight)) return name;
    return huggingFace(name);
  },
  axes: (name, names) => name === patchWeight && names.includes(name) ? [0, 4, 1, 2, 3] : null,
};
