/**
 * An executed notebook as a part of the report: its text, what it printed, figures and tables.
 *
 * @module
 */
import {
  jupyterDisplay,
  type PlotlyDisplayable,
  type PlotlySpec,
  type ReportItem,
} from "../../lib/figures/mod.ts";
import type { Cell } from "../notebooks.ts";

const plotlyType = "application/vnd.plotly.v1+json";

/** The heading of a notebook. */
export function notebookTitle(cells: readonly Cell[], name: string): string {
  const text = cells.find(({ type }) => type === "markdown")?.source ?? "";
  return /^#\s+(.+)$/m.exec(text)?.[1] ?? name;
}

/** The name that a link on the page leads to, for a figure of a notebook. */
export function figureId(notebook: string, title: string): string {
  const words = title.toLowerCase().replace(/[^a-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `notebook-${notebook}-${words}`;
}

const joined = (text: unknown) => [text ?? ""].flat().join("");

/** What one output shows. */
function shownOutput(
  output: Record<string, unknown>,
  notebook: string,
  taken: Set<string>,
): ReportItem[] {
  if (output["output_type"] === "error") {
    const details = `${output["ename"]}: ${output["evalue"]}`;
    return [{ problem: "This cell failed; what follows may be missing.", details }];
  }
  const printed = joined(output["text"]).trim();
  if (printed !== "") return [{ markdown: "```\n" + printed.replaceAll("```", "`") + "\n```" }];
  const data = output["data"] as Record<string, unknown> | undefined;
  const html = joined(data?.["text/html"]);
  if (html === "" || /^<span [^>]*>[^<]*: \d+ of \d+<\/span>$/.test(html)) return [];
  const spec = data?.[plotlyType] as PlotlySpec | undefined;
  const text = joined(data?.["text/plain"]), [title] = text.split("\n");
  const item = {
    title,
    caption: "",
    toHtml: () => html,
    toText: () => text,
    [jupyterDisplay]: () => ({}),
  };
  const name = figureId(notebook, title);
  const id = title === "" || taken.has(name) ? undefined : name;
  taken.add(name);
  return [{
    figure: spec ? { ...item, toSpec: () => spec } satisfies PlotlyDisplayable : item,
    id,
  }];
}

/**
 * A notebook's text, what it printed, its figures and tables, in order. What concerns only those who
 * run it themselves is left out.
 *
 * @param notebook its number, as `03`
 */
export function notebookItems(cells: readonly Cell[], notebook: string): ReportItem[] {
  const taken = new Set<string>();
  return cells.flatMap(({ type, source, outputs }): ReportItem[] => {
    if (type !== "markdown") {
      return outputs.flatMap((output) => shownOutput(output, notebook, taken));
    }
    const parts = source.split(/\n(?=## )/).filter((part) => !part.startsWith("## Try this"));
    const blocks = parts.join("\n").split(/\n\s*\n/);
    const markdown = blocks.filter((block) => !/^(# |Next: )/.test(block.trim())).join("\n\n");
    return markdown.trim() === "" ? [] : [{ markdown }];
  });
}

/** Ids of the figures among items. */
export function figureIds(items: readonly ReportItem[]): Set<string> {
  return new Set(items.flatMap((item) => "figure" in item && item.id ? [item.id] : []));
}
