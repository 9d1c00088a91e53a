/**
 * What kind of head is it? Every head's scores on samples (RAM, null, selectivity, value-weighted) beside
 * what it does on repeated random tokens, what it adds to the answer's logit directly, and what the
 * answer loses without it.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { allHeads, type HeadId, headName } from "../../lib/common/head_id.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import { logitAttribution } from "../../lib/causal/attribution.ts";
import { zeroHeads } from "../../lib/causal/head_mask.ts";
import { type AnswerSample, sweep, withAnswer } from "../../lib/causal/sweep.ts";
import {
  type Experiment,
  type ExperimentConfig,
  runExperiment,
} from "../../lib/experiments/experiment.ts";
import type { FoundHeads } from "../../lib/experiments/found_heads.ts";
import type { LazySample } from "../../lib/experiments/lazy_sample.ts";
import { jsonText } from "../../lib/experiments/record.ts";
import type { RunContext } from "../../lib/experiments/run_context.ts";
import { detectHeads } from "../../lib/heads/detect.ts";
import { gridOfScores, type HeadScores, meanScores } from "../../lib/heads/head_scores.ts";
import type { HeadKind, RivalScores } from "../../lib/heads/rival_scores.ts";
import { type MapAgreement, scoreAgreement } from "../../lib/heads/score_agreement.ts";
import { topHeads } from "../../lib/heads/select.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";

/** A sample whose answer's logit can be taken apart. */
export interface KindsSample extends AnswerSample {
  /** First token of a wrong answer of the same sort (another owner), whose logit is subtracted. */
  readonly against?: number;
}

/** One head's line: means over samples. */
export interface HeadKindRow extends HeadId {
  /** Attention from the question to the evidence. */
  readonly ram: number;
  /** The same from the null query. */
  readonly nullRam: number;
  /** RAM minus null RAM. */
  readonly calibrated: number;
  /** Own evidence over own and foils. */
  readonly selectivity: number;
  /** Selectivity of a head that knows no difference. */
  readonly chance: number;
  /** Attention from a question about something else. */
  readonly unrelatedRam: number;
  /** RAM weighted by the length of values. */
  readonly valueWeighted: number;
  /** Attention of the prompt's last token on the evidence. */
  readonly promptEnd: number;
  /** On repeated random tokens: attention on the token after the first time. */
  readonly induction: number;
  /** … on the first time. */
  readonly duplicate: number;
  /** … on the token before. */
  readonly previous: number;
  /** … on the sequence's first token. */
  readonly sink: number;
  /** … and how far back, as a share of the way. */
  readonly distance: number;
  /**
   * What the head adds to the right answer's logit, against a wrong answer's where there is one; absent
   * where no sample was taken apart.
   */
  readonly attribution?: number;
  /**
   * Loss of the right answer's log-probability without the head, from the question on, in nats; absent
   * likewise.
   */
  readonly effect?: number;
  /** Retrieval where calibrated scores name the head for sure, else the largest rival of at least 0.3. */
  readonly kind: HeadKind;
}

/** Content of `results.json`. */
export interface HeadKindsResult {
  /** L. */
  readonly layers: number;
  /** N. */
  readonly heads: number;
  /** Samples behind the scores, and behind attribution and effect. */
  readonly samples: { readonly scores: number; readonly effects: number };
  /** How many of the latter the whole model answers rightly. */
  readonly right: number;
  /** Heads whose calibrated score certainly exceeds 0.1, highest first. */
  readonly retrievalHeads: readonly string[];
  /** The top 5% by RAM, by calibrated score, and by induction. */
  readonly top: Readonly<Record<"ram" | "calibrated" | "induction", readonly string[]>>;
  /** Agreement of the maps, Spearman and overlap of the top 5%. */
  readonly agreement: MapAgreement;
  /** One line for each head. */
  readonly rows: readonly HeadKindRow[];
}

/** Settings of {@link headKinds}. */
export interface HeadKindsConfig {
  /** The model. */
  readonly model: AnyModel;
  /**
   * Scores by the rules `ram`, `null-ram`, `calibrated`, `selectivity`, …, on samples of their own, with
   * those on repeated tokens.
   */
  readonly scores: FoundHeads;
  /** Samples for attribution and effects; others than those of the scores. */
  readonly samples: readonly LazySample<KindsSample>[];
  /** Name of the model in the record. */
  readonly name: string;
  /** Name of the data in the record. */
  readonly data: string;
}

/** Settings as the runner takes them. */
interface RunConfig extends ExperimentConfig {
  readonly scores: readonly HeadScores[];
  readonly rivals: Partial<RivalScores>;
}

/** What one sample says: maps `[L * N]` by name. */
interface UnitRow {
  readonly right: number;
  readonly maps: Readonly<Record<string, readonly number[]>>;
}

/** Attribution and effects of every head on one sample. */
async function effectsOf(model: VisionLanguageModel, sample: KindsSample): Promise<UnitRow> {
  const [token] = sample.answerIds;
  const first = { ...sample, answerIds: sample.answerIds.subarray(0, 1) };
  const { heads } = await logitAttribution(model, withAnswer(first), {
    token,
    against: sample.against,
  });
  const variants = allHeads(model.grid).map((id) => zeroHeads([id]));
  const [whole, ...without] = await sweep(model, first, [[], ...variants]);
  return {
    right: Number(whole.correct),
    maps: {
      attribution: [...heads],
      effect: without.map(({ logProb }) => whole.logProb - logProb),
    },
  };
}

/** The experiment: one row per sample. */
export const headKindsExperiment: Experiment<RunConfig, UnitRow, HeadKindsResult> = {
  name: "head_kinds",
  question: "Are retrieval heads of another kind than induction heads, and do they matter?",
  action: "tell kinds of heads",
  sources: [new URL("../", import.meta.url)],
  units: ({ network, samples }) =>
    (samples as readonly LazySample<KindsSample>[]).map((lazy) => ({
      key: lazy.id,
      open: async () => ({
        digest: await lazy.digest!(),
        work: async () => effectsOf(network, await lazy.load()),
      }),
    })),
  result: (rows, { scores, rivals }) => headKindsResult(rows, scores, rivals),
  record: (result) => ({
    options: { samples: result.samples },
    files: { "results.json": headKindsText(result) },
  }),
};

/** The result as JSON, with a line for each head. */
function headKindsText(result: HeadKindsResult): string {
  const { rows, ...rest } = result;
  const lines = jsonText(rows).trimEnd(), text = jsonText(rest).trimEnd();
  return `${text.slice(0, -2)},\n  "rows": ${lines}\n}\n`;
}

/** Maps that are always there. */
type MeasuredName = "ram" | "calibrated" | "induction" | "duplicate" | "previous" | "sink";

/**
 * Kinds of heads from scores alone, without attribution and effects.
 *
 * @throws {InputError} for scores that lack a rule
 */
export function kindsOfScores(scores: FoundHeads): HeadKindsResult {
  return headKindsResult([], scores.rules, scores.rivals ?? {});
}

/** Puts the maps together. */
function headKindsResult(
  units: readonly UnitRow[],
  scores: readonly HeadScores[],
  rivals: Partial<RivalScores>,
): HeadKindsResult {
  const named = (rule: string): HeadScores => {
    const found = scores.find((one) => one.rule === rule);
    if (found) return found;
    throw new InputError(`Cannot tell kinds of heads: there are no scores by the rule "${rule}"`);
  };
  const grid = gridOfScores(named("ram")), size = grid.layers * grid.heads;
  const mean = (rule: string) => meanScores(named(rule));
  const average = (name: string) =>
    Float64Array.from(
      { length: size },
      (_, i) => units.reduce((sum, { maps }) => sum + maps[name][i], 0) / units.length,
    );
  const rival = (name: keyof RivalScores): ArrayLike<number> => {
    const found = rivals[name];
    if (found) return found;
    throw new InputError(`Cannot tell kinds of heads: the scores hold no ${name} scores`);
  };
  const maps:
    & Partial<
      Record<keyof Omit<HeadKindRow, keyof HeadId | "kind" | MeasuredName>, ArrayLike<number>>
    >
    & Record<MeasuredName, ArrayLike<number>> = {
      ram: mean("ram"),
      nullRam: mean("null-ram"),
      calibrated: mean("calibrated"),
      selectivity: mean("selectivity"),
      chance: mean("selectivity-chance"),
      unrelatedRam: mean("unrelated-ram"),
      valueWeighted: mean("value-weighted"),
      promptEnd: mean("prompt-end"),
      induction: rival("induction"),
      duplicate: rival("duplicate"),
      previous: rival("previous"),
      sink: rival("sink"),
      distance: rival("distance"),
      ...units.length === 0
        ? {}
        : { attribution: average("attribution"), effect: average("effect") },
    };
  const retrieval = detectHeads(named("calibrated")).heads;
  const isRetrieval = new Set(retrieval.map(headName));
  const kinds = ["induction", "duplicate", "previous", "sink"] as const;
  const kindOf = (id: HeadId, i: number): HeadKind => {
    if (isRetrieval.has(headName(id))) return "retrieval";
    const largest = kinds.reduce((a, b) => maps[b][i] > maps[a][i] ? b : a);
    return maps[largest][i] >= 0.3 ? largest : "other";
  };
  const top = (map: ArrayLike<number>) => topHeads(map, grid, { fraction: 0.05 }).map(headName);
  const names = ["ram", "calibrated", "valueWeighted", "induction", "attribution", "effect"];
  const compared = names.filter((name) => Object.hasOwn(maps, name));
  return {
    ...grid,
    samples: { scores: named("ram").shape[0], effects: units.length },
    right: units.reduce((sum, { right }) => sum + right, 0),
    retrievalHeads: retrieval.map(headName),
    top: {
      ram: top(maps.ram),
      calibrated: top(maps.calibrated),
      induction: top(maps.induction),
    },
    agreement: scoreAgreement(
      Object.fromEntries(compared.map((name) => [name, maps[name as keyof typeof maps]!])),
    ),
    rows: allHeads(grid).map((id, i) => ({
      ...id,
      ...Object.fromEntries(Object.entries(maps).map(([name, map]) => [name, map![i]])),
      kind: kindOf(id, i),
    } as HeadKindRow)),
  };
}

/**
 * Measures what kind every head is of. With a folder, writes `results.json` and `manifest.json` there; a
 * run that was killed goes on where it stopped.
 *
 * @throws {InputError} for scores that lack a rule
 */
export async function headKinds(
  config: HeadKindsConfig,
  context: RunContext = {},
): Promise<HeadKindsResult> {
  const { model, scores, samples, name, data } = config, network = networkOf(model);
  const given = {
    ...{ network, samples, scores: scores.rules, rivals: scores.rivals ?? {} },
    about: { model: name, data },
  };
  return await runExperiment(headKindsExperiment, given, context);
}

/** The result of a record. @throws {InputError} if the folder holds none */
export async function readHeadKinds(folder: string): Promise<HeadKindsResult> {
  return await readRecordJson(folder, "results.json") as HeadKindsResult;
}
