/**
 * The small model's tokens: one id per word, Qwen's special tokens, and how questions and answers
 * stand in the chat template.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import { splitWords, words } from "../synthetic/vocabulary.ts";

/** First id of the special tokens; ids between the words and this are unused. */
export const specialStart = 640;

/** Special tokens in the order of their ids. */
export const specialTokens: readonly string[] = [
  "<|endoftext|>",
  "<|im_start|>",
  "<|im_end|>",
  "<|object_ref_start|>",
  "<|object_ref_end|>",
  "<|box_start|>",
  "<|box_end|>",
  "<|quad_start|>",
  "<|quad_end|>",
  "<|vision_start|>",
  "<|vision_end|>",
  "<|vision_pad|>",
  "<|image_pad|>",
  "<|video_pad|>",
  "<|unk|>",
];

/** V, the rows of the embedding table. */
export const vocabSize = 672;

/**
 * Id of a special token.
 *
 * @throws {InputError} when there is none of this name
 */
export function specialId(name: string): number {
  const index = specialTokens.indexOf(name);
  if (index < 0) {
    throw new InputError(
      `Cannot find the special token "${name}": valid are ${specialTokens.join(", ")}`,
    );
  }
  return specialStart + index;
}

/** Ids that the training code needs by name. */
export const tokenIds = {
  pad: specialId("<|endoftext|>"),
  start: specialId("<|im_start|>"),
  end: specialId("<|im_end|>"),
  visionStart: specialId("<|vision_start|>"),
  visionEnd: specialId("<|vision_end|>"),
  image: specialId("<|image_pad|>"),
  video: specialId("<|video_pad|>"),
  unknown: specialId("<|unk|>"),
} as const;

const wordIdOf = new Map(words.map((word, id) => [word, id]));

/**
 * Token ids of a text, unknown words as `<|unk|>`: what the exported tokenizer gives.
 *
 * @example
 * ```ts
 * import { encodeText, tokenIds } from "./token_format.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(encodeText("redcircle nonsense"), [0, tokenIds.unknown]);
 * ```
 */
export function encodeText(text: string): number[] {
  return splitWords(text).map((word) => wordIdOf.get(word) ?? tokenIds.unknown);
}

/** One question block in tokens, and where its answer stands. */
export interface QuestionTokens {
  /** `question… <|im_end|> <|im_start|> assistant answer… <|im_end|>`. */
  readonly ids: readonly number[];
  /** Place of the first answer token in `ids`. */
  readonly answerStart: number;
  /** Tokens of the answer, without the end token. */
  readonly answerLength: number;
  /** Place of the question's last token. */
  readonly questionEnd: number;
}

/**
 * The tokens that follow a context: the question, the template's turn to the assistant, the answer.
 */
export function questionTokens(question: string, answer: string): QuestionTokens {
  const asked = encodeText(question), told = encodeText(answer);
  const turn = [tokenIds.end, tokenIds.start, ...encodeText("assistant")];
  return {
    ids: [...asked, ...turn, ...told, tokenIds.end],
    answerStart: asked.length + turn.length,
    answerLength: told.length,
    questionEnd: asked.length - 1,
  };
}
