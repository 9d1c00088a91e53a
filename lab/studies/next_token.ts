/**
 * What a model says next: by the first token of each thing that it might say.
 *
 * @module
 */
import type { PretrainedModel } from "../../lib/families/pretrained.ts";

/**
 * The token with which a text begins that goes on where another ends.
 *
 * @param text with the space before it, where there is one
 */
export function firstToken({ processor: { tokenizer } }: PretrainedModel, text: string): number {
  return tokenizer.encode(text, { addSpecialTokens: false })[0];
}

/**
 * The token with the largest logit; of equal ones the first.
 *
 * @param logits one per token of the vocabulary
 * @param among the tokens that count; all by default
 *
 * @example
 * ```ts
 * import { likeliestToken } from "./next_token.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(likeliestToken([0, 3, 1, 2]), 1);
 * assertEquals(likeliestToken([0, 3, 1, 2], [2, 3]), 3);
 * ```
 */
export function likeliestToken(logits: ArrayLike<number>, among?: readonly number[]): number {
  let best = among ? among[0] : 0;
  for (const id of among ?? Array(logits.length).keys()) if (logits[id] > logits[best]) best = id;
  return best;
}
