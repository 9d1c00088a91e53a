/**
 * Models beside each other: how few heads move with the question, and what answers lose without them.
 *
 * @module
 */
import { join } from "node:path";
import { allHeads, type HeadId, headName } from "../../lib/common/head_id.ts";
import { InputError } from "../../lib/common/errors.ts";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import type { AblationResult } from "../../lib/experiments/ablation_table.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { bars, type Figure, type HtmlBlock, table } from "../../lib/figures/mod.ts";
import { detectHeads } from "../../lib/heads/detect.ts";
import { gridOfScores, type HeadScores, meanScores } from "../../lib/heads/head_scores.ts";
import { topHeads } from "../../lib/heads/select.ts";

/** One model's records. */
export interface ComparedModel {
  /** Its name. */
  readonly name: string;
  /** Calibrated scores. */
  readonly scores: HeadScores;
  /** Rows of right answers over all domains: whole, and without heads. */
  readonly rows: readonly AblationResult[];
}

/**
 * Reads the records of several models.
 *
 * @param results folder of all records
 * @param models by name, the folders of scores and of ablation in it
 * @throws {InputError} for records without calibrated scores
 */
export async function readComparedModels(
  results: string,
  models: Readonly<Record<string, readonly [identify: string, ablate: string]>>,
): Promise<ComparedModel[]> {
  return await Promise.all(
    Object.entries(models).map(async ([name, [identify, ablate]]) => {
      const { rules } = await readFoundHeads(join(results, identify));
      const scores = rules.find(({ rule }) => rule === "calibrated");
      if (!scores) throw new InputError(`Cannot compare ${name}: ${identify} is not calibrated`);
      const rows = await readAblatedHeads(join(results, ablate));
      return {
        name,
        scores,
        rows: rows.filter(({ metric, domain }) => metric === "accuracy" && domain === "all"),
      };
    }),
  );
}

const percent = (value: number) => `${(100 * value).toFixed(0)}%`;
const positive = (values: Iterable<number>) =>
  [...values].reduce((sum, value) => sum + Math.max(0, value), 0);

/** How many heads there are, how many move for sure, and how much of all movement the top 5% have. */
export function movementTable(models: readonly ComparedModel[]): HtmlBlock {
  const rows = models.map(({ name, scores }) => {
    const map = meanScores(scores), grid = gridOfScores(scores);
    const top = topHeads(map, grid, { fraction: 0.05 });
    return {
      model: name,
      heads: `${grid.layers} x ${grid.heads}`,
      "move by more than 0.1 for sure": detectHeads(scores).heads.length,
      "best heads": top.slice(0, 4).map(headName).join(" "),
      "highest score": Math.max(...map).toFixed(2),
      "the top 5% have of all": percent(
        positive(top.map(({ layer, head }) => map[layer * grid.heads + head])) / positive(map),
      ),
    };
  });
  return table(rows, { title: "Calibrated scores" });
}

/** The row of a condition. */
function rowOf({ name, rows }: ComparedModel, condition: string): AblationResult {
  const found = rows.find((row) => row.condition === condition);
  if (found) return found;
  throw new InputError(`Cannot compare ${name}: its record has no condition "${condition}"`);
}

/** Right answers whole, without the top heads, and without as many at random. */
export function lossBars(models: readonly ComparedModel[]): Figure {
  const values = (condition: string) =>
    models.map((model) => {
      const { value, ci95: [low, high] } = rowOf(model, condition);
      return { value, low, high };
    });
  const cores = models.map((model) => rowOf(model, "core"));
  return bars(models.map(({ name }) => name), [
    { name: "all heads", values: values("none") },
    { name: "core", values: values("core") },
    {
      name: "random",
      values: cores.map(({ againstControls }) => {
        const { value, valueCi95: [low, high] } = againstControls!.random;
        return { value, low, high };
      }),
    },
  ], {
    title: "Without the top 5% by RAM, and without as many at random",
    valueTitle: "right answers",
    percent: true,
    caption: `n = ${cores.map(({ samples }) => samples).join(", ")} texts that chose no head; 95%`,
  });
}

/** What the top heads cost beyond random ones. */
export function excessTable(models: readonly ComparedModel[]): HtmlBlock {
  const rows = models.map((model) => {
    const { heads, value, againstControls } = rowOf(model, "core"), { random } = againstControls!;
    return {
      model: model.name,
      removed: heads.length,
      "right without them": percent(value),
      "right without random ones": `${percent(random.value)} (${random.draws} draws)`,
      excess: `${percent(random.excess)} (${random.ci95.map(percent).join(" to ")})`,
      "draws that cost as much": percent(random.pValueOverDraws),
    };
  });
  return table(rows, { title: "The top 5% against random heads" });
}

/** Heads of layers that see everything, of a model in which some see a window only. */
export function headsOfLayers(scores: HeadScores, layers: readonly number[]): HeadId[] {
  return allHeads(gridOfScores(scores)).filter(({ layer }) => layers.includes(layer));
}

/** How much of all movement the heads of global layers have, and how many of the top 5% they are. */
export function layerKindsTable(scores: HeadScores, globalLayers: readonly number[]): HtmlBlock {
  const map = meanScores(scores), grid = gridOfScores(scores), every = allHeads(grid);
  const top = topHeads(map, grid, { fraction: 0.05 });
  const rows = [true, false].map((global) => {
    const isOwn = ({ layer }: HeadId) => globalLayers.includes(layer) === global;
    const own = every.filter(isOwn);
    const moved = positive(own.map(({ layer, head }) => map[layer * grid.heads + head]));
    return {
      layers: global ? "global" : "local",
      heads: `${own.length} (${percent(own.length / every.length)})`,
      "of all movement": percent(moved / positive(map)),
      "of the top 5%": top.filter(isOwn).map(headName).join(" "),
    };
  });
  return table(rows, { title: "Where the movement is" });
}
