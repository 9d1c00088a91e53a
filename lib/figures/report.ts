/**
 * Many figures on one self-contained HTML page.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { sourceHash } from "../common/inline_source.ts";
import { checkNotEmpty } from "./check.ts";
import type { ReportItem, ReportPage, ReportSection } from "./report_items.ts";
import { reportScript, reportStyle } from "./report_look.ts";
import { contentsOf, drawItems, packedBlock, paragraphs, scriptHashes } from "./report_parts.ts";
import { escapeHtml } from "./text.ts";

/** Options of {@link report}. */
export interface ReportOptions {
  /** Title of the page. */
  readonly title: string;
  /** Paragraphs below the title, plain text, separated by empty lines. */
  readonly intro?: string;
  /** Names and values below the title: model, seed, commit, date. */
  readonly facts?: readonly (readonly [name: string, value: string])[];
  /** A list of the headings with links; by default where there are at least three. */
  readonly contents?: boolean;
  /** Paragraphs at the end, plain text. */
  readonly footer?: string;
  /**
   * Where plotly comes from: `inline` (default) writes it into the page, compressed to 2 MB, and the
   * page needs nothing else; any other text is the address of a script, e.g. `plotly.min.js` beside
   * the page (save {@link plotlyScript} there); `none` shows the drawings only.
   */
  readonly plotly?: string;
}

/**
 * Source of plotly, from the installed package.
 *
 * @throws {Error} when the package is not installed or may not be read
 */
export function plotlyScript(): string {
  return readFileSync(createRequire(import.meta.url).resolve("plotly.js-dist-min"), "utf8");
}

/**
 * The policy of a page: its own scripts by their hashes, images in it, and nothing else. Styles may
 * stand anywhere in it: plotly and tables set them by attribute, and they cannot load anything.
 */
function policyOf(scripts: readonly string[]): string {
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.length === 0 ? "'none'" : scripts.join(" ")}`,
    "style-src 'unsafe-inline'",
    "img-src data: blob:",
    "base-uri 'none'",
    "form-action 'none'",
  ].join("; ");
  return `<meta http-equiv="Content-Security-Policy" content="${policy}">\n`;
}

/**
 * One HTML page with figures, tables and text, that loads nothing from elsewhere and whose content
 * security policy allows nothing else. Without JavaScript, and on paper, it shows the drawings.
 *
 * @param items figures, tables, headings, texts and pages, in order, at least one
 * @param options title, introduction, facts, contents, where plotly comes from
 * @returns the page; write it to a file
 * @throws {InputError} when there is nothing to show
 *
 * @example
 * ```ts
 * import { headMap } from "./head_map.ts";
 * import { report } from "./report.ts";
 * import { assert } from "@std/assert";
 * const figure = headMap({ shape: [1, 2], values: [0.2, 0.5] }, { title: "RAM" });
 * const caption = "n = 40 samples; record runs/heads";
 * const page = report([{ heading: "Heads" }, { figure, caption }], { title: "Run 7", plotly: "none" });
 * assert(page.startsWith("<!DOCTYPE html>"));
 * ```
 */
export function report(
  items: readonly ReportItem[],
  options: ReportOptions,
): string {
  checkNotEmpty("the report", "items", items);
  const { title, facts = [], plotly = "inline" } = options;
  const sections = items.filter((item): item is ReportSection => "heading" in item);
  const pages = items.filter((item): item is ReportPage => "page" in item);
  const isDrawn = plotly !== "none" &&
    items.some((item) => "toSpec" in ("figure" in item ? item.figure : item));
  const source = isDrawn && plotly === "inline" ? plotlyScript() : null;
  const runs = isDrawn || pages.length > 0;
  const isOutside = isDrawn && source === null; // a policy cannot name a file beside the page
  const hashes = [
    ...(runs ? [sourceHash(reportScript)] : []),
    ...(source === null ? [] : [sourceHash(source)]),
    ...pages.flatMap(({ page }) => scriptHashes(page)),
  ];
  const outside = isOutside ? `<script src="${escapeHtml(plotly)}"></script>\n` : "";
  const list = facts.map(([name, value]) =>
    `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`
  ).join("");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
${
    isOutside
      ? ""
      : policyOf(hashes)
  }<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<style>${reportStyle}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${paragraphs(options.intro)}
${list === "" ? "" : `<dl class="facts">${list}</dl>`}
${options.contents ?? sections.length >= 3 ? contentsOf(sections) : ""}
<main>
${drawItems(items)}
</main>
${options.footer === undefined ? "" : `<footer>${paragraphs(options.footer)}</footer>`}
${source === null ? "" : packedBlock('id="corelens-plotly"', source)}
${outside}${runs ? `<script>${reportScript}</script>` : ""}
</body>
</html>
`;
}
