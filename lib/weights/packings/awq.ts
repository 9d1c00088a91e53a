/**
 * AutoAWQ's four bits (`gemm`): words hold eight outputs of one input, even ones first.
 *
 * Source: AutoAWQ `awq/utils/packing_utils.py` and `awq/modules/linear/gemm.py`.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { CodeLayout } from "./layout.ts";
import { groupSize, matrixPart, type Packing, quantisationOf, setting } from "./packing.ts";

const codes: CodeLayout = {
  bits: 4,
  along: "outputs",
  words: "together",
  places: [0, 4, 1, 5, 2, 6, 3, 7], // outputs 0, 2, 4, 6, 1, 3, 5, 7 stand one behind the other
  level: { kind: "unsigned", less: 0 },
};

/** AutoAWQ. */
export const awq: Packing = {
  name: "AWQ",
  settings(config) {
    const found = quantisationOf(config);
    return found?.["quant_method"] === "awq" ? found : null;
  },
  parts: { codes: "qweight", scales: "scales", zeros: "qzeros" },
  layout(weight, settings) {
    setting(settings, "bits", [4]);
    const version = String(settings["version"] ?? "gemm").toLowerCase();
    if (version !== "gemm") {
      throw new InputError(
        `Cannot unpack weights of AWQ in the version ${quoted(version, 60)}; supported is gemm`,
      );
    }
    const [inputs, words] = matrixPart(weight, "codes", ["I32"]);
    return {
      shape: [8 * words, inputs],
      codes,
      block: { outputs: 1, inputs: groupSize(settings, inputs, 128), transposed: true },
      zeros: codes,
    };
  },
  format: () => "int4 (AWQ)",
};
