/**
 * Digests of what a checkpoint is, file by file.
 *
 * @module
 */
import { digestOf } from "../common/digest.ts";
import { checkpointPath, hasCheckpointFile } from "./checkpoint_files.ts";
import { fileDigest, type FileDigestOptions } from "./file_digest.ts";
import { findGguf } from "./gguf_checkpoint.ts";
import { indexFile, readIndex, singleFile } from "./safetensors.ts";

/** Files besides the weights on which the numbers of a model may depend. */
export const settingsFiles = [
  "config.json",
  "generation_config.json",
  "preprocessor_config.json",
  "video_preprocessor_config.json",
  "processor_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "chat_template.jinja",
  "chat_template.json",
] as const;

/** Files of the weights: a GGUF file, or safetensors with their index if they have one. */
async function weightFiles(dir: string): Promise<string[]> {
  const gguf = await findGguf(dir);
  if (gguf !== null) return [gguf];
  if (dir.endsWith(".safetensors")) return [dir];
  if (await hasCheckpointFile(dir, singleFile)) return [await checkpointPath(dir, singleFile)];
  const shards = [...new Set((await readIndex(dir)).values())].sort();
  return await Promise.all([indexFile, ...shards].map((name) => checkpointPath(dir, name)));
}

/**
 * Digests of a checkpoint's weights (`weights`) and of each of the files that say how it computes and
 * reads its input, as far as there are any. Names of folders and of weight files play no part.
 *
 * @param dir checkpoint directory, or one .gguf file
 * @throws {InputError} if it has no weights
 *
 * @example
 * ```ts
 * import { checkpointDigests } from "./checkpoint_digest.ts";
 * import { assert } from "@std/assert";
 * const digests = await checkpointDigests("tests/golden/qwen3_vl");
 * assert("weights" in digests && "tokenizer.json" in digests);
 * ```
 */
export async function checkpointDigests(
  dir: string,
  options: FileDigestOptions = {},
): Promise<Record<string, string>> {
  const files = await weightFiles(dir);
  const weights = await Promise.all(files.map((path) => fileDigest(path, options)));
  const found: Record<string, string> = {
    weights: weights.length === 1 ? weights[0] : digestOf(weights),
  };
  for (const name of settingsFiles) {
    if (!await hasCheckpointFile(dir, name)) continue;
    const inGguf = files.length === 1 && files[0].endsWith(".gguf");
    const path = await checkpointPath(dir, name).catch((error) => {
      if (inGguf) return null; // it is inside of the GGUF file, whose digest is taken
      throw error;
    });
    if (path !== null) found[name] = await fileDigest(path, options);
  }
  return found;
}
