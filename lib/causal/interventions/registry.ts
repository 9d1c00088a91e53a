/**
 * All interventions: what the command line, notebooks, records and lists of them go by.
 *
 * @module
 */
import type { InterventionKind, PromptForm } from "./intervention.ts";
import { knockOut } from "./knock_out.ts";
import { mean } from "./mean.ts";
import { resample } from "./resample.ts";
import { scale } from "./scale.ts";
import { steer } from "./steer.ts";
import { uniform } from "./uniform.ts";
import { zero } from "./zero.ts";

/**
 * Every kind of intervention, by the name under which it is made.
 *
 * @example
 * ```ts
 * import { interventions } from "./registry.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(interventions.scale(0.5).parameters, { factor: 0.5 });
 * assertEquals(interventions.knockOut("evidence").kind, "knock-out");
 * ```
 */
export const interventions = { zero, scale, mean, resample, uniform, knockOut, steer } as const;

/** The kinds in the order of lists. */
export const interventionKinds: readonly Pick<
  InterventionKind<[]>,
  "kind" | "summary" | "promptForm"
>[] = Object.values(interventions);

/** The interventions that the command line can make from a prompt alone, for `--mask-kind`. */
export const promptForms: readonly PromptForm[] = interventionKinds
  .flatMap(({ promptForm }) => promptForm ?? []);
