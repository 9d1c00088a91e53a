/**
 * The packings of weights that can be read.
 *
 * @module
 */
import type { JsonObject } from "../../common/key_policy.ts";
import { awq } from "./awq.ts";
import { byteQuantized, packQuantized } from "./compressed_tensors.ts";
import { fp8, fp8Experts, scaledFp8 } from "./fp8.ts";
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
  ...fp8Experts,
  scaledFp8,
  mlx,
];

/** A packing with what a config says of it. */
export interface NamedPacking {
  readonly packing: Packing;
  readonly settings: PackingSettings;
}

/**
 * The packings that a `config.json` names; a checkpoint may have some weights in one and some in another.
 *
 * @returns none where weights are plain, or in a packing that is not known
 * @throws {InputError} for a form of a known packing that is not supported
 *
 * @example
 * ```ts
 * import { packingsOf } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * const found = packingsOf({ quantization_config: { quant_method: "awq", bits: 4 } });
 * assertEquals(found.map(({ packing }) => packing.name), ["AWQ"]);
 * ```
 */
export function packingsOf(config: JsonObject): readonly NamedPacking[] {
  return packings.flatMap((packing) => {
    const settings = packing.settings(config);
    return settings ? [{ packing, settings }] : [];
  });
}
