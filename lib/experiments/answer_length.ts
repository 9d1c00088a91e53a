/**
 * How many tokens an answer may have: no right answer is cut, and thoughts before it have room.
 *
 * @module
 */
import { answersOf, type SampleText } from "../data/sample.ts";
import type { Tokenizer } from "../inputs/tokenizer.ts";

/** Tokens that a model may think for, where it does so before it answers. */
export const thinkingTokens = 4096;

/** Tokens of `The correct answer is (B)` and the like, around the text of an answer. */
const saying = 16;

/**
 * Tokens that an answer needs at most, thoughts not counted: for choices, boxes, times and answer formats
 * the longest right answer or choice with some words around it, but at least 48 where there is a metric;
 * for others twice the right answer, at least 8.
 *
 * @example
 * ```ts
 * import { answerTokens } from "./answer_length.ts";
 * import { loadTokenizer } from "../inputs/tokenizer.ts";
 * import { assertEquals } from "@std/assert";
 * const tokenizer = await loadTokenizer("tests/golden/qwen3_vl");
 * assertEquals(answerTokens(tokenizer, { answer: "a" }), 8);
 * assertEquals(answerTokens(tokenizer, { answer: "A", choices: ["a", "b"] }), 17);
 * ```
 */
export function answerTokens(
  tokenizer: Pick<Tokenizer, "encode">,
  sample: Pick<SampleText, "answer" | "choices" | "metric">,
): number {
  const texts = [...answersOf(sample), ...sample.choices ?? []];
  const longest = Math.max(
    ...texts.map((text) => tokenizer.encode(text, { addSpecialTokens: false }).length),
  );
  if (sample.choices) return longest + saying;
  return sample.metric ? Math.max(48, longest + saying) : Math.max(8, 2 * longest + 2);
}

/** Whether a prompt ends where the model's thoughts begin. */
export const opensThoughts = (prompt: string): boolean => /<think(?:ing)?>\s*$/.test(prompt);

/** Counts the tokens of one answer: as many as it needs, and the thoughts before it. */
export class AnswerBudget {
  /** Tokens at most, whatever is said. */
  readonly most: number;
  readonly #tokens: number;
  readonly #read: (ids: readonly number[]) => string;
  #end: number;
  #thinks: boolean;

  /**
   * @param read tokens as text
   * @param tokens of the answer itself
   * @param prompt text before the answer
   */
  constructor(read: (ids: readonly number[]) => string, tokens: number, prompt: string) {
    this.#read = read;
    this.#tokens = tokens;
    this.most = tokens + thinkingTokens;
    this.#thinks = opensThoughts(prompt);
    this.#end = this.#thinks ? this.most : tokens;
  }

  /** Whether there is room behind these tokens; to be asked after each of them. */
  allows(ids: readonly number[]): boolean {
    const count = ids.length, early = Math.min(8, this.#tokens);
    if (!this.#thinks && count === early && /^\s*<think/.test(this.#read(ids))) {
      this.#thinks = true;
      this.#end = this.most;
    }
    if (this.#thinks && count >= early && /<\/think/.test(this.#read(ids.slice(-8)))) {
      this.#thinks = false;
      this.#end = Math.min(this.#end, count + this.#tokens);
    }
    return count < this.#end;
  }
}
