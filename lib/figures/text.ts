/**
 * Texts in figures: escaping, wrapping and the way numbers are written.
 *
 * @module
 */

/** Mean width of a letter of axes, in pixels. */
export const letterWidth = 6.8;

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/**
 * A text for HTML content and quoted attributes.
 *
 * @example
 * ```ts
 * import { escapeHtml } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(escapeHtml('<a title="x">'), "&lt;a title=&quot;x&quot;&gt;");
 * ```
 */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => entities[mark]);
}

/**
 * A text for plotly, which reads a little HTML, templates such as `%{x}` and, where MathJax is
 * loaded, formulas between dollar signs: all shown as they are written. Line ends become `<br>`.
 *
 * @example
 * ```ts
 * import { plotlyText } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(plotlyText("a < b\n%{x}"), "a &lt; b<br>%&#123;x}");
 * ```
 */
export function plotlyText(text: string): string {
  return text
    .replace(/[&<>]/g, (mark) => entities[mark])
    .replace(/\$/g, "&#36;")
    .replace(/%\{/g, "%&#123;")
    .replace(/\r?\n/g, "<br>")
    // deno-lint-ignore no-control-regex
    .replace(/[\u0000-\u001f\u007f]/g, " ");
}

/**
 * Breaks a text into lines of at most `width` characters at spaces; longer words are cut.
 *
 * @param text the text; its own line ends are kept
 * @param width in characters, at least 1
 *
 * @example
 * ```ts
 * import { wrapLines } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(wrapLines("one two three", 8), ["one two", "three"]);
 * ```
 */
export function wrapLines(text: string, width: number): string[] {
  return text.split("\n").flatMap((paragraph) => {
    const lines: string[] = [];
    let line = "";
    for (let word of paragraph.split(/\s+/)) {
      if (line !== "" && line.length + 1 + word.length > width) {
        lines.push(line);
        line = "";
      }
      for (; word.length > width; word = word.slice(width)) lines.push(word.slice(0, width));
      line = line === "" ? word : `${line} ${word}`;
    }
    return [...lines, line];
  });
}

/** A text cut to at most `limit` characters, an ellipsis at its end where something is missing. */
export function shorten(text: string, limit: number): string {
  const characters = [...text];
  return characters.length <= limit ? text : `${characters.slice(0, limit - 1).join("")}…`;
}

/**
 * A number with three significant digits and a real minus sign.
 *
 * @example
 * ```ts
 * import { formatNumber } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0.12345, -2, 1234.5, 0].map((x) => formatNumber(x)), ["0.123", "−2", "1,235", "0"]);
 * ```
 */
export function formatNumber(value: number): string {
  const size = Math.abs(value);
  let text: string;
  if (size === 0) text = "0";
  else if (size < 1e-4 || size >= 1e7) text = value.toExponential(2).replace("e+", "e");
  else if (size >= 100) text = Math.round(value).toLocaleString("en-US");
  else text = String(Number(value.toPrecision(3)));
  return text.replaceAll("-", "−");
}

/**
 * A share written in percent, with as many decimals as it needs.
 *
 * @example
 * ```ts
 * import { formatPercent } from "./text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([0.05, 0.125, 1].map(formatPercent), ["5%", "12.5%", "100%"]);
 * ```
 */
export function formatPercent(share: number): string {
  return `${formatNumber(Number((100 * share).toPrecision(3)))}%`;
}

/** An estimate with its interval, e.g. `0.41 [0.36, 0.45]`. */
export function formatInterval(value: number, low?: number, high?: number): string {
  if (low === undefined || high === undefined) return formatNumber(value);
  return `${formatNumber(value)} [${formatNumber(low)}, ${formatNumber(high)}]`;
}
