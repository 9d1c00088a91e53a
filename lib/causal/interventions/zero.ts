/**
 * Zero ablation: nothing takes the place of a head's output.
 *
 * @module
 */
import { type InterventionKind, interventionKind } from "./intervention.ts";

/** Zero ablation. */
export const zero: InterventionKind<[]> = interventionKind({
  kind: "zero",
  summary: "nothing",
  promptForm: { name: "zero", summary: "nothing", make: () => zero() },
}, () => ({ parameters: {}, check: () => {}, apply: () => ({ factor: 0 }) }));
