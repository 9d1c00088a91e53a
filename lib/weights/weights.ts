/**
 * The weights of a checkpoint, in whichever format it has them.
 *
 * @module
 */
import { openGguf } from "./gguf.ts";
import { findGguf } from "./gguf_files.ts";
import type { LinkRules } from "./checkpoint_files.ts";
import { openSafetensors, type WeightSource } from "./safetensors.ts";

/**
 * Opens the weights of a checkpoint: safetensors, or else a GGUF file.
 *
 * @param path checkpoint directory, or one .safetensors or .gguf file
 * @throws {InputError} if there are no weights, or they are damaged
 *
 * @example
 * ```ts
 * import { openWeights } from "./weights.ts";
 * import { assert } from "@std/assert";
 * using weights = await openWeights("tests/golden/gguf/tiny-llama.gguf");
 * assert(weights.has("model.embed_tokens.weight"));
 * ```
 */
export async function openWeights(path: string, links: LinkRules = {}): Promise<WeightSource> {
  const gguf = await findGguf(path);
  return gguf === null ? await openSafetensors(path, links) : await openGguf(gguf);
}
