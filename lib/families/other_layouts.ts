/**
 * Checkpoints that are something else than a model in transformers' layout with plain weights:
 * quantised ones, and the layouts in which the authors of LLaVA, FastVLM and InternVL publish.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { JsonObject } from "../common/key_policy.ts";
import { quoted } from "../common/text.ts";
import { settingsIn } from "../weights/packings/packing.ts";
import { packings, packingsOf } from "../weights/packings/registry.ts";

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Endings of the names of quantised models on the hub. */
const quantisedName =
  /[-_](AWQ|GPTQ|FP8|NVFP4|W\d+A\d+|(bnb|unsloth-bnb|int|gptq|awq|fp)?-?[48]-?bit|(GPTQ-)?Int[48]|quantized\.w\d+a\d+)([-_].*)?$/i;

/** Name of the model without quantisation, where the folder's name tells it. */
function plainName(dir: string): string | null {
  const inCache = /models--(.+?)--(.+?)[/\\]snapshots/.exec(dir);
  const name = inCache ? `${inCache[1]}/${inCache[2]}` : /([^/\\]+)[/\\]*$/.exec(dir)?.[1] ?? "";
  const plain = name.replace(quantisedName, "");
  return plain !== name && plain !== "" ? plain : null;
}

/** How weights are quantised, from `quantization_config`; null where they are not. */
function quantisation(json: JsonObject): string | null {
  const text = isObject(json["text_config"]) ? json["text_config"] : {};
  const found = [json, text].flatMap((object) =>
    ["quantization_config", "compression_config"].map((key) => object[key])
  ).find(isObject);
  if (!found) return null;
  const { quant_method: method, load_in_4bit: four, load_in_8bit: eight } = found;
  const bits = found["bits"] ?? (four === true ? 4 : eight === true ? 8 : undefined);
  const name = typeof method === "string" ? method : "by an unknown method";
  return quoted(name, 30).slice(1, -1) + (typeof bits === "number" ? `, ${bits} bits` : "");
}

/** Keys that only the authors' own code for LLaVA writes. */
const llavaKey = /^mm_(vision|projector|hidden|patch|use|resampler|spatial|newline|tunable)/;

/** What the authors' LLaVA is on the hub, by the decoder that its class names. */
const llavaAdvice: readonly (readonly [RegExp, string])[] = [
  [/qwen/i, "llava-hf/llava-onevision-qwen2-…-hf"],
  [/mistral/i, "llava-hf/llava-v1.6-mistral-7b-hf"],
  [/./, "llava-hf/llava-1.5-…-hf or llava-hf/llava-v1.6-…-hf"],
];

/** Which other layout a config has, and where the same model is in transformers'. */
function otherLayout(json: JsonObject): string | null {
  const classes = Array.isArray(json["architectures"]) ? json["architectures"].map(String) : [];
  const names = [String(json["model_type"]), ...classes];
  const isLlava = Object.keys(json).some((key) => llavaKey.test(key)) ||
    names.some((name) => /^llava_(llama|mistral|qwen|mpt|gemma)|^Llava\w*ForCausalLM$/.test(name));
  if (isLlava && /mobileclip/i.test(String(json["mm_vision_tower"]))) {
    return "FastVLM as its authors publish it; the same models are on the hub as " +
      "KamilaMila/FastVLM-…";
  }
  if (isLlava) {
    const [, where] = llavaAdvice.find(([pattern]) => names.some((name) => pattern.test(name)))!;
    return `LLaVA as its authors publish it; the same models are on the hub as ${where}`;
  }
  if (names.some((name) => /^internvl_chat$|^InternVLChatModel$/.test(name))) {
    return "InternVL as its authors publish it; InternVL3 is on the hub as " +
      "OpenGVLab/InternVL3-…-hf, InternVL3.5 as OpenGVLab/InternVL3_5-…-HF, of InternVL2.5 the MPO " +
      "models as …-MPO-hf; InternVL2 is in this layout only";
  }
  return null;
}

/**
 * Refuses quantised weights in unknown packings and other layouts, and says what to take instead.
 *
 * @param json the content of `config.json`
 * @param dir the checkpoint's directory
 * @throws {InputError} if it is one of them
 */
export function refuseOtherLayouts(json: JsonObject, dir: string): void {
  const layout = otherLayout(json);
  if (layout !== null) {
    throw new InputError(`Cannot use ${dir}: this is not the layout of transformers but ${layout}`);
  }
  const method = quantisation(json);
  if (method === null || settingsIn(dir, () => packingsOf(json)).length > 0) return;
  throw new InputError(
    `Cannot use ${dir}: its weights are quantised (${method}), ${
      unquantised(dir)
    }; packings that ` +
      `are read: ${[...new Set(packings.map(({ name }) => name))].join(", ")}, GGUF`,
  );
}

/** What to take in place of quantised weights. */
function unquantised(dir: string): string {
  const plain = plainName(dir);
  return "which are not read; take the model without quantisation" +
    (plain === null ? "" : `, ${plain}`);
}

/** Ends of the names of weights that are parts of quantised ones. */
const packedName =
  /\.(qweight|qzeros|scales|g_idx|weight_scale(_inv)?|weight_packed|weight_shape|input_scale|SCB|absmax|quant_map|quant_state\S*)$/;

/**
 * What is special about names that no role fits: quantised weights, or an adapter's.
 *
 * @returns the end of a message, or null
 */
export function unusualWeights(names: readonly string[], dir: string): string | null {
  const some = names.slice(0, 1000);
  if (some.some((name) => packedName.test(name))) {
    return `its weights are quantised, ${unquantised(dir)}`;
  }
  if (some.some((name) => /\.(lora_[AB]|lora_embedding_[AB]|lora_magnitude_vector)\b/.test(name))) {
    return "they are those of an adapter; merge it into its base model first";
  }
  return null;
}
