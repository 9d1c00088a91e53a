/**
 * What steering comes to: how often the answer is the target's, and how often it stays the right one,
 * by heads and bias.
 *
 * @module
 */
import { type CrossedInterval, crossedInterval } from "../stats/crossed.ts";
import { endsOf } from "../stats/interval.ts";
import { mean } from "../stats/summary.ts";
import { wilsonOfShare } from "../stats/proportion.ts";
import type { Condition, PlannedAblation } from "./ablation_plan.ts";

/** Answers of one sample: unsteered first, then every set under every bias (set by set). */
export interface SteerRow {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** Number of the target among the sample's. */
  readonly target: number;
  /** 1 where the answer is the target's. */
  readonly followed: Float32Array;
  /** 1 where it is the right one still. */
  readonly stayed: Float32Array;
}

/** One row of `results.json`. */
export interface SteerResult {
  /** Who is steered; `none` for the model as it is. */
  readonly condition: Condition;
  /** Share of heads. */
  readonly fraction: number;
  /** How many heads. */
  readonly heads: number;
  /** What is added to their scores at the target's tokens; 0 for the model as it is. */
  readonly bias: number;
  /** Draws of the heads. */
  readonly draws: number;
  /** Number of samples. */
  readonly samples: number;
  /** Share of answers that are the target's. */
  readonly followed: number;
  /**
   * Its 95% interval: over samples (Wilson); for several draws over samples and draws, and no narrower
   * than Wilson's for one, so that it has a width where no answer moves.
   */
  readonly followedCi95: readonly [low: number, high: number];
  /** Share of answers that are right still. */
  readonly stayed: number;
  /** Its 95% interval. */
  readonly stayedCi95: readonly [low: number, high: number];
  /** `followed` of the core heads minus this, at the same bias; absent for `none` and `core`. */
  readonly coreExcess?: number;
  /** Its 95% interval over samples and draws. */
  readonly coreExcessCi95?: readonly [low: number, high: number];
}

/** Settings of the bootstrap. */
interface Bootstrap {
  readonly draws: number;
  readonly seed: number;
}

/** Values `[samples, draws]`, side by side. */
function table(
  rows: readonly SteerRow[],
  value: (row: SteerRow, draw: number) => number,
  draws: number,
) {
  const data = Float64Array.from(
    { length: rows.length * draws },
    (_, i) => value(rows[Math.floor(i / draws)], i % draws),
  );
  return { rows: rows.length, columns: draws, data };
}

/**
 * The rows of the record.
 *
 * @param plan the sets that were steered, each under every bias
 */
export function steerResults(
  rows: readonly SteerRow[],
  plan: readonly PlannedAblation[],
  biases: readonly number[],
  bootstrap: Bootstrap,
): SteerResult[] {
  const strata = rows.map(({ domain }) => domain);
  const place = (set: number, bias: number) => 1 + set * biases.length + bias;
  /** Share and interval of a mark over samples and the draws at some places. */
  const share = (mark: "followed" | "stayed", places: readonly number[]) => {
    const own = table(rows, (row, draw) => row[mark][places[draw]], places.length);
    const estimate = mean(own.data), alone = wilsonOfShare(estimate, rows.length);
    if (places.length === 1) return { ...alone, estimate };
    const both = crossedInterval(own, { ...bootstrap, strata });
    const low = Math.min(both.low, alone.low), high = Math.max(both.high, alone.high);
    return { estimate, low, high };
  };
  const result = (condition: Condition, sets: readonly number[], bias: number | null) => {
    const places = bias === null ? [0] : sets.map((set) => place(set, bias));
    const followed = share("followed", places), stayed = share("stayed", places);
    return {
      condition,
      fraction: plan[sets[0]]?.fraction ?? 0,
      heads: plan[sets[0]]?.heads.length ?? 0,
      bias: bias === null ? 0 : biases[bias],
      draws: places.length,
      samples: rows.length,
      followed: followed.estimate,
      followedCi95: endsOf(followed),
      stayed: stayed.estimate,
      stayedCi95: endsOf(stayed),
    } as const satisfies SteerResult;
  };
  const kinds = Map.groupBy(plan.keys(), (set) => plan[set].condition);
  const [core] = kinds.get("core") ?? [];
  const excess = (sets: readonly number[], bias: number): CrossedInterval => {
    const difference = table(
      rows,
      ({ followed }, draw) => followed[place(core, bias)] - followed[place(sets[draw], bias)],
      sets.length,
    );
    return crossedInterval(difference, { ...bootstrap, strata });
  };
  const steered = [...kinds].flatMap(([condition, sets]) =>
    biases.map((_, bias): SteerResult => {
      const own = result(condition, sets, bias);
      if (condition === "core" || core === undefined) return own;
      const { estimate, low, high } = excess(sets, bias);
      return { ...own, coreExcess: estimate, coreExcessCi95: [low, high] };
    })
  );
  return [result("none", [], null), ...steered];
}

/**
 * A record in one line of a table: how often answers go where heads are led, by the strongest bias, for
 * each kind of heads, in percent with 95% intervals.
 *
 * @param model its name
 *
 * @example
 * ```ts
 * import { strongestRow } from "./steer_results.ts";
 * import { readSteeredHeads } from "./steer_heads.ts";
 * import { dataFolder } from "../families/shipped.ts";
 * import { assertEquals } from "@std/assert";
 * const row = strongestRow("mini", await readSteeredHeads(`${dataFolder()}/results/mini/steer`));
 * assertEquals([row.bias, row.core], [32, "78% [61, 89]"]);
 * ```
 */
export function strongestRow(
  model: string,
  rows: readonly SteerResult[],
): Readonly<Record<string, string | number>> {
  const bias = Math.max(...rows.map((row) => row.bias));
  const percent = (share: number) => Math.round(100 * share);
  const shares = rows.filter((row) => row.condition === "none" || row.bias === bias).map((row) => {
    const { condition, followed, followedCi95: [low, high] } = row;
    const name = condition === "none" ? "not steered" : condition;
    return [name, `${percent(followed)}% [${percent(low)}, ${percent(high)}]`];
  });
  return { model, samples: rows[0].samples, bias, ...Object.fromEntries(shares) };
}
