/**
 * A head's output, scaled.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { type InterventionKind, interventionKind } from "./intervention.ts";

/** z times a factor. */
export const scale: InterventionKind<[factor: number]> = interventionKind({
  kind: "scale",
  summary: "z times a factor",
}, (factor: number) => ({
  parameters: { factor },
  check() {
    if (Number.isFinite(factor)) return;
    throw new InputError(`Cannot scale heads by ${factor}: wanted a finite number`);
  },
  apply: () => ({ factor }),
}));
