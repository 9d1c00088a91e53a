/**
 * Plain text to be gone on with: no chat template stands between what is read and what must follow.
 *
 * @module
 */
import { InputError } from "../../lib/common/errors.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import type { Tokenizer } from "../../lib/inputs/tokenizer.ts";
import { spansOf, tokensInText, type TokenSpan } from "../../lib/inputs/token_spans.ts";

/** A text that ends where something must follow. */
export interface BegunText {
  /** The prompt: the token with which the model's texts begin, then the text. */
  readonly inputs: ModelInputs;
  /** Tokens of the prompt that hold characters of the text, from start to end (exclusive). */
  readonly tokens: (start: number, end: number) => TokenSpan[];
  /** Tokens of the begun sentence. */
  readonly begun: TokenSpan[];
}

/**
 * The token with which a model's training texts begin: `<|endoftext|>`, which ended the text before,
 * where there is one (SmolLM2's and Qwen's `bos_token` begins a message instead), else `bos_token`.
 */
function beginning(tokenizer: Tokenizer): number {
  for (const token of ["<|endoftext|>", tokenizer.specialTokens["bos_token"]]) {
    const ids = token === undefined ? [] : tokenizer.encode(token, { addSpecialTokens: false });
    if (ids.length === 1) return ids[0];
  }
  throw new InputError(
    "Cannot complete texts of this model: its tokenizer has neither <|endoftext|> nor a bos_token",
  );
}

/**
 * The context, a line break and a begun sentence as a prompt, after the token with which the model's
 * texts begin (it takes up the attention of heads that look for nothing).
 *
 * @param context may be empty; then there is no line break
 * @throws {InputError} for a model whose texts begin with no known token
 *
 * @example
 * ```ts
 * import { begunText } from "./begun_text.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf");
 * const { tokenizer } = model.processor;
 * const { inputs, begun: [[start, end]] } = begunText(tokenizer, "Tom has a map.", "The map is");
 * assertEquals(tokenizer.decode(inputs.inputIds.subarray(start, end)), "The map is");
 * ```
 */
export function begunText(tokenizer: Tokenizer, context: string, begun: string): BegunText {
  const first = beginning(tokenizer), text = context === "" ? begun : `${context}\n${begun}`;
  const { ids, offsets } = tokenizer.encodeWithOffsets(text, { addSpecialTokens: false });
  const inputIds = Int32Array.of(first, ...ids);
  const positionIds = Int32Array.from(inputIds, (_, i) => i);
  const tokens = (start: number, end: number) =>
    spansOf(tokensInText(offsets, start, end).map((token) => token + 1));
  return {
    inputs: { inputIds, positionIds, nextPosition: inputIds.length, media: {} },
    tokens,
    begun: tokens(text.length - begun.length, text.length),
  };
}
