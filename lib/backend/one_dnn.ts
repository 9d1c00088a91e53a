/**
 * What oneDNN, which multiplies for TensorFlow on processors, is kept from by environment variables.
 *
 * @module
 */
import { environment } from "./environment.ts";

/** Sets of instructions below AVX-512, as oneDNN names them. */
const belowAvx512: readonly string[] = ["SSE41", "AVX", "AVX2", "AVX2_VNNI", "AVX2_VNNI_2"];

/**
 * Whether `ONEDNN_MAX_CPU_ISA` holds oneDNN below AVX-512, where it has no product of bfloat16.
 *
 * TensorFlow asks the processor, not oneDNN, whether there is one, and the process ends at the first
 * product, so such products are taken in float32 then.
 *
 * @example
 * ```ts
 * import { heldBelowAvx512 } from "./one_dnn.ts";
 * import { assertEquals } from "@std/assert";
 * Deno.env.set("ONEDNN_MAX_CPU_ISA", "AVX2");
 * assertEquals(heldBelowAvx512(), true);
 * Deno.env.set("TF_ENABLE_ONEDNN_OPTS", "0"); // TensorFlow multiplies by itself
 * assertEquals(heldBelowAvx512(), false);
 * Deno.env.delete("ONEDNN_MAX_CPU_ISA");
 * Deno.env.delete("TF_ENABLE_ONEDNN_OPTS");
 * ```
 */
export function heldBelowAvx512(): boolean {
  const enabled = environment("TF_ENABLE_ONEDNN_OPTS")?.toLowerCase() ?? "1";
  const most = environment("ONEDNN_MAX_CPU_ISA") ?? environment("DNNL_MAX_CPU_ISA") ?? "";
  return !["0", "false"].includes(enabled) && belowAvx512.includes(most.toUpperCase());
}
