/**
 * Many figures on one self-contained HTML page.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { checkNotEmpty } from "./check.ts";
import type { Displayable, PlotlySpec } from "./figure.ts";
import { escapeHtml } from "./text.ts";
import { fontFamily, ink } from "./theme.ts";

/** A heading with a paragraph, between figures. */
export interface ReportSection {
  /** The heading, plain text. */
  readonly heading: string;
  /** Paragraphs, plain text, separated by empty lines. */
  readonly text?: string;
}

/** Options of {@link report}. */
export interface ReportOptions {
  /** Title of the page. */
  readonly title: string;
  /** Paragraphs below the title, plain text, separated by empty lines. */
  readonly intro?: string;
  /**
   * Where plotly comes from: `inline` (default) writes it into the page, which then has about
   * 5 MB and needs nothing else; any other text is the address of a script, e.g. `plotly.min.js`
   * beside the page (save {@link plotlyScript} there); `none` shows the drawings only.
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

/** JSON that may stand inside a script element. */
function scriptJson(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<\u2028\u2029]/g,
    (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** Paragraphs of a plain text. */
function paragraphs(text: string | undefined): string {
  if (text === undefined) return "";
  return text.split(/\n\s*\n/).map((part) => `<p>${escapeHtml(part.trim())}</p>`).join("\n");
}

/** Replaces each drawing by its interactive figure; if plotly is missing, the drawings stay. */
const upgrade = `
for (const source of document.querySelectorAll("script.corelens-spec")) {
  if (!globalThis.Plotly) break;
  const { data, layout, config } = JSON.parse(source.textContent);
  const plot = document.createElement("div");
  const drawing = source.previousElementSibling;
  drawing.after(plot);
  Plotly.newPlot(plot, data, layout, config).then(() => drawing.remove());
}
`;

/** An entry of a report. */
export type ReportItem = Displayable | PlotlyDisplayable | ReportSection;

/** Something that plotly can draw: a `Figure`, or one read back from an executed notebook. */
export interface PlotlyDisplayable extends Displayable {
  /** In plotly's own form. */
  toSpec(): PlotlySpec;
}

/** One entry of the page. */
function drawItem(item: ReportItem): string {
  if ("heading" in item) {
    return `<h2>${escapeHtml(item.heading)}</h2>\n${paragraphs(item.text)}`;
  }
  const spec = "toSpec" in item
    ? `<script type="application/json" class="corelens-spec">${scriptJson(item.toSpec())}</script>`
    : "";
  return `<section aria-label="${escapeHtml(item.title)}">${item.toHtml()}${spec}</section>`;
}

/**
 * One HTML page with figures, tables and text, that loads nothing from elsewhere. Without
 * JavaScript it shows the drawings.
 *
 * @param items figures, tables and headings, in order, at least one
 * @param options title, introduction, where plotly comes from
 * @returns the page; write it to a file
 * @throws {InputError} when there is nothing to show
 *
 * @example
 * ```ts
 * import { headMap } from "./head_map.ts";
 * import { report } from "./report.ts";
 * import { assert } from "@std/assert";
 * const figure = headMap({ shape: [1, 2], values: [0.2, 0.5] }, { title: "RAM" });
 * const page = report([{ heading: "Heads" }, figure], { title: "Run 7", plotly: "none" });
 * assert(page.startsWith("<!DOCTYPE html>"));
 * ```
 */
export function report(
  items: readonly ReportItem[],
  options: ReportOptions,
): string {
  checkNotEmpty("the report", "items", items);
  const { title, plotly = "inline" } = options;
  const scripts = plotly === "none"
    ? ""
    : (plotly === "inline"
      ? `<script>${plotlyScript().replace(/<\/(script)/gi, "<\\/$1")}</script>`
      : `<script src="${escapeHtml(plotly)}"></script>`) + `\n<script>${upgrade}</script>`;
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<style>
body { font-family: ${fontFamily}; color: ${ink.text}; background: ${ink.paper};
  max-width: 900px; margin: 2rem auto; padding: 0 1rem; line-height: 1.5; }
h1 { font-size: 1.6rem; font-weight: 600; color: ${ink.strong}; }
h2 { font-size: 1.15rem; font-weight: 600; color: ${ink.strong}; margin-top: 2.2rem; }
section { overflow-x: auto; }
</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${paragraphs(options.intro)}
${items.map(drawItem).join("\n")}
${scripts}
</body>
</html>
`;
}
