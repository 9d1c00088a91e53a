/**
 * Attention knock-out: a head attends as it does, but not to the tokens of a span.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { type SpanName, tokensOf } from "../../inputs/token_spans.ts";
import { hiddenScore } from "../../nn/mask.ts";
import { type InterventionKind, interventionKind } from "./intervention.ts";
import { biasedHead, keyBias } from "./one_head.ts";

/** The head's attention without the tokens of a span; a token that sees only those gets nothing. */
export const knockOut: InterventionKind<[span: SpanName]> = interventionKind({
  kind: "knock-out",
  summary: "its attention without the tokens of a span (attention knock-out)",
  promptForm: {
    name: "block-visual",
    summary: "its attention without the visual tokens",
    make: () => knockOut("visual"),
  },
}, (span: SpanName) => ({
  parameters: { span },
  check({ context }) {
    if (context.spans?.[span].length) return;
    throw new InputError(
      `Cannot knock out the attention to span "${span}": the prompt has no such tokens`,
    );
  },
  apply(k, { attention, context }) {
    const bias = keyBias(attention, tokensOf(context.spans![span]), hiddenScore);
    return { factor: 0, computed: (head) => biasedHead(k, attention, head, bias) };
  },
}));
