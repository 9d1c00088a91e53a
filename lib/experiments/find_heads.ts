/**
 * Identification: scores every head on every sample, in one pass each, and keeps the record.
 *
 * @module
 */
import { checkOptions, isRecord, kindOf } from "../common/values.ts";
import { findHeadsNames } from "./known_options.ts";
import { InputError } from "../common/errors.ts";
import { gridOf } from "../common/head_id.ts";
import { headScores, sampleMap } from "../heads/head_scores.ts";
import { headScoresToArrow } from "../heads/head_scores_file.ts";
import type { HeadSample } from "../heads/scored_sample.ts";
import {
  lackOf,
  type RuleNeed,
  rulesFor,
  type ScoringRule,
  scoringRules,
} from "../heads/scoring_rules.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { LeftOut } from "../data/unusable.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
} from "./experiment.ts";
import {
  noneUsable,
  type ReuseOptions,
  type RunContext,
  type SamplesContext,
  unlessUnusable,
} from "./run_context.ts";
import { checkSamples, type LazySample, sampleUnits } from "./lazy_sample.ts";
import { evidenceConcentrationOf, movedFile, movedToArrow, readMoved } from "./moved_maps.ts";
import { type HeadFindings, partialMaps, type SampleRow } from "./head_rows.ts";
import { type FoundHeads, readFoundHeads } from "./found_heads.ts";
import { jsonText, readManifest } from "./record.ts";
import { measureRivals, rivalMaps } from "./recorded_rivals.ts";
import { scoresRecord } from "./scores_record.ts";
import { experiments } from "./registry.ts";
import { scoreOrigin } from "./score_origin.ts";

export type { HeadFindings, SampleRow } from "./head_rows.ts";

/** A sample to be scored that is loaded when its turn comes. */
export interface LazyHeadSample extends LazySample<HeadSample> {
  /** What rules may need and only some samples have, as far as it is known before loading. */
  readonly offers?: readonly RuleNeed[];
}

/** Samples as they are, or to be loaded. */
export type Samples = readonly (HeadSample | LazyHeadSample)[];

/** Loads a sample if it is not loaded. */
export async function loadSample(
  sample: HeadSample | LazyHeadSample,
  reuse?: ReuseCache,
): Promise<HeadSample> {
  if ("load" in sample) return await sample.load(reuse);
  if (isRecord(sample.inputs)) return sample;
  throw new InputError(
    `Cannot score heads on ${kindOf(sample)} without a prompt: wanted headSamples(model, samples)`,
  );
}

/** Settings of {@link findHeads}. */
export interface FindHeadsOptions extends SamplesContext, ReuseOptions {
  /** Scoring rules; the first is the one of `scores.json`. By default all that the samples allow. */
  readonly rules?: readonly ScoringRule[];
  /** Name of the model in the record. */
  readonly model?: string;
  /** Name of the data set in the record. */
  readonly data?: string;
  /** Share of heads that counts as top; 0.05 by default. */
  readonly fraction?: number;
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of the bootstrap; 0 by default. */
  readonly seed?: number;
  /**
   * Whether to measure, beside the samples, what explains heads otherwise: induction, duplicate-token,
   * previous-token and sink scores on repeated random tokens. Yes by default; it takes four short runs.
   */
  readonly rivals?: boolean;
}

/** Settings of the experiment as such. */
export interface FindHeadsConfig extends ExperimentConfig {
  /** The samples. */
  readonly samples: Samples;
  /** Scoring rules; the first is the one of `scores.json`. */
  readonly rules: readonly ScoringRule[];
  /** Share of heads that counts as top. */
  readonly fraction: number;
  /** Bootstrap draws. */
  readonly draws: number;
  /** Seed of the bootstrap. */
  readonly seed: number;
  /** Whether other explanations are measured, too. */
  readonly rivals: boolean;
}

/**
 * The rules of a run that names none: those of its first sample, and those for null queries and foils
 * wherever some sample has them.
 */
export function rulesOfSamples(first: HeadSample, samples: Samples): ScoringRule[] {
  const optional = ["nullQuery", "unrelatedQuestion", "foils"] as const satisfies RuleNeed[];
  const offered = new Set<RuleNeed>(
    samples.flatMap((sample) =>
      "load" in sample
        ? sample.offers ?? []
        : optional.filter((need) => lackOf(sample, need) === null)
    ),
  );
  const own = new Set(rulesFor(first));
  return scoringRules.filter((rule) =>
    own.has(rule) || rule.needs.every((need) => offered.has(need) || lackOf(first, need) === null)
  );
}

/**
 * The first sample that can be used.
 *
 * @throws {InputError} where there is none; without `skipBad` for the first that cannot be used
 */
export async function firstUsable(
  samples: Samples,
  { skipBad }: Pick<RunContext, "skipBad"> = {},
): Promise<HeadSample> {
  if (samples.length === 0) throw new InputError("Cannot find heads on 0 samples: 1 needed");
  const reasons: string[] = [];
  const onLeftOut = ({ reason }: LeftOut) => void reasons.push(reason);
  for (const sample of samples) {
    const found = await unlessUnusable({ skipBad, onLeftOut }, () => loadSample(sample));
    if (found) return found;
  }
  throw noneUsable("find heads", samples.length, reasons[0]);
}

/** The experiment: one row per sample. */
export const findHeadsExperiment: Experiment<
  FindHeadsConfig,
  SampleRow,
  HeadFindings
> = {
  ...experiments.findHeads,
  units: ({ samples, rules, network, reuse, seed }) =>
    sampleUnits<HeadSample, SampleRow>(samples, async (sample, id, domain) => ({
      id,
      domain,
      ...await partialMaps(network, sample, rules, { reuse, seed }),
    }), reuse),
  result: (rows, { rules, network, fraction, seed }) => ({
    rules: rules.flatMap(({ name }, rule) => {
      const own = rows.map(({ id, domain, maps }) => ({ id, domain, map: maps[rule] }))
        .filter(({ map }) => map && !map.every(Number.isNaN));
      return own.length > 0 ? [headScores(name, gridOf(network.config.text), own)] : [];
    }),
    moved: rows.map(({ id, domain, moved }) => ({ id, domain, moved })),
    concentration: evidenceConcentrationOf(rows, { fraction, seed }),
  }),
  record({ rules: scores, moved, concentration }, { about, fraction, draws, seed, network }) {
    const places = movedToArrow(moved, gridOf(network.config.text));
    const summary = scoresRecord(
      about?.model ?? "",
      scores[0],
      { fraction, draws, seed },
      scores,
      about?.rivals,
    );
    return {
      options: { rules: scores.map(({ rule }) => rule), fraction, draws },
      files: {
        "samples.arrow": headScoresToArrow(scores),
        ...places ? { [movedFile]: places } : {},
        "scores.json": jsonText({
          ...summary,
          ...concentration ? { evidenceConcentration: concentration } : {},
        }),
      },
    };
  },
  async readRows(folder) {
    const { rules } = await readFoundHeads(folder);
    const { sampleIds, domains, shape: [, layers, heads] } = rules[0];
    const size = layers * heads, moved = await readMoved(folder);
    return sampleIds.map((id, i) => ({
      id,
      domain: domains[i],
      maps: rules.map((scores) => {
        const row = scores.sampleIds.indexOf(id);
        return row < 0 ? new Float32Array(size).fill(NaN) : sampleMap(scores, row).slice();
      }),
      moved: moved.get(id) ?? null,
    }));
  },
};

/**
 * The run that {@link findHeads} does, to be planned or done.
 *
 * @throws {InputError} for no samples, or none that can be used
 */
export async function findHeadsRun(
  model: AnyModel,
  samples: Samples,
  options: FindHeadsOptions = {},
): Promise<ExperimentRun<FindHeadsConfig, SampleRow, HeadFindings>> {
  const { model: name, data, fraction = 0.05, draws = 2000, seed = 0, rivals = true } = options;
  if (options.rules?.length === 0) {
    throw new InputError("Cannot find heads by 0 rules: 1 needed");
  }
  checkSamples(samples, "headSamples");
  const reuse = new ReuseCache(options.reuseBytes);
  const rules = options.rules ?? rulesOfSamples(await firstUsable(samples, options), samples);
  return {
    experiment: findHeadsExperiment,
    config: { network: networkOf(model), samples, rules, fraction, draws, seed, rivals, reuse },
    async about() {
      const measured = rivals ? await measureRivals(model, options.onNotice) : null;
      return { model: name, data, ...measured ? { rivals: measured } : {} };
    },
    [Symbol.dispose]: () => reuse[Symbol.dispose](),
  };
}

/**
 * Scores every head on every sample, by retrieval attention mass and by every other rule that the
 * samples allow. With a folder, writes `scores.json`, `samples.arrow` and `manifest.json` there, and a
 * run that was killed goes on where it stopped.
 *
 * @param samples prompts whose evidence is known: `headSamples` makes them of a data set's samples
 * @returns scores by the first rule, `ram` by default, and in `rules` by all of them
 * @throws {InputError} naming the sample that cannot be scored; what was done before stays done
 *
 * @example
 * ```ts
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { findHeads } from "./find_heads.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { meanScores } from "../heads/head_scores.ts";
 * import { topHeads } from "../heads/select.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const planted = plantedModel(createKernels("float32"), { seed: 1, retrievalHeads: 1 });
 * const samples = [0, 1, 2, 3].map((i) => plantedSample(1, i));
 * const scores = await findHeads(planted.model, samples);
 * const top = topHeads(meanScores(scores), { layers: 4, heads: 8 }, { count: 1 });
 * assertEquals(top, [...planted.retrievalHeads]);
 * planted.model.dispose();
 * ```
 */
export async function findHeads(
  model: AnyModel,
  samples: Samples,
  options: FindHeadsOptions = {},
): Promise<FoundHeads> {
  checkOptions(
    "find heads",
    options,
    findHeadsNames satisfies Record<keyof FindHeadsOptions, true>,
  );
  using run = await findHeadsRun(model, samples, options);
  const about = await run.about();
  const { rules, concentration } = await runConfigured(
    { ...run, about: () => Promise.resolve(about) },
    options,
  );
  const rivals = about.rivals && rivalMaps(about.rivals);
  const found = { ...rules[0], rules, rivals, ...concentration ? { concentration } : {} };
  if (options.folder === undefined) return found;
  return { ...found, origin: scoreOrigin(await readManifest(options.folder)) };
}
