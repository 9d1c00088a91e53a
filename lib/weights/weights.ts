/**
 * The weights of a checkpoint, in whichever format it has them.
 *
 * @module
 */
import { openGguf } from "./gguf.ts";
import { findGguf } from "./gguf_files.ts";
import { hasCheckpointFile, type LinkRules, readCheckpointJson } from "./checkpoint_files.ts";
import { unpackedSource } from "./packed_source.ts";
import { openSafetensors } from "./safetensors.ts";
import type { WeightSource } from "./weight_source.ts";

/**
 * Opens the weights of a checkpoint: safetensors, plain or in the packing that its config names, or
 * else GGUF files.
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
  if (gguf !== null) return await openGguf(gguf);
  const source = await openSafetensors(path, links);
  try {
    if (path.endsWith(".safetensors") || !await hasCheckpointFile(path, "config.json")) {
      return source;
    }
    return unpackedSource(source, await readCheckpointJson(path, "config.json", links));
  } catch (error) {
    source.close();
    throw error;
  }
}
