/**
 * What llm-compressor writes: `pack-quantized` (4 to 8 bits in words), `int-quantized` (bytes),
 * `float-quantized` (8-bit floats).
 *
 * Source: compressed-tensors 0.20 (`compressors/pack_quantized`, `quantization/lifecycle/forward.py`).
 * Activations that are to be quantised while the model runs are left as they are.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/key_policy.ts";
import { quoted } from "../../common/text.ts";
import type { BlockLayout, CodeLayout, PackedLayout } from "./layout.ts";
import {
  matrixPart,
  objectIn,
  type PackedWeight,
  type Packing,
  type PackingSettings,
  quantisationOf,
} from "./packing.ts";

const formats = ["pack-quantized", "int-quantized", "float-quantized", "naive-quantized"];

/** The formats and the numbers of a config whose groups are all stored the same way. */
function settingsOf(config: JsonObject, wanted: readonly string[]): PackingSettings | null {
  const found = quantisationOf(config);
  if (!found || found["quant_method"] !== "compressed-tensors") return null;
  const groups = Object.values(objectIn(found, "config_groups") ?? {}) as JsonObject[];
  const named = new Set(groups.map((group) => group["format"] ?? found["format"]));
  const format = named.size === 1 ? [...named][0] : found["format"];
  if (!formats.includes(format as string)) {
    throw new InputError(
      `Cannot unpack weights in the format ${quoted(String(format), 60)} of compressed-tensors; ` +
        `supported are ${formats.join(", ")}`,
    );
  }
  return wanted.includes(format as string) ? { ...found, format } : null;
}

/** How weights are quantised: of the one group, since a tensor does not say which it belongs to. */
function weightsOf({ config_groups }: PackingSettings): JsonObject {
  const groups = Object.values(config_groups as JsonObject ?? {}) as JsonObject[];
  const all = groups.map((group) => objectIn(group, "weights") ?? {});
  const key = ({ num_bits, strategy, group_size, symmetric, type, block_structure }: JsonObject) =>
    JSON.stringify([num_bits, strategy, group_size, symmetric, type, block_structure]);
  if (all.length > 0 && new Set(all.map(key)).size === 1) return all[0];
  throw new InputError(
    `Cannot unpack weights of compressed-tensors with ${all.length} different config_groups; ` +
      "supported is one kind for all weights",
  );
}

/** The block that shares a scale, by the strategy. */
function blockOf(weights: JsonObject, outputs: number, inputs: number): BlockLayout {
  const { strategy, group_size: size, block_structure: structure } = weights;
  if (strategy === "channel") return { outputs: 1, inputs };
  if (strategy === "tensor") return { outputs, inputs };
  if ((strategy === "group" || strategy === undefined) && typeof size === "number" && size > 0) {
    return { outputs: 1, inputs: size };
  }
  if (strategy === "block" && Array.isArray(structure) && structure.length === 2) {
    return { outputs: Number(structure[0]), inputs: Number(structure[1]) };
  }
  throw new InputError(
    `Cannot unpack weights with the strategy ${quoted(String(strategy), 60)}; supported are ` +
      "tensor, channel, group and block",
  );
}

/** Bits of integers. */
function bitsOf(weights: JsonObject): number {
  const bits = weights["num_bits"], type = weights["type"] ?? "int";
  if (
    type === "int" && typeof bits === "number" && Number.isInteger(bits) && bits > 0 && bits <= 8
  ) {
    return bits;
  }
  throw new InputError(
    `Cannot unpack weights of ${
      quoted(JSON.stringify([type, bits]), 60)
    }; supported are integers ` +
      "of 1 to 8 bits",
  );
}

/** Zeros of packed integers: packed along the outputs, or bytes in files of older releases. */
function zerosOf({ parts }: PackedWeight, codes: CodeLayout): CodeLayout {
  if (parts.zeros?.dtype === "I8") return { ...codes, bits: 8, level: { kind: "signed" } };
  return { ...codes, along: "outputs", words: "apart" };
}

const shared = {
  ignored: ["input_scale", "input_zero_point", "input_global_scale"],
} as const;

/** Integers of 1 to 8 bits in words of 32. */
export const packQuantized: Packing = {
  ...shared,
  name: "compressed-tensors",
  settings: (config) => settingsOf(config, ["pack-quantized"]),
  parts: {
    codes: "weight_packed",
    scales: "weight_scale",
    zeros: "weight_zero_point",
    groups: "weight_g_idx",
    shape: "weight_shape",
  },
  layout(weight, settings): PackedLayout {
    const weights = weightsOf(settings), bits = bitsOf(weights);
    const [outputs, words] = matrixPart(weight, "codes", ["I32"]);
    const inputs = Math.floor(words * 32 / bits);
    const codes: CodeLayout = {
      bits,
      along: "inputs",
      words: "together",
      level: { kind: "unsigned", less: 2 ** (bits - 1) },
    };
    return {
      shape: [outputs, inputs],
      codes,
      block: blockOf(weights, outputs, inputs),
      ...(weight.parts.zeros ? { zeros: zerosOf(weight, codes) } : {}),
    };
  },
  format: (_, settings) => `int${bitsOf(weightsOf(settings))} (compressed-tensors)`,
};

/** Bytes and 8-bit floats, one for each number. */
export const byteQuantized: Packing = {
  ...shared,
  name: "compressed-tensors",
  settings: (config) => settingsOf(config, ["int-quantized", "float-quantized", "naive-quantized"]),
  parts: { codes: "weight", scales: "weight_scale", zeros: "weight_zero_point" },
  layout(weight: PackedWeight, settings): PackedLayout {
    const weights = weightsOf(settings);
    const shape = matrixPart(weight, "codes", ["I8", "F8_E4M3"]);
    const integers = weight.parts.codes!.dtype === "I8";
    const codes: CodeLayout = {
      bits: 8,
      along: "inputs",
      words: "together",
      level: integers ? { kind: "signed" } : { kind: "float8", exponentBits: 4 },
    };
    return {
      shape,
      codes,
      block: blockOf(weights, ...shape),
      ...(integers && weight.parts.zeros ? { zeros: codes } : {}),
    };
  },
  format: ({ parts }) => `${parts.codes?.dtype === "I8" ? "int8" : "fp8"} (compressed-tensors)`,
};
