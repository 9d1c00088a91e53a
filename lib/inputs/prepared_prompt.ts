/**
 * How a conversation is prepared, and what comes of it.
 *
 * @module
 */
import type { ModelInputs } from "../model/model_inputs.ts";
import type { TemplateArguments } from "./chat_template.ts";
import type { Evidence } from "./evidence.ts";
import type { MediaAccess } from "./media_source.ts";
import type { PlacedText } from "./prompt.ts";
import type { TextRange, TokenSpans } from "./token_spans.ts";
import type { PlacedGrid } from "./visual_grid.ts";

/** How a conversation is prepared. */
export interface PrepareOptions extends MediaAccess {
  /** Frames per second of videos that do not say; 24 by default, as transformers. */
  readonly fps?: number;
  /** Values for the chat template; `add_generation_prompt` is true unless set. */
  readonly templateArguments?: TemplateArguments;
  /** The question, where the last user message holds other text too. */
  readonly question?: string;
  /** Where the answer stands; fills `spans.evidence`. */
  readonly evidence?: readonly Evidence[];
}

/** A prompt ready for a model, and what its tokens are. */
export interface PreparedPrompt extends ModelInputs {
  /** The whole prompt as text, placeholders expanded. */
  readonly text: string;
  /** First and last character (exclusive) of each token in `text`, `[T, 2]`. */
  readonly offsets: Int32Array;
  /** 0 text, 1 image, 2 video, `[T]`. */
  readonly tokenTypes: Uint8Array;
  /** The messages' texts in `text`. */
  readonly texts: readonly PlacedText[];
  /** Where the question stands in `text`. */
  readonly question: readonly TextRange[];
  /** Grids of visual tokens in prompt order. */
  readonly grids: readonly PlacedGrid[];
  /** Which tokens are what. */
  readonly spans: TokenSpans;
}
