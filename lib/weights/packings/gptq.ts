/**
 * GPTQ: words hold inputs of one output, one behind the other; zeros hold outputs of one group.
 *
 * Source: AutoGPTQ `auto_gptq/nn_modules/qlinear` and GPTQModel `quantization/config.py` (`dynamic`),
 * `utils/model.py` (`convert_gptq_v1_to_v2_format_module`): zeros of the older form are one too small.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { shownValue } from "../../common/text.ts";
import { type CodeLayout, wordsOf } from "./layout.ts";
import {
  groupSize,
  matrixPart,
  namePattern,
  objectIn,
  type PackedWeight,
  type Packing,
  type PackingSettings,
  quantisationOf,
  setting,
} from "./packing.ts";

/** Forms of a checkpoint whose codes lie as here. */
const forms = ["gptq", "gptq_v2"];

/** The settings of one module: the first pattern of `dynamic` that fits its name may change them. */
function ownSettings({ module, path }: PackedWeight, settings: PackingSettings): PackingSettings {
  for (const [pattern, own] of Object.entries(objectIn(settings, "dynamic") ?? {})) {
    const name = pattern.replace(/^[+-]:/, "");
    if (!namePattern(name, `"dynamic" of ${path}`).test(module)) continue;
    return pattern.startsWith("-:") ? settings : { ...settings, ...own as PackingSettings };
  }
  return settings;
}

/** The form of the file. @throws {InputError} for another */
function formOf(settings: PackingSettings): string {
  const form = settings["is_marlin_format"] === true
    ? "marlin"
    : settings["checkpoint_format"] ?? "gptq";
  if (forms.includes(form as string)) return form as string;
  throw new InputError(
    `Cannot unpack weights of GPTQ in the form ${shownValue(form)}; supported are ` +
      forms.join(", "),
  );
}

/** Zeros in rows of whole words. */
interface Zeros {
  readonly bytes: Uint8Array;
  readonly bits: number;
  /** Zeros of a row. */
  readonly outputs: number;
}

/** The zeros, with the bit at which each begins. */
function* codesOf({ bytes, bits, outputs }: Zeros): Generator<[bit: number, code: number]> {
  const mask = 2 ** bits - 1, rowBits = 32 * wordsOf(outputs, bits);
  for (let row = 0; row < 8 * bytes.length; row += rowBits) {
    for (let bit = row; bit < row + outputs * bits; bit += bits) {
      const both = bytes[bit >> 3] | (bytes[(bit >> 3) + 1] ?? 0) << 8;
      yield [bit, both >> (bit & 7) & mask];
    }
  }
}

/** Zeros that are one too small, as they are meant: words are counted up whole, as they were down. */
function oneMore(zeros: Zeros): Uint8Array {
  const { bytes, bits } = zeros;
  const out = bytes.slice(), view = new DataView(out.buffer);
  if (bits !== 3) {
    const ones = Math.floor((2 ** 32 - 1) / (2 ** bits - 1));
    for (let at = 0; at < out.length; at += 4) {
      view.setUint32(at, view.getUint32(at, true) + ones, true);
    }
    return out;
  }
  for (const [bit, code] of codesOf(zeros)) {
    const byte = bit >> 3, shift = bit & 7, more = (code + 1 & 7) << shift, mask = 7 << shift;
    out[byte] = out[byte] & ~mask | more & 255;
    if (shift > 5) out[byte + 1] = out[byte + 1] & ~(mask >> 8) | more >> 8;
  }
  return out;
}

/**
 * The zeros as they are meant. Those of symmetric codes are half of all codes; some files that are said to
 * be of the older form hold just that.
 */
function meantZeros(settings: PackingSettings, zeros: Zeros): Uint8Array {
  if (formOf(settings) === "gptq_v2") return zeros.bytes;
  const half = 2 ** (zeros.bits - 1);
  const meant = settings["sym"] === true && codesOf(zeros).every(([, code]) => code === half);
  return meant ? zeros.bytes : oneMore(zeros);
}

/** GPTQ of 2, 3, 4 and 8 bits. */
export const gptq: Packing = {
  name: "GPTQ",
  settings(config) {
    const found = quantisationOf(config);
    if (found?.["quant_method"] !== "gptq") return null;
    formOf(found);
    return found;
  },
  parts: { codes: "qweight", scales: "scales", zeros: "qzeros", groups: "g_idx" },
  layout(weight, whole) {
    const settings = ownSettings(weight, whole);
    const bits = setting(settings, "bits", [2, 3, 4, 8]);
    const [words, outputs] = matrixPart(weight, "codes", ["I32"]);
    const inputs = words * 32 / bits;
    const codes: CodeLayout = {
      bits,
      along: "inputs",
      words: "apart",
      level: { kind: "unsigned", less: 0 },
    };
    return {
      shape: [outputs, inputs],
      codes,
      block: { outputs: 1, inputs: groupSize(settings, inputs), transposed: true },
      zeros: { ...codes, along: "outputs", words: "together" },
      mendZeros: (bytes) => meantZeros(settings, { bytes, bits, outputs }),
    };
  },
  format: (weight, settings) => `int${ownSettings(weight, settings)["bits"]} (GPTQ)`,
};
