/**
 * The packings of weights that can be read.
 *
 * @module
 */
import type { JsonObject } from "../../common/key_policy.ts";
import { awq } from "./awq.ts";
import { byteQuantized, packQuantized } from "./compressed_tensors.ts";
import { fbgemmFp8, fp8 } from "./fp8.ts";
import { gptq } from "./gptq.ts";
import { mlx } from "./mlx.ts";
import type { Packing, PackingSettings } from "./packing.ts";

/** All packings; a new one is one more line. */
export const packings: readonly Packing[] = [
  packQuantized,
  byteQuantized,
  awq,
  gptq,
  fp8,
  fbgemmFp8,
  mlx,
];

/**
 * The packing that a `config.json` names.
 *
 * @returns null where weights are plain, or in a packing that is not known
 * @throws {InputError} for a form of a known packing that is not supported
 *
 * @example
 * ```ts
 * import { packingOf } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const found = packingOf({ quantization_config: { quant_method: "awq", bits: 4 } });
 * assertEquals(found?.packing.name, "AWQ");
 * ```
 */
export function packingOf(
  config: JsonObject,
): { readonly packing: Packing; readonly settings: PackingSettings } | null {
  for (const packing of packings) {
    const settings = packing.settings(config);
    if (settings) return { packing, settings };
  }
  return null;
}
