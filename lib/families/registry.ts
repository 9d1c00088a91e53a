/**
 * The families that can be loaded, by `model_type`.
 *
 * @module
 */
import { InputError, likelyName } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { Family } from "./family.ts";
import { fastVlm } from "./fast_vlm.ts";
import { gemma3, gemma3Text } from "./gemma3.ts";
import { internvl } from "./internvl.ts";
import { llava } from "./llava.ts";
import { llavaNext } from "./llava_next.ts";
import { llavaOnevision } from "./llava_onevision.ts";
import { qwen25Vl } from "./qwen2_5_vl.ts";
import { qwen2Vl } from "./qwen2_vl.ts";
import { llama, qwen2, qwen3 } from "./text_only.ts";
import { qwen3Vl } from "./qwen3_vl.ts";
import { qwen3VlMoe } from "./qwen3_vl_moe.ts";

/** All families; a new one is one more line. */
export const families: readonly Family[] = [
  qwen2Vl,
  qwen25Vl,
  qwen3Vl,
  qwen3VlMoe,
  llava,
  llavaNext,
  llavaOnevision,
  internvl,
  fastVlm,
  llama,
  qwen2,
  qwen3,
  gemma3,
  gemma3Text,
];

/** Families whose layers are mostly gated delta networks: Qwen3-Next, Qwen3.5 and its mixtures. */
const recurrentTypes = /^qwen3_(next|5)(_moe)?(_text)?$/;

/**
 * The family of a `model_type`.
 *
 * @throws {InputError} if there is none, with those that exist
 *
 * @example
 * ```ts
 * import { familyOf } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(familyOf("qwen3_vl").title, "Qwen3-VL");
 * ```
 */
export function familyOf(modelType: string): Family {
  const family = families.find((candidate) => candidate.modelType === modelType);
  if (family) return family;
  if (recurrentTypes.test(modelType)) {
    throw new InputError(
      `Cannot load a model of type ${quoted(modelType)}: most of its layers are gated delta ` +
        "networks, which have a state in place of attention; what is missing is said in " +
        "docs/decisions/11_no_recurrent_layers.md",
    );
  }
  const names = families.map((known) => known.modelType);
  const near = likelyName(modelType, names);
  throw new InputError(
    `Cannot load a model of type ${quoted(modelType)}: supported are ${names.join(", ")}` +
      (near === null ? "" : `; nearest: ${near}`),
  );
}
