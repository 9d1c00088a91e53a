/**
 * 8-bit floats: with a scale for each block of 128 by 128 (`weight_scale_inv`), as DeepSeek and Qwen
 * publish them, also of experts in one tensor; or with one scale, or one for each output
 * (`weight_scale`), as AutoFP8, `fbgemm_fp8` and ModelOpt write them.
 *
 * Source: transformers `integrations/finegrained_fp8.py`, `integrations/fbgemm_fp8.py`. Activations that
 * are to be quantised while the model runs are left as they are.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import type { JsonObject } from "../../common/key_policy.ts";
import { shownValue } from "../../common/text.ts";
import type { BlockLayout, CodeLayout } from "./layout.ts";
import {
  countOf,
  matrixPart,
  type PackedWeight,
  type Packing,
  type PackingSettings,
  partOf,
  quantisationOf,
  refuseWeight,
} from "./packing.ts";

const codes: CodeLayout = {
  bits: 8,
  along: "inputs",
  words: "together",
  level: { kind: "float8", exponentBits: 4 },
};

const stored = ["F8_E4M3"];

/** The settings of any program that writes 8-bit floats. */
function settingsOf(config: JsonObject): PackingSettings | null {
  const found = quantisationOf(config), method = found?.["quant_method"];
  const isFp8 = method === "fp8" || method === "fbgemm_fp8" ||
    method === "modelopt" && found?.["quant_algo"] === "FP8";
  return isFp8 ? found : null;
}

/** The size of a block that the config says, or null. */
function blockSize({ weight_block_size: size = null }: PackingSettings): [number, number] | null {
  if (size === null) return null;
  const isSize = (one: unknown): one is number => Number.isInteger(one) && (one as number) > 0;
  if (Array.isArray(size) && size.length === 2 && size.every(isSize)) return [size[0], size[1]];
  throw new InputError(
    `Cannot unpack weights with "weight_block_size": ${shownValue(size)}; wanted two whole numbers`,
  );
}

/** What shares a scale: blocks of a size, or what the number of scales says. */
function blockOf(
  weight: PackedWeight,
  settings: PackingSettings,
  [outputs, inputs]: readonly [number, number],
): BlockLayout {
  const size = blockSize(settings), count = countOf(weight, "scales");
  if (size && (count === blocksIn(size, outputs, inputs) || count !== 1 && count !== outputs)) {
    return { outputs: size[0], inputs: size[1] };
  }
  return { outputs: count === outputs ? 1 : outputs, inputs };
}

const blocksIn = ([rows, columns]: readonly [number, number], outputs: number, inputs: number) =>
  Math.ceil(outputs / rows) * Math.ceil(inputs / columns);

/** Matrices with scales under one name. */
function matrices(scales: string): Packing {
  return {
    name: "FP8",
    settings: settingsOf,
    parts: { codes: "weight", scales },
    ignored: ["activation_scale", "input_scale", "input_scale_ub", "output_scale"],
    layout(weight, settings) {
      const shape = matrixPart(weight, "codes", stored);
      return { shape, codes, block: blockOf(weight, settings, shape) };
    },
    format: () => "fp8",
  };
}

/** Blocks of 128 by 128, or of the size that the config says. */
export const fp8: Packing = matrices("weight_scale_inv");

/** One scale, or one for each output. */
export const scaledFp8: Packing = matrices("weight_scale");

/** All experts of a layer in one tensor `[E, rows, columns]`, with the scales of each one's blocks. */
function stackedExperts(name: string): Packing {
  return {
    ...fp8,
    parts: { codes: name, scales: `${name}_scale_inv` },
    weight: name,
    ignored: [`${name}_activation_scale`],
    layout(weight, settings) {
      const { shape: [experts, rows, inputs] } = partOf(weight, "codes", stored, 3);
      const shape = [experts * rows, inputs] as const, size = blockSize(settings);
      const block = countOf(weight, "scales") === experts || !size
        ? { outputs: rows, inputs }
        : { outputs: size[0], inputs: size[1] };
      if (rows % block.outputs !== 0) {
        refuseWeight(
          weight,
          `its experts have ${rows} rows each; wanted a multiple of the ${block.outputs} rows of a block`,
        );
      }
      return { shape, codes, block, stacked: experts };
    },
  };
}

/** Both weights of a layer's experts. */
export const fp8Experts: readonly Packing[] = ["gate_up_proj", "down_proj"].map(stackedExperts);
