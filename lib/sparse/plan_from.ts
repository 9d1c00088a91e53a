/**
 * A hybrid plan in one call: from a model and its heads' scores.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { checkOptions } from "../common/values.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { Seed } from "../stats/random.ts";
import { chosenPattern, type PatternChoice } from "./patterns/choice.ts";
import { hybridPlan, type SparsePlan } from "./plan.ts";
import { fullHeads, type PolicyName } from "./policies.ts";

/** Settings of {@link planFrom}. */
export interface PlanFromOptions extends PatternChoice {
  /** Share of heads that see everything, 0 to 1. */
  readonly fraction: number;
  /** How they are chosen; `core` by default. */
  readonly policy?: PolicyName;
  /** Seed of random policies; 0 by default. */
  readonly seed?: Seed;
}

const optionNames: Readonly<Record<keyof PlanFromOptions, true>> = {
  fraction: true,
  policy: true,
  seed: true,
  pattern: true,
  sink: true,
  window: true,
};

/**
 * Which heads of a model see everything, and which only what a pattern lets them see: by default the
 * first and the last tokens.
 *
 * @param scores score of every head, `[layers, heads]` row by row
 * @throws {InputError} for scores of another model, or a share outside of 0 to 1
 *
 * @example
 * ```ts
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { planFrom } from "./plan_from.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * const { layers, heads } = model.grid;
 * const scores = Float32Array.from({ length: layers * heads }, (_, i) => i);
 * const plan = planFrom(model, scores, { fraction: 0.25, sink: 4, window: 64 });
 * assertEquals(plan.patterns.length, layers);
 * ```
 */
export function planFrom(
  model: AnyModel,
  scores: ArrayLike<number>,
  options: PlanFromOptions,
): SparsePlan {
  checkOptions("plan hybrid attention", options, optionNames);
  const { fraction, policy = "core", seed = 0, ...choice } = options;
  const { grid, config: { text } } = networkOf(model), total = grid.layers * grid.heads;
  if (scores.length !== total) {
    throw new InputError(
      `Cannot rank heads by ${scores.length} scores: the model has ${total} heads`,
    );
  }
  if (!(fraction >= 0 && fraction <= 1)) {
    throw new InputError(`Cannot keep a share of ${fraction} heads full: wanted 0 to 1`);
  }
  const full = fullHeads(policy, {
    grid,
    group: grid.heads / text.numKeyValueHeads,
    scores,
    count: Math.round(fraction * total),
    seed,
  });
  return hybridPlan(grid, full, chosenPattern(choice));
}
