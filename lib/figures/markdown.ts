/**
 * The little of Markdown that notebooks' texts use, as HTML.
 *
 * @module
 */
import { escapeHtml } from "./text.ts";

/** Addresses that a link may have: of the web, or of a file near the page. */
const allowed = /^(https?:\/\/|\.{0,2}\/?[\w][\w./%-]*(#[\w-]*)?$|#[\w-]+$)/i;

/** Emphasis, code and links of a line that is escaped already. */
function inline(text: string): string {
  const code: string[] = [];
  return escapeHtml(text)
    .replace(/`([^`]+)`/g, (_, inner) => `\u0000${code.push(inner) - 1}\u0000`)
    .replace(
      /\[([^\]]+)\]\(([^()\s]+)\)/g,
      (whole, words, target) => allowed.test(target) ? `<a href="${target}">${words}</a>` : whole,
    )
    .replace(/\*\*([^*]+)\*\*/g, "<strong>$1</strong>")
    .replace(/(^|[^\w])_([^_]+)_(?![\w])/g, "$1<em>$2</em>")
    // deno-lint-ignore no-control-regex
    .replace(/\u0000(\d+)\u0000/g, (_, i) => `<code>${code[Number(i)]}</code>`);
}

/**
 * Paragraphs, lists, headings, code, fenced blocks, emphasis and links; all else is shown as it is written. No markup
 * of the text's own gets through.
 *
 * @param markdown the text
 * @param top level of `#`, as in `<h2>`
 *
 * @example
 * ```ts
 * import { markdownHtml } from "./markdown.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(markdownHtml("Heads that _look_ at `z`."), "<p>Heads that <em>look</em> at <code>z</code>.</p>");
 * ```
 */
export function markdownHtml(markdown: string, top = 2): string {
  const plain = markdown.replace(/\r\n?/g, "\n").replaceAll("\u0000", "");
  // an odd part stands between two fences
  return plain.split(/^```[^\n]*$/m).map((part, i) =>
    i % 2 === 1 ? `<pre>${escapeHtml(part.replace(/^\n|\n$/g, ""))}</pre>` : blocks(part, top)
  ).filter((part) => part !== "").join("\n");
}

/** Paragraphs, lists and headings. */
function blocks(plain: string, top: number): string {
  return plain.split(/\n\s*\n/).flatMap((block) => {
    const text = block.trim();
    if (text === "") return [];
    const heading = /^(#{1,4})\s+(.+)$/.exec(text);
    if (heading) {
      const level = Math.min(6, top + heading[1].length - 1);
      return [`<h${level}>${inline(heading[2])}</h${level}>`];
    }
    if (/^[-*]\s/.test(text)) {
      const items = text.split(/\n(?=[-*]\s)/).map((item) => item.replace(/^[-*]\s+/, ""));
      return [
        `<ul>${items.map((item) => `<li>${inline(item.replace(/\s+/g, " "))}</li>`).join("")}</ul>`,
      ];
    }
    return [`<p>${inline(text.replace(/\s+/g, " "))}</p>`];
  }).join("\n");
}
