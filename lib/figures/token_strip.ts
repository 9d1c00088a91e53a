/**
 * Tokens of a text in a row, coloured by a value each.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkNotEmpty, checkValues, extent } from "./check.ts";
import { HtmlBlock } from "./html_block.ts";
import { escapeHtml, formatNumber } from "./text.ts";
import { colourAt, diverging, evidenceColour, ink, sequential, textColourOn } from "./theme.ts";

/** Options of {@link tokenStrip}. */
export interface TokenStripOptions {
  /** Heading. */
  readonly title?: string;
  /** What the values are, with their unit; `attention (share of the row)` by default. */
  readonly quantity?: string;
  /** Indices of tokens to outline, e.g. the evidence. */
  readonly outlined?: readonly number[];
  /** Value of the strongest colour; the largest absolute value by default. */
  readonly limit?: number;
  /** Sentences for the caption. */
  readonly caption?: string;
}

/** A token's text with its spaces and line ends visible. */
function visible(token: string): string {
  return token.replaceAll(" ", "·").replaceAll("\n", "↵").replaceAll("\t", "→");
}

/**
 * Tokens in reading order, coloured by value; hovering shows the value and the position.
 *
 * @param tokens texts of the tokens, at least one
 * @param values one per token; negative values use a scale of two colours
 * @param options title, quantity, outlined tokens, limit
 * @throws {InputError} when there is no token, lists differ in length, a value is not finite, or
 * an outlined token does not exist
 *
 * @example
 * ```ts
 * import { tokenStrip } from "./token_strip.ts";
 * import { assert } from "@std/assert";
 * const strip = tokenStrip(["The", " owner", " is", " Ann"], [0, 0.1, 0.05, 0.7]);
 * assert(strip.toHtml().includes("·Ann"));
 * ```
 */
export function tokenStrip(
  tokens: readonly string[],
  values: ArrayLike<number>,
  options: TokenStripOptions = {},
): HtmlBlock {
  checkNotEmpty("the token strip", "tokens", tokens);
  checkValues("the token strip", "the values", values, tokens.length);
  const outlined = new Set(options.outlined ?? []);
  for (const index of outlined) {
    if (!(Number.isInteger(index) && index >= 0 && index < tokens.length)) {
      throw new InputError(
        `Cannot outline token ${index}: tokens are 0 to ${tokens.length - 1}`,
      );
    }
  }
  const { quantity = "attention (share of the row)" } = options;
  const [least, most] = extent(values);
  const limit = options.limit ?? (Math.max(Math.abs(least), Math.abs(most)) || 1);
  const [scale, zero] = least < 0 ? [diverging, -limit] : [sequential, 0];
  const colourOf = (value: number): string => colourAt(scale, (value - zero) / (limit - zero));
  const spans = tokens.map((token, i) => {
    const colour = colourOf(values[i]);
    const hint = escapeHtml(`token ${i}: ${quantity} ${formatNumber(values[i])}`);
    const outline = outlined.has(i)
      ? `outline:2px solid ${evidenceColour};outline-offset:-1px;`
      : "";
    const text = escapeHtml(visible(token) || "∅");
    const span = `<span title="${hint}" style="background:${colour};` +
      `color:${textColourOn(colour)};${outline}padding:1px 3px;margin:1px;border-radius:2px;` +
      `display:inline-block;white-space:pre">${text}</span>`;
    return token.includes("\n") ? `${span}<br>` : span;
  });
  const stops = Array.from({ length: 9 }, (_, i) => colourAt(scale, i / 8)).join(",");
  const key = `<div style="display:flex;align-items:center;gap:6px;font-size:11px;` +
    `color:${ink.muted};margin-top:8px"><span>${formatNumber(zero)}</span>` +
    `<span style="width:140px;height:9px;background:linear-gradient(to right,${stops})"></span>` +
    `<span>${formatNumber(limit)} &nbsp;${escapeHtml(quantity)}</span></div>`;
  const order = Array.from(tokens, (_, i) => i)
    .sort((a, b) => Math.abs(values[b]) - Math.abs(values[a]) || a - b).slice(0, 5);
  return new HtmlBlock({
    title: options.title,
    caption: options.caption,
    body: `<div style="font-family:ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace;` +
      `font-size:12.5px;line-height:1.7">${spans.join("")}</div>${key}`,
    text: `${tokens.join("")}\nlargest ${quantity}: ` +
      order.map((i) => `${visible(tokens[i])} (${i}) ${formatNumber(values[i])}`).join(", "),
  });
}
