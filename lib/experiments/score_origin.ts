/**
 * Whose scores chose the heads of an ablation or of a sparse prefill, and whether they fit the model.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { HeadGrid } from "../common/head_id.ts";
import { quoted } from "../common/text.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { modelIdentity } from "./identity.ts";
import type { Json } from "./journal.ts";
import type { Unit } from "./lazy_sample.ts";
import type { Manifest } from "./record.ts";

/** Where head scores come from, as their record says. */
export interface ScoreOrigin {
  /** Name of the model that was scored; empty where nobody says. */
  readonly model: string;
  /** Name of the data set; empty where nobody says. */
  readonly data: string;
  /** Digest of the model's weights; records of earlier versions have none. */
  readonly weights?: string;
  /** Digest of the scores by sample, `samples.arrow`. */
  readonly table?: string;
  /** Digests of the samples, by id. */
  readonly digests?: readonly (readonly [id: string, digest: string])[];
}

function isPairs(value: unknown): value is readonly [string, string][] {
  return Array.isArray(value) && value.every((pair) => Array.isArray(pair) && pair.length === 2);
}

/** The origin of scores, from the manifest of their record; null without one. */
export function scoreOrigin(manifest: Manifest | null): ScoreOrigin {
  const { model, data, identity, digests, files } = manifest ?? {};
  const text = (value: unknown) => typeof value === "string" ? value : "";
  return {
    model: text(model),
    data: text(data),
    weights: text(identity?.weights) || undefined,
    table: text(files?.["samples.arrow"]) || undefined,
    digests: isPairs(digests) ? digests : undefined,
  };
}

/** How strictly scores must be a model's own. */
export interface OriginOptions {
  /** Name of the model that they are used on. */
  readonly model?: string;
  /** Whether scores of another model of the same sizes may be used, as for transfer experiments. */
  readonly allowOtherScores?: boolean;
}

/**
 * Checks that scores are of the model that they are used on, by the digest of its weights; where
 * their record has none, by its name.
 *
 * @returns what the record of the run should say of them
 * @throws {InputError} for scores of another model or of an unknown one, unless that is allowed
 */
export async function checkScoreOrigin(
  origin: ScoreOrigin,
  network: VisionLanguageModel,
  { model = "", allowOtherScores = false }: OriginOptions = {},
): Promise<Json> {
  const { weights } = await modelIdentity(network);
  const own = origin.weights === undefined
    ? origin.model !== "" && origin.model === model
    : origin.weights === weights;
  if (!own && !allowOtherScores) {
    const whose = origin.model === ""
      ? "they do not say which model they are of"
      : origin.model === model
      ? `they are of ${quoted(origin.model)} with other weights`
      : `they are of another model, ${quoted(origin.model)}`;
    throw new InputError(
      `Cannot use these head scores: ${whose}; find the heads of this model with identify, or allow ` +
        "scores of another model of the same sizes with --allow-other-scores",
    );
  }
  const { digests: _digests, ...said } = origin;
  return { ...JSON.parse(JSON.stringify(said)), ofThisModel: own };
}

/**
 * How many units of a run are samples on which the heads were found: by content where the record of
 * the scores has digests, else by id.
 *
 * @param scored ids of the samples that were scored
 */
export async function samplesInBoth(
  units: readonly Unit<unknown>[],
  scored: readonly string[],
  { digests }: Partial<Pick<ScoreOrigin, "digests">> = {},
): Promise<number> {
  const ids = new Set(scored), known = digests && new Map(digests);
  let both = 0;
  for (const { key, open } of units) {
    if (!ids.has(key)) continue;
    if (known === undefined) both++;
    else {
      const { digest, sample = digest } = await open();
      if (known.get(key) === sample) both++;
    }
  }
  return both;
}

/** The warning that heads are tested on samples that chose them; null where they are not. */
export function sharedSamplesWarning(both: number, all: number): string | null {
  if (both === 0) return null;
  return `warning: ${both} of ${all} samples also chose the heads, so that effects look larger than ` +
    "they are; find the heads on other samples";
}

/**
 * The sizes of the model that scores are used on.
 *
 * @param action what the scores are for, as in `ablate`
 * @throws {InputError} for scores of a model of other sizes
 */
export function checkScoreSizes(action: string, scores: HeadGrid, model: HeadGrid): void {
  if (scores.layers === model.layers && scores.heads === model.heads) return;
  throw new InputError(
    `Cannot ${action} by scores of ${scores.layers} layers with ${scores.heads} heads: the model ` +
      `has ${model.layers} with ${model.heads}`,
  );
}
