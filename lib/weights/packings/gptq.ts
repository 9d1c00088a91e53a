/**
 * GPTQ: words hold inputs of one output, one behind the other; zeros hold outputs of one group.
 *
 * Source: AutoGPTQ `auto_gptq/nn_modules/qlinear` and GPTQModel (`gptq_v2`): zeros of the older form
 * are one too small.
 * @module
 */
import type { CodeLayout } from "./layout.ts";
import { groupSize, matrixPart, type Packing, quantisationOf, setting } from "./packing.ts";

/** GPTQ of 2, 3, 4 and 8 bits. */
export const gptq: Packing = {
  name: "GPTQ",
  settings(config) {
    const found = quantisationOf(config);
    return found?.["quant_method"] === "gptq" ? found : null;
  },
  parts: { codes: "qweight", scales: "scales", zeros: "qzeros", groups: "g_idx" },
  layout(weight, settings) {
    const bits = setting(settings, "bits", [2, 3, 4, 8]);
    const [words, outputs] = matrixPart(weight, "codes", ["I32"]);
    const inputs = words * 32 / bits;
    const codes: CodeLayout = {
      bits,
      along: "inputs",
      words: "apart",
      level: { kind: "unsigned", less: 0 },
    };
    const less = settings["checkpoint_format"] === "gptq_v2" ? 0 : -1;
    return {
      shape: [outputs, inputs],
      codes,
      block: { outputs: 1, inputs: groupSize(settings, inputs), transposed: true },
      zeros: {
        bits,
        along: "outputs",
        words: "together",
        level: { kind: "unsigned", less },
      },
    };
  },
  format: (_, settings) => `int${settings["bits"]} (GPTQ)`,
};
