/**
 * 8-bit floats with a scale for each block of 128 by 128 (`weight_scale_inv`), as DeepSeek and Qwen
 * publish them, or for each output (`fbgemm_fp8`).
 *
 * Source: transformers `integrations/finegrained_fp8.py`, `integrations/fbgemm_fp8.py`.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { CodeLayout } from "./layout.ts";
import { matrixPart, type Packing, quantisationOf } from "./packing.ts";

const codes: CodeLayout = {
  bits: 8,
  along: "inputs",
  words: "together",
  level: { kind: "float8", exponentBits: 4 },
};

/** Blocks of 128 by 128, or of the size that the config says. */
export const fp8: Packing = {
  name: "FP8",
  settings(config) {
    const found = quantisationOf(config);
    return found?.["quant_method"] === "fp8" ? found : null;
  },
  parts: { codes: "weight", scales: "weight_scale_inv" },
  ignored: ["activation_scale", "input_scale"],
  layout(weight, settings) {
    const shape = matrixPart(weight, "codes", ["F8_E4M3"]);
    const size = settings["weight_block_size"] ?? null;
    if (size === null) return { shape, codes, block: { outputs: shape[0], inputs: shape[1] } };
    const isSize = (one: unknown): one is number => Number.isInteger(one) && (one as number) > 0;
    if (Array.isArray(size) && size.length === 2 && size.every(isSize)) {
      return { shape, codes, block: { outputs: size[0], inputs: size[1] } };
    }
    throw new InputError(
      `Cannot unpack weights with "weight_block_size": ${
        quoted(JSON.stringify(size), 60)
      }; wanted ` +
        "two whole numbers",
    );
  },
  format: () => "fp8",
};

/** One scale for each output. */
export const fbgemmFp8: Packing = {
  name: "FP8",
  settings(config) {
    const found = quantisationOf(config);
    return found?.["quant_method"] === "fbgemm_fp8" ? found : null;
  },
  parts: { codes: "weight", scales: "weight_scale" },
  ignored: ["input_scale_ub"],
  layout(weight) {
    const shape = matrixPart(weight, "codes", ["F8_E4M3"]);
    return { shape, codes, block: { outputs: 1, inputs: shape[1] } };
  },
  format: () => "fp8",
};
