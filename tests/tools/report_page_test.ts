import { assert, assertEquals } from "@std/assert";
import { join, resolve } from "node:path";
import { headMap, jupyterDisplay } from "../../lib/figures/mod.ts";
import type { Cell } from "../../tools/notebooks.ts";
import type { NotebookRun } from "../../tools/run_notebook.ts";
import { notebookItems } from "../../tools/report/notebook_items.ts";
import { claims, reportPage, type ReportParts } from "../../tools/report/report_page.ts";
import { repository } from "../suites/program.ts";

const results = join(repository, "data", "results"), folder = join(repository, "out");
const figure = headMap({ shape: [1, 2], values: [0.2, 0.5] }, { title: "RAM of every head" });

const cell = (source: string, outputs: Cell["outputs"] = []): Cell => ({
  type: outputs.length > 0 ? "code" : "markdown",
  source,
  outputs,
  tags: [],
});

const cells: Cell[] = [
  cell("# Identify: which heads\n\nRAM of _every_ head."),
  cell("show()", [
    { output_type: "stream", text: ["4 heads, ", "99% sure\n"] },
    { output_type: "display_data", data: figure[jupyterDisplay]() },
    {
      output_type: "display_data",
      data: { "text/html": '<span style="color:#777">Scoring heads: 9 of 9</span>' },
    },
  ]),
  cell("## Recap\n\nAll of it.\n\nNext: [04 Ablate](04.ipynb) goes\non."),
  cell("## Try this\n\n- another model"),
];

const run = (name: string, part: Partial<NotebookRun> = {}): NotebookRun => ({
  path: join(folder, name),
  ok: true,
  error: "",
  seconds: 12,
  cells,
  ...part,
});

const parts: ReportParts = {
  folder,
  results,
  runs: [run("03_identify.ipynb")],
  explorer: { page: "<!doctype html><p>heads</p>", caption: "20 samples" },
  facts: [["Model", "mini"], ["Commit", "abc"]],
};

const text = (html: string) =>
  html.replace(/<(script|style).*?<\/\1>/gs, "").replace(/<[^>]*>/g, " ").replace(/\s+/g, " ");

Deno.test("a notebook's part holds its text, what it printed and its figures, once", () => {
  const items = notebookItems(cells, "03");
  assertEquals(items.map((item) => Object.keys(item)[0]), [
    "markdown",
    "markdown",
    "figure",
    "markdown",
  ]);
  assertEquals(items[0], { markdown: "RAM of _every_ head." });
  assertEquals(items[1], { markdown: "```\n4 heads, 99% sure\n```" });
  assert("id" in items[2] && items[2].id === "notebook-03-ram-of-every-head");
  assertEquals(items[3], { markdown: "## Recap\n\nAll of it." });
});

Deno.test("every claim has one figure, what was found with numbers, n, interval and a record", async () => {
  for (const { claim, draw } of claims) {
    const { figure, found, measured, records, badge } = await draw(results);
    assert(figure.title !== "" && figure.toSvg().startsWith("<svg"), claim);
    assert(/\d/.test(found) && found.endsWith("."), found);
    assert(/n = \d+|rounds/.test(measured) && /interval|range|point/.test(measured), measured);
    assert(["good", "bad"].includes(badge.tone));
    for (const record of records) assert(Deno.statSync(join(results, record)));
  }
});

Deno.test("what is found is what the records say", async () => {
  const found = await Promise.all(claims.map(async ({ draw }) => (await draw(results)).found));
  const read = (name: string) => JSON.parse(Deno.readTextFileSync(join(results, name)));
  const percent = (value: number) => `${Math.round(100 * value)}%`;
  const core = read("smol-vision/ablate-answer/results.json").find((
    row: { condition: string; metric: string; domain: string },
  ) => row.condition === "core" && row.metric === "accuracy" && row.domain === "all");
  assert(found[3].startsWith(`Without them ${percent(core.value)} of the answers are right`));
  const hybrid = read("smol-vision/hybrid/results.json").filter((
    row: { policy: string; metric?: string },
  ) => row.policy === "core" && (row.metric ?? "accuracy") === "accuracy");
  assert(found[5].includes(`${percent(hybrid.at(-1).sparseValue)} are right`), found[5]);
  const { rows } = read("bench/zen4_prefill_bfloat16_16k.json");
  const fast = rows.find(({ program }: { program: string }) => program === "hybrid 0.05");
  assert(found[6].includes(`${fast.denseOver[0].toFixed(2)} at 16,384`), found[6]);
});

Deno.test("the page: facts, contents, claims, explorer, notebooks; links lead to files that exist", async () => {
  const page = await reportPage(parts), shown = text(page);
  assert(shown.includes("Model mini Commit abc"));
  for (const { claim } of claims) assert(shown.split(claim).length >= 3, `${claim} and contents`);
  assert(shown.includes("The head explorer") && shown.includes("4 heads, 99% sure"));
  assert(shown.includes("measured again in notebook 03"));
  assert(!/Try this|Scoring heads|failed/.test(shown));
  const links = [...page.matchAll(/<a href="([^"#]+)"/g)].map(([, href]) => href);
  assert(links.length >= claims.length);
  for (const href of links.filter((one) => !one.endsWith(".ipynb"))) {
    assert(Deno.statSync(resolve(folder, href)), href);
  }
  for (const [, id] of page.matchAll(/href="#([^"]+)"/g)) assert(page.includes(`id="${id}"`), id);
  assert(page.length < 3_000_000);
});

Deno.test("a failed notebook is told on top, in the contents and in its place", async () => {
  const failed = run("04_ablate.ipynb", {
    ok: false,
    error: "Error: the answer does not need <these>",
    cells: [
      ...cells.slice(0, 1),
      cell("go()", [{ output_type: "error", ename: "Error", evalue: "no <need>" }]),
    ],
  });
  const results = join(repository, "none"); // claims without their records are quick
  const page = await reportPage({ ...parts, results, runs: [...parts.runs, failed] });
  const shown = text(page);
  assert(shown.includes("1 of 2 notebooks failed: 04_ablate.ipynb."));
  assert(shown.includes("04_ablate.ipynb failed. What it showed before is below"));
  assert(page.includes("the answer does not need &lt;these&gt;"));
  const nav = /<nav.*<\/nav>/s.exec(page)![0];
  assert(/04 Identify[^]*?<span class="badge bad">failed/.test(nav));
  const none = run("05.ipynb", { ok: false, error: "no kernel", cells: [] });
  assert((await reportPage({ ...parts, results, runs: [none] })).includes("no kernel"));
});

Deno.test("without explorer or records the page says why, and the rest stands", async () => {
  const page = await reportPage({
    ...parts,
    results: join(repository, "none"),
    explorer: { problem: "The head explorer could not be made: no memory" },
  });
  const shown = text(page);
  assert(shown.includes("could not be made: no memory") && shown.includes("4 heads, 99% sure"));
  assertEquals(shown.split("The record of this claim cannot be read.").length, claims.length + 1);
});

Deno.test("another model's page shows the notebooks' figures and no records of others", async () => {
  const shown = text(await reportPage({ ...parts, model: "some/model" }));
  assert(shown.includes("CoReLens on model") && shown.includes("These heads lie in middle"));
  assert(!shown.includes("smol-vision"));
});
