/**
 * The parts of a report's page as HTML.
 *
 * @module
 */
import { packText, sourceHash } from "../common/inline_source.ts";
import { markdownHtml } from "./markdown.ts";
import type {
  ReportFigure,
  ReportItem,
  ReportLink,
  ReportPage,
  ReportSection,
} from "./report_items.ts";
import { escapeHtml } from "./text.ts";

/** Paragraphs of a plain text. */
export function paragraphs(text: string | undefined): string {
  if (text === undefined) return "";
  return text.split(/\n\s*\n/).map((part) => `<p>${escapeHtml(part.trim())}</p>`).join("\n");
}

function linkLine(links: readonly ReportLink[] | undefined): string {
  return (links ?? []).map(({ text, href }) =>
    `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`
  ).join(" · ");
}

/** A data block that is unpacked in the browser. */
export function packedBlock(attributes: string, text: string): string {
  return `<script type="text/plain" ${attributes}>${packText(text)}</script>`;
}

/** Scripts of a page that run, by their hashes, so that the policy around it allows them, too. */
export function scriptHashes(page: string): string[] {
  return [...page.matchAll(/<script(?: type="module")?>(.*?)<\/script>/gs)]
    .map(([, script]) => sourceHash(script));
}

/** A figure or table with its number. */
function drawFigure({ figure, id, caption, links }: ReportFigure, number: number): string {
  const isPlotly = "toSpec" in figure;
  const spec = isPlotly
    ? packedBlock('class="corelens-spec"', JSON.stringify(figure.toSpec()))
    : "";
  const words = [caption === undefined ? "" : escapeHtml(caption), linkLine(links)]
    .filter((part) => part !== "").join(" ");
  return `<section class="entry${isPlotly ? " drawn" : ""}" id="${
    escapeHtml(id ?? `figure-${number}`)
  }" ` +
    `aria-label="${escapeHtml(figure.title || `Figure ${number}`)}">` +
    `<div class="paper">${figure.toHtml()}</div>${spec}` +
    `${words === "" ? "" : `<p><strong>Figure ${number}.</strong> ${words}</p>`}</section>`;
}

/** A page in a frame. */
function drawPage({ pageTitle, page, caption = "", links }: ReportPage): string {
  const megabytes = (packText(page).length / 1e6).toFixed(1);
  return `<section class="entry frame" aria-label="${escapeHtml(pageTitle)}">` +
    `<p class="waiting">${
      escapeHtml(pageTitle)
    }: ${megabytes} MB, opened when it comes into view. ` +
    `It needs JavaScript.</p>${packedBlock('class="corelens-page"', page)}` +
    `<p class="only-print">${escapeHtml(pageTitle)} is interactive, and not printed.</p>` +
    `<p>${
      [escapeHtml(caption), linkLine(links)].filter((part) => part !== "").join(" ")
    }</p></section>`;
}

/** A word beside a heading. */
function badgeOf(badge: ReportSection["badge"]): string {
  return badge ? ` <span class="badge ${badge.tone ?? ""}">${escapeHtml(badge.text)}</span>` : "";
}

/** A heading, with the name that the contents lead to. */
function drawHeading(section: ReportSection, part: number): string {
  const { heading, level = 1, badge, text } = section, tag = `h${level + 1}`;
  const first = part === 1 ? ' class="first"' : "";
  return `<${tag} id="part-${part}"${first}>${escapeHtml(heading)}${badgeOf(badge)}</${tag}>\n` +
    paragraphs(text);
}

/** The headings as nested lists of links; `part-1` is the first of them. */
export function contentsOf(sections: readonly ReportSection[]): string {
  const link = ({ heading, badge }: ReportSection, i: number) =>
    `<a href="#part-${i + 1}">${escapeHtml(heading)}</a>${badgeOf(badge)}`;
  const groups: { readonly title: string; readonly below: string[] }[] = [];
  sections.forEach((section, i) => {
    if (section.level === 2 && groups.length > 0) groups.at(-1)!.below.push(link(section, i));
    else groups.push({ title: link(section, i), below: [] });
  });
  const list = groups.map(({ title, below }) =>
    `<li>${title}${
      below.length === 0 ? "" : `<ol>${below.map((one) => `<li>${one}</li>`).join("")}</ol>`
    }</li>`
  );
  return `<nav aria-label="Contents"><ol>${list.join("")}</ol></nav>`;
}

/** Everything between title and footer. */
export function drawItems(items: readonly ReportItem[]): string {
  let figures = 0, parts = 0;
  return items.map((item) => {
    if ("heading" in item) return drawHeading(item, ++parts);
    if ("markdown" in item) return markdownHtml(item.markdown, 3);
    if ("problem" in item) {
      const details = item.details ? `<pre>${escapeHtml(item.details)}</pre>` : "";
      return `<div class="problem" role="note">${escapeHtml(item.problem)}${details}</div>`;
    }
    if ("page" in item) return drawPage(item);
    return drawFigure("figure" in item ? item : { figure: item }, ++figures);
  }).join("\n");
}
