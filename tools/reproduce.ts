/**
 * `deno task reproduce`: runs every notebook in order and writes the executed notebooks and one HTML
 * page with their figures to `out/`.
 *
 * With `--model DIR|HUB_ID` the notebooks about the shipped model run on another one, into
 * `out/models/<its name>/`; `--only 01,02` chooses notebooks by the start of their names. With
 * `--where-jupyter` (as the checks call it) a machine without Jupyter is no failure.
 *
 * @module
 */
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import {
  jupyterDisplay,
  type PlotlyDisplayable,
  type PlotlySpec,
  report,
  type ReportItem,
  type ReportSection,
} from "../lib/figures/mod.ts";
import { type Cell, notebookModel, notebookPaths, readCells } from "./notebooks.ts";
import { outputDifferences } from "./notebook_outputs.ts";
import { hasJupyter, type NotebookRun, runNotebook } from "./run_notebook.ts";
import { repository } from "./setup/command.ts";

const plotlyType = "application/vnd.plotly.v1+json";

/** The heading and first paragraph of a notebook. */
function opening(cells: readonly Cell[], name: string): ReportSection {
  const text = cells.find(({ type }) => type === "markdown")?.source ?? "";
  const heading = /^#\s+(.+)$/m.exec(text)?.[1] ?? name;
  const first = text.split(/\n\s*\n/).find((part) => !part.trim().startsWith("#")) ?? "";
  return { heading, text: first.replace(/[*`]|\b_|_\b/g, "").replace(/\s+/g, " ").trim() };
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

/** What to run. */
interface Options {
  /** A model other than the notebooks' own. */
  readonly model?: string;
  /** Starts of notebooks' names; all by default. */
  readonly only?: readonly string[];
  /** Without Jupyter, one line says so and nothing counts as failed. */
  readonly whereJupyter: boolean;
}

/** A directory from where the command was called, as notebooks can use it; else the name as it is. */
function modelFrom(name: string): string {
  const dir = resolve(Deno.env.get("INIT_CWD") ?? Deno.cwd(), name);
  try {
    return Deno.statSync(dir).isDirectory ? dir : name;
  } catch {
    return name;
  }
}

/** The notebooks to run: with another model, those that name the shipped one. */
function chosenNotebooks({ model, only }: Options): string[] {
  return notebookPaths(join(repository, "notebooks")).filter((path) =>
    (!only || only.some((start) => basename(path).startsWith(start))) &&
    (model === undefined || notebookModel(readCells(path)) === "mini")
  );
}

async function main(options: Options): Promise<number> {
  if (!hasJupyter()) {
    console.error(
      "Jupyter is not set up (the set-up above says why), so the notebooks were not run; " +
        "the library and the command line work without it",
    );
    return options.whereJupyter ? 0 : 1;
  }
  const { model } = options;
  const folder = model === undefined ? "out" : join("out", "models", basename(model));
  const out = join(repository, folder);
  const items: ReportItem[] = [];
  let failures = 0;
  for (const path of chosenNotebooks(options)) {
    const name = basename(path);
    Deno.stdout.writeSync(new TextEncoder().encode(`${name} `));
    const differencesOf = ({ ok, cells }: NotebookRun) =>
      ok && model === undefined ? outputDifferences(readCells(path), cells) : [];
    let run = await runNotebook(path, out, model);
    // a busy kernel now and then loses a figure on its way; a change of the code stays
    if (differencesOf(run).length > 0) run = await runNotebook(path, out, model);
    console.log(`${run.ok ? "ok" : "FAILED"} (${run.seconds.toFixed(0)} s)`);
    if (!run.ok) {
      failures++;
      console.error(run.error);
    }
    for (const difference of differencesOf(run)) {
      failures++;
      console.error(`${name}, ${difference}`);
    }
    items.push(opening(run.cells, name), ...shownItems(run.cells));
  }
  const intro = `Figures of all notebooks, run on ${new Date().toISOString().slice(0, 10)}` +
    `${model === undefined ? "" : ` with MODEL = ${model}`}. ` +
    "Each executed notebook lies beside this page.";
  await Deno.writeTextFile(join(out, "report.html"), report(items, { title: "CoReLens", intro }));
  console.log(`figures: ${join(folder, "report.html")}`);
  return failures > 0 ? 1 : 0;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      model: { type: "string" },
      only: { type: "string" },
      "where-jupyter": { type: "boolean", default: false },
    },
  });
  const { model, only } = values;
  Deno.exit(
    await main({
      model: model === undefined ? undefined : modelFrom(model),
      only: only?.split(","),
      whereJupyter: values["where-jupyter"],
    }),
  );
}
