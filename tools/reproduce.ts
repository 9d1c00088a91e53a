/**
 * `deno task reproduce`: runs every notebook in order and writes the executed notebooks and one HTML
 * page to `out/`: the paper's claims with a figure each, the head explorer, and all notebooks.
 *
 * With `--model DIR|HUB_ID` the notebooks about the shipped model run on another one, into
 * `out/models/<its name>/`; `--only 01,02` chooses notebooks by the start of their names. With
 * `--where-jupyter` (as the checks call it) a machine without Jupyter is no failure; `--page` writes
 * the page again from notebooks that were executed before.
 *
 * @module
 */
import { basename, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { checkoutCommit } from "../lib/experiments/record.ts";
import { packageVersion } from "../lib/common/package.ts";
import { outputDifferences } from "./notebook_outputs.ts";
import { notebookModel, notebookPaths, readCells } from "./notebooks.ts";
import { type ReportExplorer, reportExplorer } from "./report/report_explorer.ts";
import { reportPage } from "./report/report_page.ts";
import { hasJupyter, type NotebookRun, runNotebook } from "./run_notebook.ts";
import { repository } from "./setup/command.ts";

/** What to run. */
interface Options {
  /** A model other than the notebooks' own. */
  readonly model?: string;
  /** Starts of notebooks' names; all by default. */
  readonly only?: readonly string[];
  /** Without Jupyter, one line says so and nothing counts as failed. */
  readonly whereJupyter: boolean;
  /** Only the page again, of notebooks that were executed before. */
  readonly page: boolean;
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

/** An earlier run of a notebook, as it lies beside the page; null where there is none. */
function earlierRun(path: string, out: string): NotebookRun | null {
  const executed = join(out, basename(path));
  try {
    const cells = readCells(executed);
    const failed = cells.flatMap(({ outputs }) => outputs)
      .find((output) => output["output_type"] === "error");
    const error = failed ? `${failed["ename"]}: ${failed["evalue"]}` : "";
    return { path: executed, ok: !failed, error, seconds: 0, cells };
  } catch {
    return null;
  }
}

/** Runs one notebook; a figure that a busy kernel loses on its way is asked for once more. */
async function runOne(
  path: string,
  out: string,
  model: string | undefined,
): Promise<{ readonly run: NotebookRun; readonly differences: readonly string[] }> {
  const differencesOf = ({ ok, cells }: NotebookRun) =>
    ok && model === undefined ? outputDifferences(readCells(path), cells) : [];
  let run = await runNotebook(path, out, model);
  if (differencesOf(run).length > 0) run = await runNotebook(path, out, model);
  return { run, differences: differencesOf(run) };
}

/** The head explorer, or why there is none. */
async function tryExplorer(name: string, out: string): Promise<ReportExplorer | string> {
  try {
    return await reportExplorer(name, out);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Writes the page. @returns its size in bytes */
async function writeReport(
  runs: readonly NotebookRun[],
  { model, out }: { readonly model?: string; readonly out: string },
): Promise<number> {
  const shown = await tryExplorer(model ?? "mini", out), path = join(out, "report.html");
  const page = await reportPage({
    folder: out,
    results: join(repository, "data", "results"),
    runs,
    model,
    explorer: typeof shown === "string"
      ? { problem: `The head explorer could not be made: ${shown}` }
      : { ...shown, links: [{ text: "by itself: heads.html", href: "heads.html" }] },
    facts: [
      ["Model", model ?? "mini (shipped); records of smol and smol-vision"],
      ["Seed", typeof shown === "string" ? "0" : String(shown.seed)],
      ["Commit", await checkoutCommit() ?? "not a git checkout"],
      ["Backend", typeof shown === "string" ? "unknown" : shown.backend],
      ["Version", `CoReLens ${packageVersion}, Deno ${Deno.version.deno}`],
      ["Date", new Date().toISOString().slice(0, 10)],
    ],
  });
  await Deno.writeTextFile(path, page);
  return (await Deno.stat(path)).size;
}

async function main(options: Options): Promise<number> {
  if (!options.page && !hasJupyter()) {
    console.error(
      "Jupyter is not set up (the set-up above says why), so the notebooks were not run; " +
        "the library and the command line work without it",
    );
    return options.whereJupyter ? 0 : 1;
  }
  const { model } = options;
  const folder = model === undefined ? "out" : join("out", "models", basename(model));
  const out = join(repository, folder), runs: NotebookRun[] = [];
  let failures = 0;
  for (const path of chosenNotebooks(options)) {
    const name = basename(path);
    if (options.page) {
      const run = earlierRun(path, out);
      if (run) runs.push(run);
      else console.error(`${name} was not executed before, and is left out`);
      continue;
    }
    Deno.stdout.writeSync(new TextEncoder().encode(`${name} `));
    const { run, differences } = await runOne(path, out, model);
    console.log(`${run.ok ? "ok" : "FAILED"} (${run.seconds.toFixed(0)} s)`);
    if (!run.ok) console.error(run.error);
    for (const difference of differences) console.error(`${name}, ${difference}`);
    failures += (run.ok ? 0 : 1) + differences.length;
    runs.push(run);
  }
  const bytes = await writeReport(runs, { model, out });
  const size = (bytes / 1e6).toFixed(1);
  console.log(`report: ${join(folder, "report.html")} (${size} MB, one file, may be mailed)`);
  return failures > 0 ? 1 : 0;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      model: { type: "string" },
      only: { type: "string" },
      "where-jupyter": { type: "boolean", default: false },
      page: { type: "boolean", default: false },
    },
  });
  const { model, only } = values;
  Deno.exit(
    await main({
      model: model === undefined ? undefined : modelFrom(model),
      only: only?.split(","),
      whereJupyter: values["where-jupyter"],
      page: values.page,
    }),
  );
}
