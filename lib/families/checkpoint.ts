/**
 * Opens a checkpoint directory: its family, its config and its weights, unread.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { JsonReader } from "../common/json_reader.ts";
import type { ModelConfig } from "../model/config.ts";
import { hasCheckpointFile, readCheckpointJson } from "../weights/checkpoint_files.ts";
import type { WeightSource } from "../weights/weight_source.ts";
import { joinedExperts } from "../weights/joined_experts.ts";
import { openWeights } from "../weights/weights.ts";
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { inertKeys } from "../weights/known_keys.ts";
import type { Family } from "./family.ts";
import { readGenerationSettings } from "./generation_config.ts";
import { refuseOtherLayouts } from "./other_layouts.ts";
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
 * @param rules how strictly; they gather what there is to warn of
 * @throws {InputError} for a missing, damaged or unknown config, and for keys that change numbers and
 *   are not supported
 */
export async function readModelConfig(
  dir: string,
  rules: CheckpointRules = new CheckpointRules(),
): Promise<{ family: Family; config: ModelConfig }> {
  const json = await readCheckpointJson(dir, "config.json", rules);
  refuseOtherLayouts(json, dir);
  const modelType = json["model_type"];
  if (typeof modelType !== "string") {
    throw new InputError(`Cannot read ${dir}/config.json: it has no "model_type"`);
  }
  const family = familyOf(modelType);
  const reader = new JsonReader(json, `${dir}/config.json`, rules);
  const config = family.readConfig(reader);
  // Releases 4.52 to 4.57 of transformers write a decoder's keys outside of text_config as well.
  if (reader.has("text_config")) reader.repeats(reader.object("text_config"));
  reader.finish();
  checkTowerHeads(config, `${dir}/config.json`);
  const file = "generation_config.json";
  if (!await hasCheckpointFile(dir, file)) return { family, config };
  const generation = new JsonReader(
    await readCheckpointJson(dir, file, rules),
    `${dir}/${file}`,
    rules.forChoices,
  );
  const named = generation.tokenIds("eos_token_id");
  const eosTokenIds = named.length > 0 ? named : config.eosTokenIds;
  const settings = readGenerationSettings(generation);
  generation.ignore(...inertKeys.generation);
  generation.finish();
  return { family, config: { ...config, eosTokenIds, generation: settings } };
}

/** Refuses towers whose width their heads do not divide. */
function checkTowerHeads({ vision, imageTower }: ModelConfig, where: string): void {
  const tower = imageTower?.encoder ?? vision;
  if (!tower || tower.hiddenSize % tower.numHeads === 0) return;
  throw new InputError(
    `Cannot use ${where}, vision_config: ${tower.numHeads} attention heads do not divide a width of ` +
      `${tower.hiddenSize}; is the number of heads missing?`,
  );
}

/**
 * Opens a checkpoint: a directory in Hugging Face's layout, or a GGUF file (alone or in `dir`).
 *
 * @param rules how strictly; they gather what there is to warn of
 * @param unpack whether weights in blocks are to be read as plain numbers only
 * @throws {InputError} for anything wrong with its files
 */
export async function openCheckpoint(
  dir: string,
  rules: CheckpointRules = new CheckpointRules(),
  unpack = false,
): Promise<Checkpoint> {
  const { family, config } = await readModelConfig(dir, rules);
  const source = joinedExperts(await openWeights(dir, rules));
  return {
    dir,
    family,
    config,
    source: unpack ? { ...source, packedAs: undefined, plainOnly: true } : source,
  };
}
