/**
 * Steering: a head attends as it does, but drawn towards chosen tokens, or away from them.
 *
 * Source: Gaze Heads (arXiv 2606.14703), which adds one bias to the scores of a few heads. `z` is that
 * of `softmax(scores + bias at the tokens)`.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { type InterventionKind, interventionKind } from "./intervention.ts";
import { biasedHead, keyBias } from "./one_head.ts";

/** Scores beyond which softmax knows nothing but the largest, in float32. */
const largestBias = 1000;

/**
 * The head's attention with `bias` added to its scores at some of the prompt's tokens: a region of an
 * image, frames, a page, a stretch of text (`evidenceTokens` gives the tokens of each). Attention to
 * a token is multiplied by up to e^bias; a negative bias steers away. A head that is steered sees
 * everything, also where hybrid attention makes it a streaming head.
 */
export const steer: InterventionKind<[tokens: readonly number[], bias: number]> = interventionKind({
  kind: "steer",
  summary: "its attention, drawn towards chosen tokens by a bias on its scores",
}, (tokens: readonly number[], bias: number) => ({
  parameters: { tokens, bias },
  check({ context: { promptLength } }) {
    if (!(Math.abs(bias) <= largestBias)) {
      throw new InputError(
        `Cannot steer heads by a bias of ${bias}: wanted -${largestBias} to ${largestBias}`,
      );
    }
    if (tokens.length === 0) {
      throw new InputError("Cannot steer heads towards 0 tokens: 1 needed");
    }
    const wrong = tokens.find((t) => !Number.isInteger(t) || t < 0 || t >= promptLength);
    if (wrong === undefined) return;
    throw new InputError(
      `Cannot steer heads towards token ${wrong}: the prompt has tokens 0 to ${promptLength - 1}`,
    );
  },
  apply(k, { attention }) {
    const added = keyBias(attention, tokens, bias);
    return { factor: 0, computed: (head) => biasedHead(k, attention, head, added) };
  },
}));
