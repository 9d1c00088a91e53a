/**
 * What a policy makes of a budget: which mask every head follows, on every prompt. Beside the choices
 * of full heads (`policies.ts`) there are three rivals that spend it otherwise.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { hybridAttention } from "./attention.ts";
import { oracleAttention } from "./oracle.ts";
import type { Pattern, PromptLayout } from "./patterns/pattern.ts";
import { patterns } from "./patterns/registry.ts";
import { hybridPlan, placedPlan, type SparsePlan } from "./plan.ts";
import { fullHeads, type PolicyInput, type PolicyName, policyNames } from "./policies.ts";
import { type TemplateMasses, templatePlan } from "./templates.ts";

/** Names of the rivals. */
export const otherPolicyNames = ["templates", "from-question", "oracle"] as const;

/** A way to spend a budget other than by choosing full heads. */
export type OtherPolicyName = typeof otherPolicyNames[number];

/** What each rival does, for captions. */
export const otherPolicyTitles: Readonly<Record<OtherPolicyName, string>> = {
  "templates": "for each head the cheapest mask that keeps its attention (as BlindSight)",
  "from-question": "no head full in the context, all from the question on (as Star Attention)",
  "oracle":
    "each query's own top keys, as many as the best heads' plan reads: a bound, not a speed",
};

/** Policies and rivals. */
export type AnyPolicy = PolicyName | OtherPolicyName;

/** All of them, in the order of figures and tables. */
export const anyPolicyNames: readonly AnyPolicy[] = [...policyNames, ...otherPolicyNames];

/** Whether a policy makes the same of every budget: no head is full. */
export function ignoresBudget(policy: AnyPolicy): boolean {
  return policy === "local" || policy === "from-question";
}

/** What a policy chooses from, and what the other heads see. */
export interface PlanInput extends PolicyInput {
  /** What the other heads see; masks and `from-question` take its sink and window. */
  readonly others: Pattern;
  /** What template masks keep, measured on other samples; for `templates` only. */
  readonly templates?: TemplateMasses;
}

/** A policy at a budget. */
export interface PolicyPlan {
  /** Share of heads that see everything; for the oracle that of the plan whose budget it has. */
  readonly fullHeads: number;
  /** Whether its time says anything; not for the oracle, which computes what it does not read. */
  readonly timed: boolean;
  /** The plan on a prompt; for the oracle the one whose budget it has. */
  planOn(layout: PromptLayout): SparsePlan;
  /** The attention function on a prompt. */
  attentionOn(layout: PromptLayout): AttentionFunction;
}

/** The same function for prompts of one layout, so that they can share what it computes. */
function keptByLayout<T>(make: (layout: PromptLayout) => T): (layout: PromptLayout) => T {
  const known = new Map<string, T>();
  return (layout) => {
    const key = JSON.stringify([layout.images, layout.question]);
    const found = known.get(key) ?? make(layout);
    known.set(key, found);
    return found;
  };
}

/**
 * A policy at a budget.
 *
 * @throws {InputError} for a count beyond the number of heads, or `templates` without their masses
 *
 * @example
 * ```ts
 * import { patterns } from "./patterns/registry.ts";
 * import { policyPlan } from "./policy_plan.ts";
 * import { assertEquals } from "@std/assert";
 * const input = {
 *   ...{ grid: { layers: 2, heads: 2 }, group: 1, scores: [0, 3, 1, 2], count: 1, seed: 0 },
 *   others: patterns.local({ sink: 1, window: 4 }),
 * };
 * const { fullHeads, planOn } = policyPlan("core", input);
 * assertEquals(fullHeads, 0.25);
 * assertEquals(planOn({ images: [], question: 9 }).patterns[0][1].kind, "dense");
 * ```
 */
export function policyPlan(policy: AnyPolicy, input: PlanInput): PolicyPlan {
  const { grid, others, templates, count } = input, total = grid.layers * grid.heads;
  const made = (plan: SparsePlan, full: number): PolicyPlan => ({
    fullHeads: full / total,
    timed: true,
    planOn: (layout) => placedPlan(plan, layout),
    attentionOn: keptByLayout((layout) => hybridAttention(placedPlan(plan, layout))),
  });
  const { sink, window } = { sink: 64, window: 256, ...others.parameters };
  if (policy === "from-question") {
    return made(hybridPlan(grid, [], patterns.fromQuestion({ sink, window })), 0);
  }
  if (policy === "templates") {
    if (!templates) {
      throw new InputError(
        "Cannot use the policy templates without samples to choose its masks on: give others than " +
          "those that are asked",
      );
    }
    if (templates.sink !== sink || templates.window !== window) {
      throw new InputError(
        `Cannot use template masks of sink ${templates.sink} and window ${templates.window} with ` +
          `sink ${sink} and window ${window}: measure them with these`,
      );
    }
    return made(templatePlan(templates, count).plan, count);
  }
  const full = fullHeads(policy === "oracle" ? "core" : policy, input);
  const plan = hybridPlan(grid, full, others);
  if (policy !== "oracle") return made(plan, full.length);
  return {
    ...made(plan, full.length),
    timed: false,
    attentionOn: keptByLayout((layout) => oracleAttention(placedPlan(plan, layout))),
  };
}
