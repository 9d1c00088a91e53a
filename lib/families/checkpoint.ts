/**
 * Opens a checkpoint directory: its family, its config and its weights, unread.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { JsonReader } from "../common/json_reader.ts";
import type { ModelConfig } from "../model/config.ts";
import { hasCheckpointFile, readCheckpointJson } from "../weights/checkpoint_files.ts";
import type { WeightSource } from "../weights/safetensors.ts";
import { openWeights } from "../weights/weights.ts";
import type { Family } from "./family.ts";
import { readGenerationSettings } from "./generation_config.ts";
import { familyOf } from "./registry.ts";

/** A checkpoint whose files are open and whose weights are not read yet. */
export interface Checkpoint {
  /** Its directory. */
  readonly dir: string;
  /** Its family. */
  readonly family: Family;
  /** Its config. */
  readonly config: ModelConfig;
  /** Its weights; the caller closes it. */
  readonly source: WeightSource;
}

/**
 * Reads a checkpoint's config, without its weights. Tokens that end an answer are those of
 * `generation_config.json` alone where it names any, as in transformers' `generate`.
 *
 * @throws {InputError} for a missing, damaged or unknown config
 */
export async function readModelConfig(
  dir: string,
): Promise<{ family: Family; config: ModelConfig }> {
  const json = await readCheckpointJson(dir, "config.json");
  const modelType = json["model_type"];
  if (typeof modelType !== "string") {
    throw new InputError(`Cannot read ${dir}/config.json: it has no "model_type"`);
  }
  const family = familyOf(modelType);
  const reader = new JsonReader(json, `${dir}/config.json`);
  const config = family.readConfig(reader);
  reader.finish();
  if (!await hasCheckpointFile(dir, "generation_config.json")) return { family, config };
  const generation = new JsonReader(
    await readCheckpointJson(dir, "generation_config.json"),
    `${dir}/generation_config.json`,
  );
  const named = generation.tokenIds("eos_token_id");
  const eosTokenIds = named.length > 0 ? named : config.eosTokenIds;
  const settings = readGenerationSettings(generation);
  return { family, config: { ...config, eosTokenIds, generation: settings } };
}

/**
 * Opens a checkpoint: a directory in Hugging Face's layout, or a GGUF file (alone or in `dir`).
 *
 * @throws {InputError} for anything wrong with its files
 */
export async function openCheckpoint(dir: string): Promise<Checkpoint> {
  const { family, config } = await readModelConfig(dir);
  return { dir, family, config, source: await openWeights(dir) };
}
