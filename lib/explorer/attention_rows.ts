/**
 * Attention rows of one prompt with its answer: all heads averaged over the question, chosen heads
 * row by row.
 *
 * @module
 */
import type { HeadId } from "../common/head_id.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { tokensOf } from "../inputs/token_spans.ts";

/** A prompt with the tokens of an answer behind it. */
export interface AnsweredPrompt extends PreparedPrompt {
  /** Tokens of the prompt alone. */
  readonly promptTokens: number;
}

/** Appends the tokens of an answer to a prompt, as they stand there while the model speaks. */
export function withAnswer(
  model: PretrainedModel,
  prompt: PreparedPrompt,
  answer: readonly number[],
): AnsweredPrompt {
  const promptTokens = prompt.inputIds.length, tokens = promptTokens + answer.length;
  const inputIds = new Int32Array(tokens);
  inputIds.set(prompt.inputIds);
  inputIds.set(answer, promptTokens);
  const tokenTypes = new Uint8Array(tokens);
  tokenTypes.set(prompt.tokenTypes);
  const positions = model.processor.recipe.positions(tokens, prompt.grids, prompt.media);
  return { ...prompt, ...positions, inputIds, tokenTypes, promptTokens };
}

/** Attention of one prompt. */
export interface AttentionRows {
  /** T. */
  readonly tokens: number;
  /** Mean over the question's tokens, `[L * N, T]`. */
  readonly means: Float32Array;
  /** Rows of the chosen heads by query, `[heads, queries, T]`. */
  readonly singles: Float32Array;
}

/** Which of the query rows the mean is taken over: the question's, or the last of the prompt. */
export function questionRows({ spans, promptTokens }: AnsweredPrompt): number[] {
  const question = tokensOf(spans.question);
  return question.length > 0 ? question : [promptTokens - 1];
}

/**
 * Runs a prompt once and keeps rows of attention.
 *
 * @param heads whose rows are kept one by one
 * @param queries tokens whose rows are kept for these heads
 */
export async function attentionRows(
  model: PretrainedModel,
  prompt: AnsweredPrompt,
  heads: readonly HeadId[],
  queries: readonly number[],
): Promise<AttentionRows> {
  const { layers, heads: perLayer } = model.grid, tokens = prompt.inputIds.length;
  const question = questionRows(prompt);
  const rows = [...new Set([...question, ...queries])].sort((a, b) => a - b);
  const place = new Map(rows.map((row, i) => [row, i]));
  const first = place.get(question[0])!, last = place.get(question.at(-1)!)!;
  const asked = new Set(question);
  const isWhole = last - first + 1 === question.length;
  const means = new Float32Array(layers * perLayer * tokens);
  const singles = new Float32Array(heads.length * queries.length * tokens);
  await model.forward(prompt, {
    logits: "none",
    patternRows: {
      rows,
      onPattern(layer, pattern, k) {
        if (isWhole) {
          const part = k.slice(pattern, [0, 0, first, 0], [1, perLayer, question.length, tokens]);
          const mean = k.scale(k.sum(part, 2), 1 / question.length);
          means.set(k.readSync(mean), layer * perLayer * tokens);
        }
        for (let head = 0; head < perLayer; head++) {
          const at = heads.findIndex((id) => id.layer === layer && id.head === head);
          if (at < 0 && isWhole) continue;
          const own = k.readSync(k.slice(pattern, [0, head, 0, 0], [1, 1, rows.length, tokens]));
          const row = (token: number) => {
            const from = place.get(token)! * tokens;
            return own.subarray(from, from + tokens);
          };
          if (at >= 0) {
            queries.forEach((token, i) =>
              singles.set(row(token), (at * queries.length + i) * tokens)
            );
          }
          if (isWhole) continue;
          const into = means.subarray((layer * perLayer + head) * tokens).subarray(0, tokens);
          for (const token of asked) {
            const from = row(token);
            for (let i = 0; i < tokens; i++) into[i] += from[i] / question.length;
          }
        }
      },
    },
  });
  return { tokens, means, singles };
}

/**
 * Attention sinks: tokens to which the median head gives more than so many times the even share.
 * Few heads look things up, so the evidence is none.
 *
 * @param means `[heads, T]`
 * @param times of the even share; 5 by default
 *
 * @example
 * ```ts
 * import { sinksOf } from "./attention_rows.ts";
 * import { assertEquals } from "@std/assert";
 * const means = [...[0.8, 0.1, 0.1], ...[0.7, 0.2, 0.1], ...[0.1, 0.1, 0.8]];
 * assertEquals(sinksOf(means, 3, 2), [0]);
 * ```
 */
export function sinksOf(means: ArrayLike<number>, tokens: number, times = 5): number[] {
  const heads = means.length / tokens, limit = times / tokens, found: number[] = [];
  for (let token = 0; token < tokens; token++) {
    let above = 0;
    for (let head = 0; head < heads; head++) above += means[head * tokens + token] > limit ? 1 : 0;
    if (2 * above > heads) found.push(token);
  }
  return found;
}
