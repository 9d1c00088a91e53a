/**
 * Which heads an ablation experiment removes: the best, controls for them, and each by itself.
 *
 * @module
 */
import { InputError, nearestNames } from "../common/errors.ts";
import {
  layerMatchedHeads,
  layersHaveRoom,
  randomHeads,
  scoreGap,
  scoreMatchedHeads,
} from "../heads/controls.ts";
import { allHeads, type HeadGrid, type HeadId } from "../common/head_id.ts";
import { mean } from "../stats/summary.ts";
import { bottomHeads, otherHeads, topHeads } from "../heads/select.ts";

/**
 * What is removed:
 *
 * - `none`: nothing, the baseline.
 * - `core`: the heads with the highest scores.
 * - `bottom`: as many with the lowest.
 * - `random`: as many others, drawn evenly.
 * - `layer-matched`: as many others of the same layers.
 * - `score-matched`: as many others that look at the context as much.
 * - `keep`: all but the core heads.
 * - `layer`: all heads of one layer.
 * - `head`: one head.
 */
export type Condition = typeof conditionNames[number];

/** All conditions. */
export const conditionNames = [
  "none",
  "core",
  "bottom",
  "random",
  "layer-matched",
  "score-matched",
  "keep",
  "layer",
  "head",
] as const;

/** Conditions that serve as controls for `core`. */
export const controlNames = ["bottom", "random", "layer-matched", "score-matched"] as const;

/** Matched controls may differ from the core heads by so many standard deviations of the score. */
const largestGap = 0.25;

/** What is planned unless something else is asked for. */
export const defaultConditions: readonly Condition[] = ["core", ...controlNames];

/** One set of heads to remove. */
export interface PlannedAblation {
  /** Why these heads. */
  readonly condition: Condition;
  /** Share of all heads. */
  readonly fraction: number;
  /** Number of the draw; of the layer or head for `layer` and `head`. */
  readonly draw: number;
  /** The heads. */
  readonly heads: readonly HeadId[];
}

/** What is planned. */
export interface PlanOptions {
  /** Conditions besides `none`; `core` and its four controls by default. */
  readonly conditions?: readonly Condition[];
  /** Shares of heads; 0.01, 0.02, 0.05, 0.1, 0.2 and 0.5 by default. */
  readonly fractions?: readonly number[];
  /** Draws of each condition that is drawn; 5 by default. */
  readonly draws?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: number;
  /** Told in one sentence which controls are left out because they cannot be matched. */
  readonly onNotice?: (text: string) => void;
}

/**
 * The sets of heads of an experiment; the first is empty, the baseline. Shares that come to the same
 * number of heads are planned once. Controls are planned for at most half of the heads, and matched
 * ones only where they can be met: `layer-matched` where every layer has as many heads left, and
 * `score-matched` where the draws' means lie within 0.25 standard deviations of the core heads'.
 *
 * @param map score of every head, `[layers, heads]` row by row
 * @param matched another score, which `score-matched` controls have alike
 * @throws {InputError} for unknown conditions, impossible shares or draws
 *
 * @example
 * ```ts
 * import { ablationPlan } from "./ablation_plan.ts";
 * import { assertEquals } from "@std/assert";
 * const map = [0.1, 0.9, 0.2, 0.3], grid = { layers: 2, heads: 2 };
 * const plan = ablationPlan(map, map, grid, { conditions: ["core", "bottom"], fractions: [0.25] });
 * assertEquals(plan.map(({ heads }) => heads), [
 *   [],
 *   [{ layer: 0, head: 1 }],
 *   [{ layer: 0, head: 0 }],
 * ]);
 * ```
 */
export function ablationPlan(
  map: ArrayLike<number>,
  matched: ArrayLike<number>,
  grid: HeadGrid,
  options: PlanOptions = {},
): PlannedAblation[] {
  const {
    conditions = defaultConditions,
    fractions = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    draws = 5,
    seed = 0,
  } = options;
  checkOptions(conditions, draws);
  const total = grid.layers * grid.heads;
  const plan: PlannedAblation[] = [{ condition: "none", fraction: 0, draw: 0, heads: [] }];
  const counts = new Set<number>();
  const leftOut = new Map<Condition, number[]>();
  for (const fraction of fractions) {
    const core = topHeads(map, grid, { fraction });
    if (counts.has(core.length)) continue;
    counts.add(core.length);
    for (const condition of conditions) {
      const label = (draw: number) => `${seed}/${condition}/${core.length}/${draw}`;
      // with half of the heads selected, there is one set of others
      const times = 2 * core.length > total ? 0 : 2 * core.length === total ? 1 : draws;
      const drawn = (
        heads: (seed: string) => HeadId[],
        met: (sets: readonly (readonly HeadId[])[]) => boolean = () => true,
      ) => {
        const sets = Array.from({ length: times }, (_, draw) => heads(label(draw)));
        if (times > 0 && !met(sets)) {
          leftOut.set(condition, [...leftOut.get(condition) ?? [], fraction]);
        } else sets.forEach((heads, draw) => plan.push({ condition, fraction, draw, heads }));
      };
      const add = (heads: readonly HeadId[]) => plan.push({ condition, fraction, draw: 0, heads });
      if (condition === "core") add(core);
      if (condition === "keep") add(otherHeads(core, grid));
      if (condition === "bottom" && 2 * core.length <= total) {
        add(bottomHeads(map, grid, { count: core.length }));
      }
      if (condition === "random") drawn((own) => randomHeads(core, grid, own));
      if (condition === "layer-matched") {
        drawn((own) => layerMatchedHeads(core, grid, own), () => layersHaveRoom(core, grid));
      }
      if (condition === "score-matched") {
        const gapOf = (heads: readonly HeadId[]) => scoreGap(core, heads, grid, matched);
        drawn(
          (own) => scoreMatchedHeads(core, grid, matched, own),
          (sets) => mean(Float64Array.from(sets, gapOf)) <= largestGap,
        );
      }
    }
  }
  for (const [condition, shares] of leftOut) {
    const percents = shares.map((share) => `${Number((100 * share).toPrecision(3))} %`).join(", ");
    options.onNotice?.(`left out: ${condition} controls at ${percents}; no such heads are left`);
  }
  if (conditions.includes("layer")) {
    for (let layer = 0; layer < grid.layers; layer++) {
      const heads = allHeads(grid).filter((id) => id.layer === layer);
      plan.push({ condition: "layer", fraction: grid.heads / total, draw: layer, heads });
    }
  }
  if (conditions.includes("head")) {
    allHeads(grid).forEach((id, draw) =>
      plan.push({ condition: "head", fraction: 1 / total, draw, heads: [id] })
    );
  }
  return plan;
}

function checkOptions(conditions: readonly string[], draws: number): void {
  for (const condition of conditions) {
    if ((conditionNames as readonly string[]).includes(condition)) continue;
    throw new InputError(
      `Cannot ablate by condition "${condition}". Nearest: ` +
        nearestNames(condition, conditionNames).join(", "),
    );
  }
  if (!Number.isInteger(draws) || draws < 1) {
    throw new InputError(
      `Cannot draw controls ${draws} times: wanted a whole number of at least 1`,
    );
  }
}
