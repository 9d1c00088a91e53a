/**
 * Heads scored where a reply begins, in place of the question: a model that answers "Picture 3:" may look the picture up
 * when it has written so, not while it reads what is asked.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { LazyHeadSample } from "../../lib/experiments/find_heads.ts";
import { type FoundHeads, scoresBy } from "../../lib/experiments/found_heads.ts";
import { type AnySample, lazily } from "../../lib/experiments/samples.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { begunSample } from "./completion_sample.ts";

/** A sample and how its reply begins. */
export interface BegunReply {
  readonly sample: AnySample;
  /** The first words of the reply, e.g. `Picture 3:`. */
  readonly begun: string;
  /** The same for what is not there, e.g. `Picture 9:`; it takes their place for calibration. */
  readonly nullBegun: string;
}

/**
 * Samples for `findHeads` whose scored tokens are the first words of the reply, behind the whole prompt.
 *
 * @throws {InputError} naming the sample, if it cannot be used
 */
export function replyHeadSamples(
  model: PretrainedModel,
  replies: readonly BegunReply[],
): LazyHeadSample[] {
  const byId = new Map(replies.map((reply) => [reply.sample.id, reply]));
  const lazy = lazily(
    replies.map(({ sample }) => sample),
    async (sample) => {
      const { begun, nullBegun } = byId.get(sample.id)!;
      const { inputs: prompt, begunInputs, ...rest } = await begunSample(model, sample, begun);
      const reply = [prompt.inputIds.length, begunInputs.inputIds.length] as const;
      return {
        ...rest,
        inputs: begunInputs,
        spans: { ...rest.spans, question: [reply], answer: [] },
        nullQuery: model.processor.tokenizer.encode(nullBegun, { addSpecialTokens: false }),
      };
    },
    { scored: "reply", replies: replies.map(({ begun, nullBegun }) => [begun, nullBegun]) },
  );
  return lazy.map((one) => ({ ...one, offers: ["nullQuery" as const] }));
}

/** Name of the scores of {@link lessAsked}. */
export const lessAskedRule = "ram-less-asked";

/**
 * Scores where a reply begins, less those of the same heads on the same evidence when something else was asked for and the
 * reply begins otherwise. A null reply behind the same question takes the score of heads that follow the question; behind
 * another question it does not.
 *
 * @param found RAM from a reply's beginning
 * @param other the same where question and reply are about what is not there, for the same samples
 * @returns scores by this difference in front, among those of the record
 * @throws {InputError} if the samples are not the same
 */
export function lessAsked(found: FoundHeads, other: FoundHeads): FoundHeads {
  const [own, taken] = [found, other].map((record) => scoresBy(record, "ram"));
  if (own.sampleIds.join() !== taken.sampleIds.join()) {
    throw new InputError(
      `Cannot compare replies: ${own.sampleIds.length} samples and ${taken.sampleIds.length} ` +
        "others, not the same ones in one order",
    );
  }
  const data = own.data.map((value, i) => value - taken.data[i]);
  const { sampleIds, domains, shape } = own;
  const scores = { rule: lessAskedRule, sampleIds, domains, shape, data };
  return { ...found, ...scores, rules: [scores, ...found.rules] };
}
