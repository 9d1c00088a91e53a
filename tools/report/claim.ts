/**
 * What a claim of the paper is in the report, and the rows of records that claims are drawn from.
 *
 * @module
 */
import { join } from "node:path";
import type { AblationResult } from "../../lib/experiments/ablation_results.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { readManifest } from "../../lib/experiments/record.ts";
import type { Figure } from "../../lib/figures/mod.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { topHeads } from "../../lib/heads/select.ts";

/** What a claim's figure shows, and how it stands. */
export interface ClaimShown {
  /** The figure. */
  readonly figure: Figure;
  /** What was found, in one or two sentences. */
  readonly found: string;
  /** n, what the interval is, over what. */
  readonly measured: string;
  /** Folders or files of the records, from the folder of results. */
  readonly records: readonly string[];
  /** The verdict. */
  readonly badge: { readonly text: string; readonly tone: "good" | "bad" };
}

/** One claim. */
export interface Claim {
  /** The claim, as the heading. */
  readonly claim: string;
  /** What the paper says, where a number is known. */
  readonly paper: string;
  /** The notebook and the figure of it that measure the same again. */
  readonly again: readonly [notebook: string, figure: string];
  /** Reads the record and draws it. */
  draw(results: string): Promise<ClaimShown>;
}

/** Share of heads that counts as top. */
export const fraction = 0.05;

/** A share as whole percent. */
export const percent = (share: number) => `${Math.round(100 * share)}%`;
/** An interval of shares. */
export const between = ([low, high]: readonly [number, number]) =>
  `${percent(low)} to ${percent(high)}`;
/** The badge of a claim that agrees, or does not. */
export const verdict = (agrees: boolean, text = agrees ? "in agreement" : "not in agreement") =>
  ({ text, tone: agrees ? "good" : "bad" }) as const;

/** Scores of a record, and its top heads. */
export async function scored(results: string, name: string) {
  const found = await readFoundHeads(join(results, name, "identify"));
  const grid = { layers: found.shape[1], heads: found.shape[2] };
  return { found, grid, top: topHeads(meanScores(found), grid, { fraction }) };
}

/** Rows of accuracy over all samples. */
export const accuracyRows = (rows: readonly AblationResult[]) =>
  rows.filter(({ metric, domain }) => metric === "accuracy" && domain === "all");
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

/** How each kind of removed heads did: the mean over draws, with the draws' range or the interval. */
export function byCondition(rows: readonly AblationResult[], names: readonly string[]) {
  return names.flatMap((condition) => {
    const own = rows.filter((row) => row.condition === condition);
    if (own.length === 0) return [];
    const values = own.map(({ value }) => value);
    const [low, high] = own.length === 1
      ? own[0].ci95
      : [Math.min(...values), Math.max(...values)] as const;
    return [{ condition, draws: own.length, value: mean(values), low, high }];
  });
}

/** What was removed, by name of the condition. */
export const conditionTitles: Readonly<Record<string, string>> = {
  "none": "all heads",
  "core": "without the top 5%",
  "bottom": "without the lowest 5%",
  "random": "without random heads",
  "layer-matched": "without heads of the same layers",
  "score-matched": "without heads that look as much",
};

/** A length of prompts, and how much faster hybrid prefill was there. */
export interface SpeedRow {
  readonly tokens: number;
  readonly value: number;
  readonly low: number;
  readonly high: number;
  readonly bound: number;
}

/** Rows of `bench/prefill.ts` for 5% of the heads, shortest prompt first. */
export async function speedRows(paths: readonly string[]): Promise<SpeedRow[]> {
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  return texts.flatMap((text) =>
    (JSON.parse(text).rows as {
      tokens: number;
      program: string;
      denseOver: [number, number, number];
      bound: number;
    }[]).filter(({ program }) => program === "hybrid 0.05")
      .map(({ tokens, denseOver: [value, low, high], bound }) => ({
        tokens,
        value,
        low,
        high,
        bound,
      }))
  ).sort((a, b) => a.tokens - b.tokens);
}

/** What manifests say of records: model, data, backend, seed, date. */
export async function recordFacts(results: string, name: string): Promise<string> {
  if (name.endsWith(".json")) {
    const { machine } = JSON.parse(await Deno.readTextFile(join(results, name)));
    return `${machine.processor}, ${machine.threads} thread, ${String(machine.date).slice(0, 10)}`;
  }
  const { model, data, seed, backend, dtype, date } = await readManifest(join(results, name));
  return `${model} on ${data}; seed ${seed}, ${backend}, ${dtype}, ${date.slice(0, 10)}`;
}
