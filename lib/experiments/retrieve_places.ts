/**
 * Heads as retrievers over a data set: is the image, page or moment that holds the evidence the one
 * that the best heads attend to most?
 *
 * @module
 */
import { allHeads, type HeadId } from "../common/head_id.ts";
import { checkOptions } from "../common/values.ts";
import { UnusableSampleError } from "../data/unusable.ts";
import { attentionProfile } from "../heads/attention_profile.ts";
import { randomHeads } from "../heads/controls.ts";
import { gridOfScores, type HeadScores, meanScores } from "../heads/head_scores.ts";
import { mediaPlaces, rankPlaces } from "../heads/rank_places.ts";
import type { HeadSample } from "../heads/scored_sample.ts";
import { topHeads } from "../heads/select.ts";
import { tokensOf } from "../inputs/token_spans.ts";
import { ReuseCache } from "../model/reuse_cache.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import { crossedInterval } from "../stats/crossed.ts";
import { wilsonOfShare } from "../stats/proportion.ts";
import { mean } from "../stats/summary.ts";
import {
  type Experiment,
  type ExperimentConfig,
  type ExperimentRun,
  runConfigured,
  type Settled,
} from "./experiment.ts";
import type { Samples } from "./find_heads.ts";
import type { FoundHeads } from "./found_heads.ts";
import { retrievePlacesNames } from "./known_options.ts";
import { checkSamples, sampleUnits } from "./lazy_sample.ts";
import { jsonText, readResults } from "./record.ts";
import { experiments } from "./registry.ts";
import type { ReuseOptions, SamplesContext } from "./run_context.ts";
import { checkScoreOrigin, checkScoreSizes, type OriginOptions } from "./score_origin.ts";
import { scoredRun } from "./scored_run.ts";

/** By whose attention places are ranked. */
export const retrieverNames = ["core", "all heads", "random"] as const;

/** Settings of {@link retrievePlaces}. */
export interface RetrievePlacesOptions extends SamplesContext, OriginOptions, ReuseOptions {
  /** Share of heads that rank; 0.05 by default. */
  readonly fraction?: number;
  /** Draws of as many random heads; 20 by default. */
  readonly draws?: number;
  /** Seed of the draws and the bootstrap; 0 by default. */
  readonly seed?: number;
  /** Name of the data set in the record. */
  readonly data?: string;
}

/** One row of `results.json`. */
export interface RetrievalResult {
  /** Whose attention ranks: the best heads, all of them, or as many drawn ones. */
  readonly retriever: typeof retrieverNames[number];
  /** Whether the null query's attention is taken off. */
  readonly calibrated: boolean;
  /** How many heads. */
  readonly heads: number;
  /** Draws of the heads. */
  readonly draws: number;
  /** Number of samples. */
  readonly samples: number;
  /** Mean number of places to choose from. */
  readonly places: number;
  /** The first how many places count. */
  readonly at: number;
  /** Share of samples whose evidence is among the first `at` places. */
  readonly recall: number;
  /**
   * Its 95% interval: over samples (Wilson); for several draws over samples and draws, and no narrower
   * than Wilson's.
   */
  readonly ci95: readonly [low: number, high: number];
  /** What guessing would give. */
  readonly chance: number;
}

/** A set of heads that ranks. */
interface Retriever {
  readonly name: typeof retrieverNames[number];
  readonly calibrated: boolean;
  readonly heads: readonly HeadId[];
}

/** Settings of the experiment as such. */
export interface RetrievePlacesConfig extends ExperimentConfig {
  /** The samples. */
  readonly samples: Samples;
  /** Who ranks. */
  readonly retrievers: readonly Retriever[];
  /** Seed of the bootstrap. */
  readonly seed: number;
  /** The rule whose scores chose the heads, and on how many samples. */
  readonly chosen: { readonly rule: string; readonly scoredSamples: number };
}

/** One sample: the place of the evidence by every retriever, 0 for the first. */
interface RetrievalRow {
  readonly id: string;
  readonly domain: string;
  readonly places: number;
  /** Places that hold evidence. */
  readonly right: number;
  readonly ranks: readonly number[];
}

/** First how many places count. */
const cutoffs = [1, 5] as const;

/** The experiment: one row per sample. */
export const retrievePlacesExperiment: Experiment<
  RetrievePlacesConfig,
  RetrievalRow,
  RetrievalResult[]
> = {
  ...experiments.retrievePlaces,
  units: ({ network, samples, retrievers, reuse }) =>
    sampleUnits<HeadSample, RetrievalRow>(samples, async (sample, id, domain) => {
      const places = mediaPlaces(sample.grids ?? []);
      const evidence = new Set(tokensOf(sample.spans.evidence));
      const right = places.map(({ tokens }) => tokensOf(tokens).some((t) => evidence.has(t)));
      const count = right.filter(Boolean).length;
      if (count === 0 || count === places.length) {
        throw new UnusableSampleError(
          id,
          `its evidence is in ${count} of ${places.length} places: wanted some, and not all`,
        );
      }
      const calibrated = retrievers.some((own) => own.calibrated);
      const profile = await attentionProfile(network, sample, {
        extras: calibrated ? ["nullQuery"] : [],
        reuse,
      });
      const ranks = retrievers.map(({ heads, calibrated }) =>
        rankPlaces(profile, heads, places, { calibrated }).findIndex(({ index }) => right[index])
      );
      return { id, domain, places: places.length, right: count, ranks };
    }, reuse),
  result: (rows, config) => resultsOf(rows, config),
  record: (results, { retrievers, chosen, about }) => ({
    options: {
      retrievers: retrievers.length,
      ...chosen,
      samplesInBoth: about?.samplesInBoth ?? 0,
    },
    files: { "results.json": jsonText(results) },
  }),
};

/** Probability that one of `right` places is among the first `at` of a random order. */
function chanceAt(at: number, places: number, right: number): number {
  let miss = 1;
  for (let i = 0; i < Math.min(at, places); i++) {
    miss *= Math.max(0, places - right - i) / (places - i);
  }
  return 1 - miss;
}

function resultsOf(
  rows: readonly RetrievalRow[],
  { retrievers, seed }: Settled<RetrievePlacesConfig>,
): RetrievalResult[] {
  const kinds = Map.groupBy(
    retrievers.keys(),
    (i) => `${retrievers[i].name} ${retrievers[i].calibrated}`,
  );
  return [...kinds.values()].flatMap((sets) =>
    cutoffs.map((at): RetrievalResult => {
      const { name, calibrated, heads } = retrievers[sets[0]];
      const data = Float64Array.from(
        { length: rows.length * sets.length },
        (_, i) => Number(rows[Math.floor(i / sets.length)].ranks[sets[i % sets.length]] < at),
      );
      const hits = data.reduce((sum, hit) => sum + hit, 0);
      const alone = wilsonOfShare(hits / data.length, rows.length);
      const both = sets.length === 1
        ? alone
        : crossedInterval({ rows: rows.length, columns: sets.length, data }, { seed });
      return {
        retriever: name,
        calibrated,
        heads: heads.length,
        draws: sets.length,
        samples: rows.length,
        places: mean(rows.map(({ places }) => places)),
        at,
        recall: hits / data.length,
        ci95: [Math.min(both.low, alone.low), Math.max(both.high, alone.high)],
        chance: mean(rows.map(({ places, right }) => chanceAt(at, places, right))),
      };
    })
  );
}

/** Whether every sample has a null query, as far as it is known before loading. */
function allHaveNullQuery(samples: Samples): boolean {
  return samples.every((sample) =>
    "load" in sample ? sample.offers?.includes("nullQuery") : sample.nullQuery !== undefined
  );
}

/**
 * The run that {@link retrievePlaces} does, to be planned or done.
 *
 * @throws {InputError} for scores of another model, and shares that cannot be used
 */
export async function retrievePlacesRun(
  model: AnyModel,
  samples: Samples,
  scores: HeadScores & Partial<Pick<FoundHeads, "origin">>,
  options: RetrievePlacesOptions = {},
): Promise<ExperimentRun<RetrievePlacesConfig, RetrievalRow, RetrievalResult[]>> {
  checkSamples(samples, "headSamples");
  const network = networkOf(model), grid = gridOfScores(scores);
  const { fraction = 0.05, draws = 20, seed = 0 } = options;
  checkScoreSizes("rank places", grid, network.grid);
  const { origin, rule, sampleIds } = scores;
  const whose = origin && await checkScoreOrigin(origin, network, options);
  const core = topHeads(meanScores(scores), grid, { fraction });
  const drawn = Array.from({ length: draws }, (_, i) => randomHeads(core, grid, `${seed}/${i}`));
  const retrievers = (allHaveNullQuery(samples) ? [true, false] : [false])
    .flatMap((calibrated): Retriever[] => [
      { name: "core", calibrated, heads: core },
      { name: "all heads", calibrated, heads: allHeads(grid) },
      ...drawn.map((heads): Retriever => ({ name: "random", calibrated, heads })),
    ]);
  const config: RetrievePlacesConfig = {
    network,
    samples,
    retrievers,
    seed,
    reuse: new ReuseCache(options.reuseBytes),
    chosen: { rule, scoredSamples: sampleIds.length },
  };
  return scoredRun(retrievePlacesExperiment, config, { scores, whose, options });
}

/**
 * Ranks the images, pages or moments of every sample by the attention of the best heads, of all heads
 * and of drawn ones; calibrated (minus the null query's attention) where every sample has a null
 * query, and uncalibrated. With a folder, writes `results.json`, `rows.json` and `manifest.json` there,
 * and a run that was killed goes on where it stopped.
 *
 * @param scores scores that say which heads are best; take them from other samples than these
 * (`onNotice` is told of those that are not)
 * @throws {InputError} naming the sample that cannot be used, e.g. one with a single image
 *
 * @example
 * ```ts
 * import { retrievePlaces } from "./retrieve_places.ts";
 * import { findHeads } from "./find_heads.ts";
 * import { headSamples } from "./samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { listSamples } from "../data/shipped_samples.ts";
 * import { assert } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const samples = headSamples(model, (await listSamples("shipped:page")).slice(0, 4));
 * const scores = await findHeads(model, samples.slice(0, 2), { rivals: false });
 * const [best] = await retrievePlaces(model, samples.slice(2), scores);
 * assert(best.recall >= best.chance);
 * ```
 */
export async function retrievePlaces(
  model: AnyModel,
  samples: Samples,
  scores: HeadScores & Partial<Pick<FoundHeads, "origin">>,
  options: RetrievePlacesOptions = {},
): Promise<RetrievalResult[]> {
  checkOptions(
    "retrieve places",
    options,
    retrievePlacesNames satisfies Record<keyof RetrievePlacesOptions, true>,
  );
  using run = await retrievePlacesRun(model, samples, scores, options);
  return await runConfigured(run, options);
}

/**
 * The rows of a record that {@link retrievePlaces} wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readRetrievedPlaces(folder: string): Promise<RetrievalResult[]> {
  return await readResults<RetrievalResult>(folder, experiments.retrievePlaces);
}
