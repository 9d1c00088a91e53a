/**
 * Resample ablation, and activation patching: a head gives what it gives on another prompt.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import { Random } from "../../stats/random.ts";
import type { HeadOutputs } from "../head_outputs.ts";
import { type InterventionKind, interventionKind, type InterventionPlace } from "./intervention.ts";

/**
 * The head's output on another prompt, from `headOutputs`. Without a seed at the same position
 * (activation patching: both prompts must have the same length, and only the prefill is changed);
 * with one at positions that it draws.
 */
export const resample: InterventionKind<[from: HeadOutputs, seed?: number]> = interventionKind({
  kind: "resample",
  summary: "the head's output on another prompt, at the same position or at drawn ones",
}, (from: HeadOutputs, seed?: number) => ({
  parameters: { from, seed },
  check: (place) => checkResample(from, seed, place),
  apply(_, { z, attention: { layer } }) {
    const [, heads, , headDim] = z.shape;
    const data = from.layers.get(layer)!; // [T, N, H]
    const constant = (head: number, position: number) => {
      const token = seed === undefined
        ? position
        : new Random(seed).fork(position).integer(from.tokens);
      const start = (token * heads + head) * headDim;
      return data.subarray(start, start + headDim);
    };
    return { factor: 0, constant };
  },
}));

function checkResample(
  from: HeadOutputs,
  seed: number | undefined,
  { heads, context: { promptLength }, during }: InterventionPlace,
): void {
  const action = `Cannot resample heads from ${quoted(from.id)}`;
  const missing = heads.find(({ layer }) => !from.layers.has(layer));
  if (missing) throw new InputError(`${action}: its outputs of layer ${missing.layer} are missing`);
  if (seed !== undefined) return;
  if (from.tokens !== promptLength) {
    throw new InputError(
      `${action}: it has ${from.tokens} tokens, the prompt has ${promptLength}; give a seed, and ` +
        "positions are drawn",
    );
  }
  if (during !== "prefill") {
    throw new InputError(
      `${action} while decoding: it has no generated tokens; wanted during "prefill", or a seed`,
    );
  }
}
