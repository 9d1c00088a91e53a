/**
 * Manuals as plain text in which a section begins with a line such as `2.3. Where to ask`.
 *
 * @module
 */

/** What a manual is published as. */
export type ManualFormat = "text" | "info" | "html";

const entities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
};

/** Characters that HTML names or numbers. */
function withoutEntities(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([\da-f]+)|(\w+));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? parseInt(hex, 16) : Number(decimal));
  });
}

/** Quotation marks around words go, apostrophes in words are the plain ones. */
function plainQuotes(text: string): string {
  return text.replace(/(?<=\p{L})’(?=\p{L})/gu, "'").replace(/[‘’“”]/g, "");
}

const inOneLine = (text: string) => text.replace(/\s+/g, " ").trim();

function textOfHtml(html: string): string {
  const withoutTags = (part: string) => withoutEntities(part.replace(/<[^>]*>/g, ""));
  const body = html.replace(/<head\b.*?<\/head>|<(script|style)\b.*?<\/\1>|<!--.*?-->/gs, "");
  const parts = body.split(/<h[1-6]\b[^>]*>(.*?)<\/h[1-6]>/s); // text and headings in turn
  return parts.map((part, i) => {
    const text = withoutTags(part);
    if (i % 2 === 0) return text.replace(/^(?=\d)/gm, " "); // no line of text is a heading
    const numbered = /^(\d+(?:\.\d+)+)\.?\s+(.*)$/.exec(inOneLine(text));
    return numbered ? `\n${numbered[1]}. ${numbered[2]}\n` : `\n${text}\n`;
  }).join("");
}

function textOfInfo(info: string): string {
  const [preamble, ...pages] = info.split("\x1f\n");
  const texts = pages.map((page) => page.replace(/^.*\n/, "")); // without the line of its names
  return [preamble, ...texts].join("").replace(
    /^(\d+(?:\.\d+)+) (.*)\n[*=.-]{3,}$/gm,
    (_, number, heading) => `${number}. ${heading}`,
  );
}

/**
 * A manual's text.
 *
 * @example
 * ```ts
 * import { manualText } from "./manual_text.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(manualText("info", "2.3 Where to ask\n----------------\n"), "2.3. Where to ask\n");
 * ```
 */
export function manualText(format: ManualFormat, source: string): string {
  const read = { text: (text: string) => text, info: textOfInfo, html: textOfHtml }[format];
  return format === "text" ? source : plainQuotes(read(source));
}
