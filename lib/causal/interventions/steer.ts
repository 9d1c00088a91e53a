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
 * everything, also where hybrid attention makes it a streaming head. It acts on the prompt and on
 * generated tokens alike; a mask's `during` and `at` say at which queries, so that it can be switched
 * on and off between tokens.
 *
 * @example
 * ```ts
 * import { interventions } from "./registry.ts";
 * import { intervene } from "../intervene.ts";
 * import { fromPretrained } from "../../families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl", { dtype: "float32" });
 * const prompt = await model.prepare([{ role: "user", content: "Where is the red box?" }]);
 * const heads = [{ layer: 1, head: 3 }], { length } = prompt.inputIds;
 * const intervention = interventions.steer([4, 5], 8); // towards tokens 4 and 5
 * const logits = async (at: [number, number]) => {
 *   const attention = intervene(model, [[{ heads, intervention, at: [at] }]], prompt);
 *   const kept: Float32Array[] = [];
 *   const options = { maxNewTokens: 3, stopTokenIds: [], keepLogits: true, attention };
 *   for await (const token of model.generate(prompt, options)) kept.push(token.logits!);
 *   return kept;
 * };
 * // on while the first new token is read, off again for the second
 * const [once, never] = [await logits([length, length + 1]), await logits([0, 0])];
 * assertEquals(once[0], never[0]); // the first token is chosen before
 * assertEquals(once[1].every((value, i) => value === never[1][i]), false);
 * ```
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
