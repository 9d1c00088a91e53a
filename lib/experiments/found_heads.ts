/**
 * What identification found, and records of it.
 *
 * @module
 */
import { digestOfBytes } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { checkArrow } from "../heads/arrow_check.ts";
import type { HeadScores } from "../heads/head_scores.ts";
import { headScoresFromArrow } from "../heads/head_scores_file.ts";
import type { RivalScores } from "../heads/rival_scores.ts";
import { type EvidenceConcentration, readConcentration } from "./moved_maps.ts";
import { readManifestIfAny } from "./record.ts";
import { readRecordBytes } from "../common/record_bytes.ts";
import { readRivals } from "./recorded_rivals.ts";
import { checkExperiment, experiments } from "./registry.ts";
import { type ScoreOrigin, scoreOrigin } from "./score_origin.ts";

/** Scores by the first rule, and by all. */
export interface FoundHeads extends HeadScores {
  /** Scores by every rule, in the order of the rules. */
  readonly rules: readonly HeadScores[];
  /** Whose scores they are, where they have a record. */
  readonly origin?: ScoreOrigin;
  /** Other explanations of each head, `[L * N]` by name; records of earlier versions have none. */
  readonly rivals?: Partial<RivalScores>;
  /** Whether it is the evidence that draws the top heads, where it could be moved. */
  readonly concentration?: EvidenceConcentration;
}

/**
 * The same record with the scores of a rule of the caller's choice in front.
 *
 * @throws {InputError} for a rule that the record has no scores by, naming those that it has
 *
 * @example
 * ```ts
 * import { readFoundHeads, scoresBy } from "./found_heads.ts";
 * import { assertEquals } from "@std/assert";
 * const found = await readFoundHeads("data/results/qwen/identify");
 * assertEquals([found.rule, scoresBy(found, "calibrated").rule], ["ram", "calibrated"]);
 * ```
 */
export function scoresBy(found: FoundHeads, rule: string): FoundHeads {
  const scores = found.rules.find((own) => own.rule === rule);
  if (scores) return { ...found, ...scores };
  const rules = found.rules.map((own) => own.rule).join(", ");
  throw new InputError(`Cannot take scores by the rule ${quoted(rule, 60)}: there are ${rules}`);
}

/**
 * Head scores of a record that `findHeads` or `attributeHeads` wrote.
 *
 * @throws {InputError} if the folder holds no such record, or its file was changed or damaged
 */
export async function readFoundHeads(folder: string): Promise<FoundHeads> {
  const name = "samples.arrow", path = `${folder}/${name}`;
  const manifest = await readManifestIfAny(folder);
  checkExperiment(folder, manifest, experiments.findHeads, experiments.attributeHeads);
  const bytes = await readRecordBytes(folder, name).catch(async (error) => {
    const isFile = await Deno.stat(folder).then((found) => found.isFile, () => false);
    if (!isFile && !(error.cause instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot read ${isFile ? `${folder}: it is a file` : `${path}: no such file`}; wanted the ` +
        "folder of an identify run",
    );
  });
  const wanted = manifest?.files?.[name];
  if (wanted !== undefined && digestOfBytes(bytes) !== wanted) {
    throw new InputError(
      `Cannot read ${path}: it is not as it was written, by its manifest's digest`,
    );
  }
  // also where the digest fits: whoever made the file may have made the manifest
  checkArrow(bytes, path);
  const rules = headScoresFromArrow(bytes, path);
  const rivals = await readRivals(folder, rules[0].shape);
  const concentration = await readConcentration(folder);
  return {
    ...{ ...rules[0], rules, origin: scoreOrigin(manifest) },
    ...rivals ? { rivals } : {},
    ...concentration ? { concentration } : {},
  };
}
