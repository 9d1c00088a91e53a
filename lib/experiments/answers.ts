/**
 * Answers to the questions of a data set, and whether they are right.
 *
 * @module
 */
import type { PretrainedModel } from "../families/pretrained.ts";
import type { RunOptions } from "../model/run_options.ts";
import { isCorrect } from "../data/metrics.ts";
import { type NamedScores, publishedScores } from "../data/published_scores.ts";
import { AnswerBudget, answerTokens, opensThoughts } from "./answer_length.ts";
import type { Progress } from "./run_context.ts";
import type { PromptStore } from "./prompt_store.ts";
import { type AnySample, samplePrompt } from "./samples.ts";

/** One answered sample. */
export interface SampleAnswer {
  /** The sample. */
  readonly id: string;
  /** Its domain. */
  readonly domain: string;
  /** Tokens of its prompt. */
  readonly tokens: number;
  /** What the model said. */
  readonly answer: string;
  /** The same as tokens, without the one that ends it. */
  readonly tokenIds: readonly number[];
  /** Whether that is right: by choice where there are choices, else by the sample's metric. */
  readonly correct: boolean;
  /** Scores as the sample's benchmark publishes them, by name. */
  readonly scores: NamedScores;
}

/** How questions are answered. */
export interface AnswerOptions extends RunOptions {
  /**
   * Tokens of an answer at most, thoughts included. By default what the longest right answer or choice
   * needs, and 4096 more where the model thinks before it answers.
   */
  readonly maxNewTokens?: number;
  /** Where prompts are kept from one call to the next; nowhere by default. */
  readonly store?: PromptStore;
  /** Progress. */
  readonly onProgress?: Progress;
}

/**
 * Answers every sample, greedily and without the rules of `generation_config.json`.
 *
 * @throws {InputError} naming a sample that cannot be used
 *
 * @example
 * ```ts
 * import { answerSamples } from "./answers.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { listSamples } from "../data/shipped_samples.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * const samples = (await listSamples("shipped:scene")).slice(0, 1);
 * assertEquals((await answerSamples(model, samples, { maxNewTokens: 2 })).length, 1);
 * ```
 */
export async function answerSamples(
  model: PretrainedModel,
  samples: readonly AnySample[],
  options: AnswerOptions = {},
): Promise<SampleAnswer[]> {
  const { onProgress, store, maxNewTokens: limit, ...run } = options;
  const { tokenizer } = model.processor;
  const answers: SampleAnswer[] = [];
  for (const sample of samples) {
    onProgress?.(answers.length, samples.length);
    const { prompt, embedded } = await store?.get(sample) ??
      { prompt: await samplePrompt(model, sample) };
    const ids: number[] = [];
    const read = (ids: readonly number[]) => tokenizer.decode(ids, { skipSpecialTokens: true });
    const budget = limit === undefined
      ? new AnswerBudget(read, answerTokens(tokenizer, sample), prompt.text)
      : undefined;
    const maxNewTokens = limit ?? budget!.most;
    // greedy without a checkpoint's penalties, as the variants of an ablation are decoded
    const wanted = { ...run, embedded, maxNewTokens, generationConfig: "ignore" } as const;
    for await (const { id, isStop } of model.generate(prompt, wanted)) {
      if (!isStop) ids.push(id);
      if (isStop || budget?.allows(ids) === false) break;
    }
    const answer = read(ids).trim();
    const said = opensThoughts(prompt.text) ? `<think>${answer}` : answer; // thoughts that never end
    answers.push({
      id: sample.id,
      domain: sample.domain,
      tokens: prompt.inputIds.length,
      answer,
      tokenIds: ids,
      correct: isCorrect(said, sample),
      scores: publishedScores(said, sample),
    });
  }
  onProgress?.(samples.length, samples.length);
  return answers;
}
