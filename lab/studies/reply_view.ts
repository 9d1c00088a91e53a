/**
 * Where heads look when a reply has begun, and what may follow it.
 *
 * @module
 */
import { attentionFrom, type AttentionView } from "../../lib/experiments/attention_view.ts";
import type { AnySample } from "../../lib/experiments/samples.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import type { PreparedPrompt } from "../../lib/inputs/processor.ts";
import { begunSample } from "./completion_sample.ts";

/** What a model does at the last of a reply's first words. */
export interface ReplyView {
  /** The prompt, before the reply. */
  readonly prompt: PreparedPrompt;
  /** Attention of every head from the last of the words to the prompt and the words before it. */
  readonly attention: AttentionView;
  /** Logits of what follows, `[V]`. */
  readonly next: Float32Array;
}

/**
 * Runs a sample's prompt with the first words of a reply.
 *
 * @param begun the words
 * @throws {InputError} naming the sample, if it cannot be used
 *
 * @example
 * ```ts
 * import { replyView } from "./reply_view.ts";
 * import { textNeedle } from "../pages/text_needles.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf");
 * const sample = textNeedle(1, { needles: 2, sentences: 4, split: "test" });
 * const { attention, next } = await replyView(model, sample, "The owner is");
 * assertEquals(attention.grid, model.grid);
 * assertEquals(next.length, model.config.text.vocabSize);
 * ```
 */
export async function replyView(
  model: PretrainedModel,
  sample: AnySample,
  begun: string,
): Promise<ReplyView> {
  const { inputs: prompt, begunInputs } = await begunSample(model, sample, begun);
  const last = begunInputs.inputIds.length - 1;
  const attention = await attentionFrom(model, { ...prompt, ...begunInputs }, [last]);
  const { logits } = await model.forward(begunInputs, { logits: "last" });
  return { prompt, attention, next: logits!.data };
}
