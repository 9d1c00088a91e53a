/**
 * The library's experiments by name: what each answers, and which command runs it.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";

/** What is known of an experiment apart from how it runs. */
export interface ExperimentFacts {
  /** Name in records. */
  readonly name: string;
  /** What it answers, in one sentence. */
  readonly question: string;
  /** What it does, for messages: `find heads`. */
  readonly action: string;
  /** The command that runs it; null where there is none. */
  readonly command: string | null;
}

/** All of them, in the order in which a study goes. */
export const experiments = {
  findHeads: {
    name: "find_heads",
    question: "Which heads attend from the question to the evidence, and how sure is that?",
    action: "find heads",
    command: "identify",
  },
  ablateHeads: {
    name: "ablate_heads",
    question: "Does the answer need these heads, more than it needs others?",
    action: "ablate heads",
    command: "ablate",
  },
  attributeHeads: {
    name: "attribute_heads",
    question: "What would the answer lose without each head, to first order?",
    action: "attribute heads",
    command: "attribute",
  },
  steerHeads: {
    name: "steer_heads",
    question: "Does the answer go where these heads are made to look?",
    action: "steer heads",
    command: "steer",
  },
  attentionFlows: {
    name: "attention_flows",
    question: "In which layers does the answer need tokens of one kind to see those of another?",
    action: "cut attention flows",
    command: null,
  },
  retrievePlaces: {
    name: "retrieve_places",
    question: "Is the place that the best heads attend to most the one that holds the evidence?",
    action: "retrieve places",
    command: "retrieve",
  },
  prefillSpeed: {
    name: "prefill_speed",
    question:
      "How much faster is prefill when only some heads see everything, and what does it cost?",
    action: "measure prefill",
    command: "accelerate",
  },
  hybridQuality: {
    name: "hybrid_quality",
    question: "Which heads must see everything for the answers to stay right?",
    action: "measure hybrid attention",
    command: null,
  },
} as const satisfies Readonly<Record<string, ExperimentFacts>>;

/** How messages call the record of an experiment. */
function recordOf(name: string): string {
  const known: readonly ExperimentFacts[] = Object.values(experiments);
  const command = known.find((facts) => facts.name === name)?.command;
  return command ? `a record of ${name} (corelens ${command})` : `a record of ${name}`;
}

/**
 * Checks that a folder holds the record of an experiment, as far as its manifest says.
 *
 * @param manifest null where there is none
 * @param wanted the experiments of which it may be
 * @throws {InputError} if it is of another experiment
 *
 * @example
 * ```ts
 * import { checkExperiment, experiments } from "./registry.ts";
 * import { assertThrows } from "@std/assert";
 * assertThrows(
 *   () => checkExperiment("out", { experiment: "ablate_heads" }, experiments.findHeads),
 *   Error,
 *   "it holds a record of ablate_heads (corelens ablate)",
 * );
 * ```
 */
export function checkExperiment(
  folder: string,
  manifest: { readonly experiment?: unknown } | null,
  ...wanted: readonly ExperimentFacts[]
): void {
  const found = manifest?.experiment;
  if (typeof found !== "string" || wanted.some(({ name }) => name === found)) return;
  throw new InputError(
    `Cannot use ${folder}: it holds ${recordOf(found)}; wanted ` +
      wanted.map(({ name }) => recordOf(name)).join(", or "),
  );
}
