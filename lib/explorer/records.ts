/**
 * Records of runs as the head explorer shows them.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { headIndex } from "../common/head_id.ts";
import type { AblationResult, AblationRow } from "../experiments/ablation_results.ts";
import { readAblatedHeads } from "../experiments/ablate_heads.ts";
import { ablationRowsFromArrow } from "../experiments/ablation_table_file.ts";
import { checkArrow } from "../heads/arrow_check.ts";
import { type Manifest, readManifest } from "../experiments/record.ts";
import { readRecordBytes, readRecordJson } from "../common/record_bytes.ts";
import type { ScoresRecord } from "../experiments/scores_record.ts";
import type {
  ExplorerAblation,
  ExplorerMap,
  ExplorerOrigin,
  ExplorerSet,
  ExplorerSpeed,
  ExplorerSpeedRow,
} from "./data.ts";

/** What a manifest says, for display. */
export function originOf(manifest: Manifest): ExplorerOrigin {
  const text = (value: unknown) => typeof value === "string" ? value : "";
  const { model, data, samples, seed, backend, dtype, date, version } = manifest;
  return {
    model: text(model),
    data: text(data),
    samples: Number(samples) || 0,
    seed: Number(seed) || 0,
    backend: text(backend),
    dtype: text(dtype),
    date: text(date),
    version: text(version),
  };
}

/** Tables of `scores.json` beside the scores themselves, where a record has them. */
const furtherTables = [
  [
    "calibrated",
    "Calibrated score",
    "The score minus that of a null query: a question without content.",
  ],
  ["selectivity", "Selectivity", "How much more a head looks at the evidence than at foils."],
  ["chance", "Chance", "The score of a head that looks at the context evenly."],
] as const;

/** Numbers as they are written: seven digits. */
const rounded = (value: number): number => Number(value.toPrecision(7));

/** A table `[L][N]` as one list; null unless it has that shape and finite numbers. */
function flatTable(table: unknown, layers: number, heads: number): number[] | null {
  if (!Array.isArray(table) || table.length !== layers) return null;
  if (!table.every((row) => Array.isArray(row) && row.length === heads)) return null;
  const values = table.flat();
  return values.every(Number.isFinite) ? values.map(rounded) : null;
}

/** Rules as people call them, and what they are. */
const ruleTexts: Readonly<Record<string, readonly [label: string, about: string]>> = {
  ram: [
    "RAM",
    "Retrieval attention mass: share of the question's attention that lands on the evidence.",
  ],
  attribution: [
    "Attribution",
    "What the answer would lose if this head alone were changed, to first order.",
  ],
  "attribution-size": [
    "Size of attribution",
    "Size of what the head does to the answer, to first order, so that its paths do not cancel.",
  ],
};

/**
 * Maps of a `scores.json`: the scores, what else it holds by head, and membership.
 *
 * @throws {InputError} if its tables do not fit its numbers of layers and heads
 */
export function scoreMaps(json: ScoresRecord, where = "scores.json"): ExplorerMap[] {
  const { layers, heads, samples, rule, ci95, topMembership } = json;
  const values = flatTable(json.scores, layers, heads);
  if (!values) {
    throw new InputError(`Cannot use ${where}: wanted "scores" of ${layers} x ${heads} numbers`);
  }
  const intervals = Array.isArray(ci95) && ci95.flat().length === layers * heads
    ? ci95.flat().map(([low, high]) => [rounded(low), rounded(high)] as const)
    : undefined;
  const [label, about] = Object.hasOwn(ruleTexts, rule)
    ? ruleTexts[rule]
    : [rule, `Score by the rule ${rule}.`];
  const maps: ExplorerMap[] = [{
    ...{ id: "score", label, about },
    diverging: values.some((value) => value < 0),
    values,
    ci95: intervals,
    samples,
  }];
  for (const [id, label, about] of furtherTables) {
    const table = flatTable((json as unknown as Record<string, unknown>)[id], layers, heads);
    if (!table) continue;
    maps.push({ id, label, about, diverging: table.some((v) => v < 0), values: table, samples });
  }
  const members = flatTable(topMembership?.probability, layers, heads);
  if (members) {
    maps.push({
      id: "membership",
      label: `Among the top ${100 * topMembership.fraction}%`,
      about: "Share of resamples of the data in which the head is among the top.",
      diverging: false,
      values: members,
      samples,
    });
  }
  return maps;
}

/** A map of what each head's removal costs, where most heads were removed one by one; else null. */
export function effectMap(ablation: ExplorerAblation, count: number): ExplorerMap | null {
  const values: (number | null)[] = Array(count).fill(null);
  const ci95: (readonly [number, number] | null)[] = Array(count).fill(null);
  const metric = "log-probability";
  for (const { heads, metrics } of ablation.sets) {
    if (heads.length !== 1 || !metrics[metric]) continue;
    values[heads[0]] = metrics[metric].drop;
    ci95[heads[0]] = metrics[metric].dropCi95;
  }
  if (2 * values.filter((value) => value !== null).length < count) return null;
  return {
    id: "effect",
    label: "Effect of removal",
    about: "Log-probability that the right answer loses when this head alone is removed, in nats.",
    diverging: true,
    values,
    ci95,
    samples: ablation.origin.samples,
  };
}

/** The sets of an ablation, each once, with what was measured over all samples. */
function setsOf(results: readonly AblationResult[], heads: number): ExplorerSet[] {
  const sets = new Map<string, ExplorerSet & { metrics: Record<string, unknown> }>();
  for (const row of results) {
    if (row.domain !== "all" && row.domain !== undefined) continue;
    if (row.draws !== undefined) continue; // the mean of many draws
    const { condition, fraction, draw } = row;
    const key = `${condition} ${fraction} ${draw} ${row.set ?? ""}`;
    const set = sets.get(key) ?? {
      condition,
      fraction,
      draw,
      heads: row.heads.map(([layer, head]) => headIndex({ layer, head }, heads)),
      metrics: {},
    };
    sets.set(key, set);
    (set.metrics as Record<string, unknown>)[row.metric] = {
      value: rounded(row.value),
      ci95: row.ci95.map(rounded),
      drop: rounded(row.dropFromBaseline),
      dropCi95: (row.dropCi95 ?? [NaN, NaN]).map(rounded),
      pValue: rounded(row.pValue),
    };
  }
  return [...sets.values()];
}

/** Controls of named sets: there are hundreds, and they would pass for those of the best heads. */
const isSetControl = ({ set, condition }: AblationResult) =>
  set !== undefined && condition !== "set";

/** What each set that is shown did to some samples. */
async function bySample(
  folder: string,
  results: readonly AblationResult[],
  ids: ReadonlySet<string>,
): Promise<ExplorerAblation["bySample"]> {
  const path = `${folder}/samples.arrow`;
  const bytes = await readRecordBytes(folder, "samples.arrow").catch((error) => {
    if (error.cause instanceof Deno.errors.NotFound) return null;
    throw error;
  });
  if (!bytes) return {};
  checkArrow(bytes, path);
  const [{ metric, domain }] = results; // a row for each set, in their order
  const sets = results.filter((row) => row.metric === metric && row.domain === domain);
  const shown = [...sets.keys()].filter((set) => !isSetControl(sets[set]));
  const rows: AblationRow[] = ablationRowsFromArrow(bytes, sets.length, path);
  return Object.fromEntries(
    rows.filter(({ id }) => ids.has(id)).map(({ id, correct, logProb }) => [id, {
      correct: shown.map((set) => correct[set]),
      logProb: shown.map((set) => Number(logProb[set].toPrecision(4))),
    }]),
  );
}

/** The record of an `ablate` run. */
export async function readAblation(
  folder: string,
  heads: number,
  ids: ReadonlySet<string>,
): Promise<ExplorerAblation> {
  const manifest = await readManifest(folder);
  const results = await readAblatedHeads(folder);
  const options = manifest.options as { samplesInBoth?: number } | undefined;
  return {
    origin: originOf(manifest),
    samplesInBoth: options?.samplesInBoth ?? 0,
    sets: setsOf(results.filter((row) => !isSetControl(row)), heads),
    bySample: results.length > 0 ? await bySample(folder, results, ids) : {},
  };
}

/** The record of an `accelerate` run, or of hybrid attention's quality alone. */
export async function readSpeed(folder: string): Promise<ExplorerSpeed> {
  const manifest = await readManifest(folder);
  const json = await readRecordJson(folder, "results.json");
  if (!Array.isArray(json)) {
    throw new InputError(`Cannot read ${folder}/results.json: it is no list of settings`);
  }
  const rows = json.filter((row) => row?.metric === "accuracy").map((row): ExplorerSpeedRow => ({
    policy: String(row.policy),
    fullHeads: Number(row.fullHeads),
    sink: Number(row.sink),
    window: Number(row.window),
    ...(typeof row.pattern === "string" ? { pattern: row.pattern } : {}),
    tokens: Number(row.tokens),
    speedup: Number.isFinite(row.speedup) ? rounded(row.speedup) : null,
    speedupCi95: Number.isFinite(row.speedup) && Array.isArray(row.ci95) ? row.ci95 : null,
    dense: Number(row.denseValue),
    sparse: Number(row.sparseValue),
  }));
  if (rows.length === 0) {
    throw new InputError(
      `Cannot use ${folder} as a speed record: wanted the folder of an accelerate run`,
    );
  }
  return { origin: originOf(manifest), rows };
}
