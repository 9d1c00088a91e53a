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
import { quoted, shownValue } from "../../common/text.ts";
import type { BlockLayout, CodeLayout, PackedLayout } from "./layout.ts";
import {
  matrixPart,
  namePattern,
  objectIn,
  type PackedWeight,
  type Packing,
  type PackingSettings,
  quantisationOf,
} from "./packing.ts";

const formats = ["pack-quantized", "int-quantized", "float-quantized", "naive-quantized"];

/** The groups of modules that are stored the same way. */
function groupsOf(settings: JsonObject): JsonObject[] {
  const all = Object.values(objectIn(settings, "config_groups") ?? {});
  return all.filter((group): group is JsonObject => typeof group === "object" && group !== null);
}

const formatOf = (group: JsonObject, settings: JsonObject) => group["format"] ?? settings["format"];

/** Refuses what would have to be undone besides unpacking. */
function refuseMore(settings: JsonObject): void {
  const sparse = objectIn(settings, "sparsity_config")?.["format"] ?? "dense";
  const turned = Object.keys(
    objectIn(objectIn(settings, "transform_config") ?? {}, "config_groups") ?? {},
  );
  if (sparse === "dense" && turned.length === 0) return;
  throw new InputError(
    `Cannot unpack weights of compressed-tensors with ` +
      (sparse === "dense"
        ? `"transform_config" (${
          quoted(turned[0], 60)
        }): activations are turned while the model runs`
        : `"sparsity_config" of the format ${quoted(String(sparse), 60)}; supported is dense`),
  );
}

/** The settings of a config that has groups in one of the wanted formats. */
function settingsOf(config: JsonObject, wanted: readonly string[]): PackingSettings | null {
  const found = quantisationOf(config);
  if (!found || found["quant_method"] !== "compressed-tensors") return null;
  const groups = groupsOf(found);
  const named = groups.length === 0
    ? [found["format"]]
    : groups.map((group) => formatOf(group, found));
  const unknown = named.find((format) => !formats.includes(format as string));
  if (unknown !== undefined || named.includes(undefined)) {
    throw new InputError(
      `Cannot unpack weights in the format ${quoted(String(unknown), 60)} of compressed-tensors; ` +
        `supported are ${formats.join(", ")}`,
    );
  }
  refuseMore(found);
  return named.some((format) => wanted.includes(format as string)) ? found : null;
}

/** How well a target of a group fits a module: by its name, by a pattern, or as any matrix; 0 for not. */
function fit(target: unknown, module: string, path: string): number {
  if (typeof target !== "string") return 0;
  if (target === module) return 3;
  if (target.startsWith("re:")) {
    return namePattern(target.slice(3), `"targets" of ${path}`).test(module) ? 2 : 0;
  }
  return /^[A-Z]\w*$/.test(target) ? 1 : 0; // a class: of modules with weights in codes there is one
}

/** How a weight is quantised: of the group whose targets fit its name best. */
function weightsOf({ module, path }: PackedWeight, settings: PackingSettings): JsonObject {
  const groups = groupsOf(settings);
  const fits = groups.map(({ targets }) =>
    Math.max(0, ...(Array.isArray(targets) ? targets : []).map((one) => fit(one, module, path)))
  );
  const best = groups.length === 1 ? 0 : fits.indexOf(Math.max(...fits));
  if (groups.length > 0 && (groups.length === 1 || fits[best] > 0)) {
    return objectIn(groups[best], "weights") ?? {};
  }
  throw new InputError(
    `Cannot unpack ${quoted(module)} of ${path}: none of ${groups.length} config_groups of ` +
      "compressed-tensors has a target that fits its name",
  );
}

/** Whether the zeros of a group's codes are stored. */
const hasZeros = (weights: JsonObject) => weights["symmetric"] === false;

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
    `Cannot unpack weights of ${shownValue([type, bits])}; supported are integers ` +
      "of 1 to 8 bits",
  );
}

/** Zeros of packed integers: packed along the outputs, or bytes in files of older releases. */
function packedZeros({ parts }: PackedWeight, codes: CodeLayout): CodeLayout {
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
    const weights = weightsOf(weight, settings), bits = bitsOf(weights);
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
      ...(weight.parts.zeros || hasZeros(weights) ? { zeros: packedZeros(weight, codes) } : {}),
    };
  },
  format: (weight, settings) => `int${bitsOf(weightsOf(weight, settings))} (compressed-tensors)`,
};

/** Bytes and 8-bit floats, one for each number. */
export const byteQuantized: Packing = {
  ...shared,
  name: "compressed-tensors",
  settings: (config) => settingsOf(config, ["int-quantized", "float-quantized", "naive-quantized"]),
  parts: { codes: "weight", scales: "weight_scale", zeros: "weight_zero_point" },
  layout(weight: PackedWeight, settings): PackedLayout {
    const weights = weightsOf(weight, settings);
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
      ...(integers && (weight.parts.zeros || hasZeros(weights)) ? { zeros: codes } : {}),
    };
  },
  format: ({ parts }) => `${parts.codes?.dtype === "I8" ? "int8" : "fp8"} (compressed-tensors)`,
};
