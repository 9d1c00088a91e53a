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
import {
  allHeads,
  checkHeads,
  compareHeads,
  type HeadGrid,
  type HeadId,
} from "../common/head_id.ts";
import { mean } from "../stats/summary.ts";
import { bottomHeads, otherHeads, topHeads } from "../heads/select.ts";
import { tieAtEnd } from "../heads/ties.ts";

/**
 * What is removed:
 *
 * - `none`: nothing, the baseline.
 * - `core`: the heads with the highest scores.
 * - `set`: heads that were named one by one.
 * - `bottom`: as many as `core`, with the lowest scores.
 * - `random`: as many others, drawn evenly.
 * - `layer-matched`: as many others of the same layers.
 * - `score-matched`: as many others that look at the context as much.
 * - `induction-matched`: as many others that are induction heads as much.
 * - `keep`: all but the core heads.
 * - `layer`: all heads of one layer.
 * - `head`: one head.
 */
export type Condition = typeof conditionNames[number];

/** All conditions. */
export const conditionNames = [
  "none",
  "core",
  "set",
  "bottom",
  "random",
  "layer-matched",
  "score-matched",
  "induction-matched",
  "keep",
  "layer",
  "head",
] as const;

/** Controls that are drawn, several times each. */
export const drawnControls = [
  "random",
  "layer-matched",
  "score-matched",
  "induction-matched",
] as const;

/** Conditions that serve as controls for `core` and for named sets. */
export const controlNames = ["bottom", ...drawnControls] as const;

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
  /** The named set that these heads are, or that they are a control for; none for `core`'s. */
  readonly set?: string;
}

/** What is planned. */
export interface PlanOptions {
  /** Conditions besides `none`; by default `core` and those of its controls that can be matched. */
  readonly conditions?: readonly Condition[];
  /** Shares of heads; 0.01, 0.02, 0.05, 0.1, 0.2 and 0.5 by default. */
  readonly fractions?: readonly number[];
  /** Draws of each condition that is drawn; 5 by default. */
  readonly draws?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: number;
  /** More sets of heads by name, each with the same drawn controls as `core`. */
  readonly sets?: Readonly<Record<string, readonly HeadId[]>>;
  /**
   * Told in one sentence which controls are left out because they cannot be matched, and which sets
   * were chosen among equal scores.
   */
  readonly onNotice?: (text: string) => void;
}

/** Scores by which controls are matched, one per head, `[layers, heads]` row by row. */
export interface MatchedScores {
  /** Attention on the context, for `score-matched`. */
  readonly context?: ArrayLike<number>;
  /** Induction score, for `induction-matched`. */
  readonly induction?: ArrayLike<number>;
}

/**
 * The sets of heads of an experiment; the first is empty, the baseline. Shares that come to the same
 * number of heads are planned once. Controls are planned for at most half of the heads, and matched
 * ones only where they can be met: `layer-matched` where every layer has as many heads left, and
 * those matched by a score where the draws' means lie within 0.25 standard deviations of the core
 * heads'. Draws that repeat an earlier one are left out, so that few heads may have fewer draws.
 *
 * @param map score of every head, `[layers, heads]` row by row
 * @param matched the scores that matched controls have alike; a list is attention on the context
 * @throws {InputError} for unknown conditions, conditions without their scores, impossible shares,
 * sets or draws
 *
 * @example
 * ```ts
 * import { ablationPlan } from "./ablation_plan.ts";
 * import { assertEquals } from "@std/assert";
 * const map = [0.1, 0.9, 0.2, 0.3], grid = { layers: 2, heads: 2 };
 * const plan = ablationPlan(map, {}, grid, { conditions: ["core", "bottom"], fractions: [0.25] });
 * assertEquals(plan.map(({ heads }) => heads), [
 *   [],
 *   [{ layer: 0, head: 1 }],
 *   [{ layer: 0, head: 0 }],
 * ]);
 * ```
 */
export function ablationPlan(
  map: ArrayLike<number>,
  matched: MatchedScores | ArrayLike<number>,
  grid: HeadGrid,
  options: PlanOptions = {},
): PlannedAblation[] {
  const alike: MatchedScores = "length" in matched ? { context: matched } : matched;
  const {
    conditions = defaultConditions.filter((name) =>
      (name !== "score-matched" || alike.context) &&
      (name !== "induction-matched" || alike.induction)
    ),
    fractions = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5],
    draws = 5,
    seed = 0,
    sets = {},
  } = options;
  checkOptions(conditions, draws);
  const total = grid.layers * grid.heads;
  const plan: PlannedAblation[] = [{ condition: "none", fraction: 0, draw: 0, heads: [] }];
  const leftOut = new Map<Condition, string[]>();
  const addControls = (core: readonly HeadId[], fraction: number, set?: string) => {
    for (const condition of drawnControls.filter((name) => conditions.includes(name))) {
      // with half of the heads selected, there is one set of others
      const times = 2 * core.length > total ? 0 : 2 * core.length === total ? 1 : draws;
      const label = `${seed}/${condition}/${set ?? core.length}`;
      const drawn = drawControls(condition, core, grid, alike, { label, times });
      if (drawn === null) {
        leftOut.set(condition, [...leftOut.get(condition) ?? [], set ?? percent(fraction)]);
        continue;
      }
      const known = new Set<string>();
      drawn.forEach((heads, draw) => {
        const name = heads.map(({ layer, head }) => `${layer}:${head}`).join();
        if (!known.has(name)) plan.push({ condition, fraction, draw, heads, set });
        known.add(name);
      });
    }
  };
  const counts = new Set<number>(), ties = new Map<Condition, string[]>();
  for (const fraction of fractions) {
    const core = topHeads(map, grid, { fraction });
    if (counts.has(core.length)) continue;
    counts.add(core.length);
    const add = (condition: Condition, heads: readonly HeadId[], chosen = heads) => {
      if (!conditions.includes(condition)) return;
      plan.push({ condition, fraction, draw: 0, heads });
      const tie = tieAtEnd(map, grid, chosen);
      if (tie === null) return;
      const where = `${percent(fraction)} (${tie.taken} of ${tie.tied} with score ${
        Number(tie.score.toPrecision(3))
      })`;
      ties.set(condition, [...ties.get(condition) ?? [], where]);
    };
    add("core", core);
    add("keep", otherHeads(core, grid), core);
    if (2 * core.length <= total) add("bottom", bottomHeads(map, grid, { count: core.length }));
    addControls(core, fraction);
  }
  for (const [set, heads] of Object.entries(sets)) {
    checkHeads(heads, grid, "ablate");
    if (heads.length === 0) continue;
    const fraction = heads.length / total;
    plan.push({ condition: "set", fraction, draw: 0, heads: [...heads].sort(compareHeads), set });
    addControls(heads, fraction, set);
  }
  for (const [condition, where] of ties) {
    options.onNotice?.(
      `note: heads with equal scores, of which those of lower layers were taken: ${condition} at ` +
        where.join(", "),
    );
  }
  for (const [condition, where] of leftOut) {
    options.onNotice?.(
      `left out: ${condition} controls at ${where.join(", ")}; no such heads are left`,
    );
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

const percent = (share: number) => `${Number((100 * share).toPrecision(3))}%`;

/** Draws of one kind of control; null where they cannot be matched. */
function drawControls(
  condition: typeof drawnControls[number],
  core: readonly HeadId[],
  grid: HeadGrid,
  { context, induction }: MatchedScores,
  { label, times }: { readonly label: string; readonly times: number },
): HeadId[][] | null {
  const draw = (heads: (seed: string) => HeadId[]) =>
    Array.from({ length: times }, (_, i) => heads(`${label}/${i}`));
  if (times === 0) return [];
  if (condition === "random") return draw((own) => randomHeads(core, grid, own));
  if (condition === "layer-matched") {
    return layersHaveRoom(core, grid) ? draw((own) => layerMatchedHeads(core, grid, own)) : null;
  }
  const map = condition === "score-matched" ? context : induction;
  if (!map) throw new InputError(`Cannot plan ${condition} controls without the scores to match`);
  const drawn = draw((own) => scoreMatchedHeads(core, grid, map, own));
  const gaps = drawn.map((heads) => scoreGap(core, heads, grid, map));
  return mean(Float64Array.from(gaps)) <= largestGap ? drawn : null;
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
