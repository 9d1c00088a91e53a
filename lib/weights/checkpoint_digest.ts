/**
 * Digests of what a checkpoint is, file by file.
 *
 * @module
 */
import { join } from "node:path";
import { digestOf } from "../common/digest.ts";
import { fileDigest, type FileDigestOptions } from "./file_digest.ts";
import { findGguf } from "./gguf_files.ts";
import { indexFile, singleFile } from "./safetensors.ts";

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

const isFile = (path: string): Promise<boolean> =>
  Deno.stat(path).then((found) => found.isFile, () => false);

/**
 * Files of the weights: GGUF files, or safetensors with their index if they have one. Links were
 * checked when the checkpoint was loaded, and are followed here.
 */
async function weightFiles(dir: string): Promise<string[]> {
  const gguf = await findGguf(dir);
  if (gguf !== null) {
    return [gguf.model, ...gguf.parts ?? [], ...(gguf.mmproj === null ? [] : [gguf.mmproj])];
  }
  if (dir.endsWith(".safetensors")) return [dir];
  if (await isFile(join(dir, singleFile))) return [join(dir, singleFile)];
  const { weight_map: map } = JSON.parse(await Deno.readTextFile(join(dir, indexFile)));
  const shards = [...new Set(Object.values<string>(map))].sort();
  return [indexFile, ...shards].map((name) => join(dir, name));
}

/**
 * Digests of a checkpoint's weights (`weights`) and of each of the files that say how it computes and
 * reads its input, as far as there are any. Names of folders and of weight files play no part.
 *
 * @param dir checkpoint directory, or one .gguf file: a checkpoint that was loaded
 * @throws as `Deno.open`, for files that are gone since
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
    const path = join(dir, name);
    if (await isFile(path)) found[name] = await fileDigest(path, options);
  }
  return found;
}
