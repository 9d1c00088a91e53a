/**
 * `deno task reproduce`: runs every notebook in order and writes the executed notebooks and one HTML
 * page with their figures to `out/`. With `--where-jupyter` (as the checks call it) a machine without
 * Jupyter is no failure.
 *
 * @module
 */
import { join } from "node:path";
import {
  jupyterDisplay,
  type PlotlyDisplayable,
  type PlotlySpec,
  report,
  type ReportItem,
  type ReportSection,
} from "../lib/figures/mod.ts";
import { type Cell, notebookPaths } from "./notebooks.ts";
import { hasJupyter, runNotebook } from "./run_notebook.ts";
import { repository } from "./setup/command.ts";

const plotlyType = "application/vnd.plotly.v1+json";

/** The heading and first paragraph of a notebook. */
function opening(cells: readonly Cell[], name: string): ReportSection {
  const text = cells.find(({ type }) => type === "markdown")?.source ?? "";
  const heading = /^#\s+(.+)$/m.exec(text)?.[1] ?? name;
  const first = text.split(/\n\s*\n/).find((part) => !part.trim().startsWith("#")) ?? "";
  return { heading, text: first.replace(/[*`]/g, "").replace(/\s+/g, " ").trim() };
}

/** Figures and tables among a notebook's outputs, in order. */
export function shownItems(cells: readonly Cell[]): ReportItem[] {
  return cells.flatMap(({ outputs }) =>
    outputs.flatMap((output): ReportItem[] => {
      const data = output["data"] as Record<string, unknown> | undefined;
      const html = [data?.["text/html"] ?? ""].flat().join("");
      if (html === "") return [];
      const spec = data?.[plotlyType] as PlotlySpec | undefined;
      const item = {
        title: "",
        caption: "",
        toHtml: () => html,
        toText: () => "",
        [jupyterDisplay]: () => ({}),
      };
      return [spec ? { ...item, toSpec: () => spec } satisfies PlotlyDisplayable : item];
    })
  );
}

/** @param whereJupyter without Jupyter, one line says so and nothing counts as failed */
async function main(whereJupyter: boolean): Promise<number> {
  if (!hasJupyter()) {
    console.error(
      "Jupyter is not set up (no Python 3.10+, or no network), so the notebooks were not run; " +
        "the library and the command line work without it",
    );
    return whereJupyter ? 0 : 1;
  }
  const out = join(repository, "out");
  const items: ReportItem[] = [];
  let failures = 0;
  for (const path of notebookPaths(join(repository, "notebooks"))) {
    const name = path.split("/").pop()!;
    Deno.stdout.writeSync(new TextEncoder().encode(`${name} `));
    const run = await runNotebook(path, out);
    console.log(`${run.ok ? "ok" : "FAILED"} (${run.seconds.toFixed(0)} s)`);
    if (!run.ok) {
      failures++;
      console.error(run.error);
    }
    items.push(opening(run.cells, name), ...shownItems(run.cells));
  }
  const intro = `Figures of all notebooks, run on ${new Date().toISOString().slice(0, 10)}. ` +
    "Each executed notebook lies beside this page.";
  await Deno.writeTextFile(join(out, "report.html"), report(items, { title: "CoReLens", intro }));
  console.log(`figures: ${join("out", "report.html")}`);
  return failures > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args.includes("--where-jupyter")));
