/**
 * From a name to a checkpoint on disk. What can be known of a hub model without its weights is
 * checked before they are asked for.
 *
 * @module
 */
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { joinedHeaders } from "../weights/joined_experts.ts";
import { readCheckpointJson } from "../weights/checkpoint_files.ts";
import { unpackedHeaders } from "../weights/packed_source.ts";
import { resolveCheckpoint, type ResolveOptions } from "../weights/hub.ts";
import { isPickle } from "../weights/safetensors.ts";
import type { StoredAs, WeightHeaders } from "../weights/weight_source.ts";
import { openWeights } from "../weights/weights.ts";
import { isLarge } from "../backend/create_kernels.ts";
import { loadProcessor } from "../inputs/processor.ts";
import { type ProcessorFiles, readProcessorFiles } from "../inputs/processor_files.ts";
import { hasVision, type ModelConfig } from "../model/config.ts";
import { readModelConfig } from "./checkpoint.ts";
import type { Family } from "./family.ts";
import { type KeptBytes, keptBytes } from "./kept_weights.ts";
import { storedWeights } from "./load_weights.ts";
import { matchWeights } from "./match_weights.ts";
import { convolutionNames } from "./read_convolutions.ts";
import { shippedOrGiven } from "./shipped.ts";
import { fetchShipped } from "./shipped_download.ts";

/** What a checkpoint's files say, without the numbers of its weights. */
export interface Inspection {
  /** Its directory; of a hub model the folder in the cache, in which the weights may be missing. */
  readonly dir: string;
  readonly family: Family;
  readonly config: ModelConfig;
  /** Type, shape and size of each weight; null if the folder has none. */
  readonly weights: readonly WeightSummary[] | null;
  /** What the folder does not have that a model needs to run: tokenizer.json, weights. */
  readonly missing: readonly string[];
}

/** One weight as its file's header describes it. */
export interface WeightSummary {
  /** Name in the file. */
  readonly name: string;
  /** Element type when it is read. */
  readonly dtype: string;
  /** Sizes of the axes. */
  readonly shape: readonly number[];
  /** Size in bytes when it is read. */
  readonly byteLength: number;
  /** How it lies in its files: the element type, or the name of a packing, and the bytes there. */
  readonly stored: StoredAs;
  /** What it takes in memory on native TensorFlow, by the element type of products. */
  readonly kept: KeptBytes;
}

/** What a folder lacks of that without which a model is described, but does not run. */
async function missingFrom(
  dir: string,
  config: ModelConfig,
  { image }: ProcessorFiles,
): Promise<string[]> {
  const found = await Array.fromAsync(Deno.readDir(dir), ({ name }) => name).catch(() => null);
  if (found === null) return []; // no folder, or one GGUF file: whoever opens it says so
  const weights = (name: string) => /\.(safetensors|gguf)(\.index\.json)?$/.test(name);
  if (found.some((name) => name.endsWith(".gguf"))) return [];
  return [
    ...!hasVision(config) || image ? [] : ["preprocessor_config.json"],
    ...found.includes("tokenizer.json") ? [] : ["tokenizer.json"],
    ...found.some((name) => weights(name) || isPickle(name)) ? [] : ["weights"],
  ];
}

/** Reads every file but the numbers of the weights; of a folder with gaps those that are there. */
async function inspect(
  dir: string,
  rules: CheckpointRules,
  given?: WeightHeaders,
  gaps = false,
): Promise<Inspection> {
  const { family, config } = await readModelConfig(dir, rules);
  const files = await readProcessorFiles(dir, rules);
  const missing = gaps ? await missingFrom(dir, config, files) : [];
  const noWeights = missing.includes("weights");
  if (missing.length === (noWeights ? 1 : 0)) {
    await loadProcessor(dir, (files) => family.readInputs(files, config), rules);
  } else if (!missing.includes("preprocessor_config.json")) {
    family.readInputs(files, config);
  }
  if (noWeights) return { dir, family, config, weights: null, missing };
  using opened = given ? null : await openWeights(dir, rules);
  const headers = joinedHeaders(
    given ? unpackedHeaders(given, await readCheckpointJson(dir, "config.json", rules)) : opened!,
  );
  const folded = convolutionNames(family, config, matchWeights(family, config, headers, rules));
  const large = isLarge(storedWeights(family, config, headers));
  const weights = headers.names().map((name) => {
    const { dtype, shape, byteLength } = headers.info(name);
    const stored = headers.stored?.(name) ?? { format: dtype, byteLength };
    return {
      name,
      dtype,
      shape,
      byteLength,
      stored,
      kept: keptBytes(headers, name, large && !folded.has(name)),
    };
  });
  return { dir, family, config, weights, missing };
}

/**
 * The directory of a checkpoint, downloaded if it is a hub id. Before weights are downloaded the
 * config, the files of processor and tokenizer, and the names and shapes of the weights are fetched
 * and checked.
 *
 * @param nameOrId a shipped model, a directory or a hub id
 * @param rules how strictly; they gather what there is to warn of
 * @throws {InputError} for a checkpoint that cannot be used
 */
export async function resolveModel(
  nameOrId: string,
  options: Omit<ResolveOptions, "check"> = {},
  rules: CheckpointRules = new CheckpointRules(),
): Promise<string> {
  await fetchShipped(nameOrId);
  const check = async (dir: string, headers: WeightHeaders) => {
    await inspect(dir, rules, headers);
  };
  return await resolveCheckpoint(shippedOrGiven(nameOrId), {
    ...options,
    ...(options.weights === false ? {} : { check }),
  });
}

/**
 * What a checkpoint is, from its config and headers alone. Of a hub model no weights are downloaded:
 * their headers are read by byte range. A folder may lack tokenizer and weights.
 *
 * @param nameOrId a shipped model, a directory or a hub id
 * @param rules how strictly; they gather what there is to warn of
 * @throws {InputError} for a checkpoint that cannot be used
 *
 * @example
 * ```ts
 * import { inspectModel } from "./resolve.ts";
 * import { assertEquals } from "@std/assert";
 * const { family, weights } = await inspectModel("tests/golden/qwen3_vl");
 * assertEquals([family.title, weights!.length > 50], ["Qwen3-VL", true]);
 * ```
 */
export async function inspectModel(
  nameOrId: string,
  options: Omit<ResolveOptions, "check" | "weights"> = {},
  rules: CheckpointRules = new CheckpointRules(),
): Promise<Inspection> {
  await fetchShipped(nameOrId);
  let found: Inspection | undefined;
  const dir = await resolveCheckpoint(shippedOrGiven(nameOrId), {
    ...options,
    weights: false,
    check: async (dir, headers) => {
      found = await inspect(dir, rules, headers);
    },
  });
  return found ?? await inspect(dir, rules, undefined, true);
}
