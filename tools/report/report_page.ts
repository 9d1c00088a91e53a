/**
 * The page of `task reproduce`: the paper's claims, the head explorer, all notebooks, and the records.
 *
 * @module
 */
import { basename, join, relative } from "node:path";
import {
  report,
  type ReportItem,
  type ReportLink,
  type ReportPage,
} from "../../lib/figures/mod.ts";
import type { NotebookRun } from "../run_notebook.ts";
import { type Claim, recordFacts } from "./claim.ts";
import { claimsAboutEffects } from "./claims_about_effects.ts";
import { claimsAboutHeads } from "./claims_about_heads.ts";
import { figureId, figureIds, notebookItems, notebookTitle } from "./notebook_items.ts";

/** The claims, in the paper's order. */
export const claims: readonly Claim[] = [...claimsAboutHeads, ...claimsAboutEffects];

/** What the page is made of. */
export interface ReportParts {
  /** Where the page will lie. */
  readonly folder: string;
  /** Folder of the recorded results. */
  readonly results: string;
  /** The notebooks as they were executed. */
  readonly runs: readonly NotebookRun[];
  /** The head explorer, or why there is none. */
  readonly explorer: Omit<ReportPage, "pageTitle"> | { readonly problem: string };
  /** Names and values below the title: model, seed, commit, backend, date. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** The model, where it is another one than the notebooks' own: the records are not about it. */
  readonly model?: string;
}

/** Number of a notebook, as its name begins. */
const numberOf = (path: string) => basename(path).slice(0, 2);

/** A link to a file from the page's folder. */
function linkTo(folder: string, path: string, text = path): ReportLink {
  return { text, href: relative(folder, path).split("\\").join("/") };
}

/** One claim with its figure, its numbers, its record and where it was measured again. */
async function claimItems(
  { claim, paper, again: [notebook, title], draw }: Claim,
  { folder, results }: ReportParts,
  ids: ReadonlySet<string>,
): Promise<ReportItem[]> {
  try {
    const { figure, found, measured, records, badge } = await draw(results);
    const facts = await recordFacts(results, records[0]);
    const links = records.map((name) => linkTo(folder, join(results, name), `record ${name}`));
    const id = figureId(notebook, title);
    const own = ids.has(id)
      ? [{ text: `measured again in notebook ${notebook}`, href: `#${id}` }]
      : [];
    return [
      { heading: claim, level: 2, badge, text: `The paper: ${paper}` },
      { markdown: `**Found:** ${found}` },
      { figure, caption: `${measured} Record: ${facts}.`, links: [...links, ...own] },
    ];
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    return [
      { heading: claim, level: 2, badge: { text: "no record" }, text: `The paper: ${paper}` },
      { problem: "The record of this claim cannot be read.", details },
    ];
  }
}

/** With another model: the notebooks' figures, where they measure a claim. */
function claimFigures(ids: ReadonlySet<string>): ReportItem[] {
  const links = claims.flatMap(({ claim, again: [notebook, title] }) => {
    const id = figureId(notebook, title);
    return ids.has(id) ? [`- [${claim}](#${id})`] : [];
  });
  return links.length === 0 ? [] : [
    { heading: "Claims", text: "Where the notebooks measure the paper's claims on this model:" },
    { markdown: links.join("\n") },
  ];
}

/** One notebook. */
function runItems(run: NotebookRun, folder: string): ReportItem[] {
  const name = basename(run.path), title = notebookTitle(run.cells, name);
  const heading = /^\d\d/.test(name) ? `${numberOf(name)} ${title}` : title;
  const { href } = linkTo(folder, run.path);
  return [
    {
      heading,
      level: 2,
      ...(run.ok ? {} : { badge: { text: "failed", tone: "bad" as const } }),
    },
    ...(run.ok ? [] : [{
      problem: `${name} failed. What it showed before is below; the rest of this page is whole.`,
      details: run.error,
    }]),
    ...notebookItems(run.cells, numberOf(name)),
    {
      markdown: `The executed notebook: [${name}](${href})` +
        `${run.seconds > 0 ? `, ${run.seconds.toFixed(0)} s` : ""}.`,
    },
  ];
}

/** The page. */
export async function reportPage(parts: ReportParts): Promise<string> {
  const { folder, runs, explorer, facts, model } = parts;
  const notebooks = runs.flatMap((run) => runItems(run, folder)), ids = figureIds(notebooks);
  const failed = runs.filter(({ ok }) => !ok).map(({ path }) => basename(path));
  const paperMap = linkTo(folder, join(parts.results, "..", "..", "docs", "paper_map.md"));
  const shown: ReportItem[] = model === undefined
    ? [
      {
        heading: "The paper's claims",
        text:
          "From records of SmolLM2-135M, a published text model, and of smol-vision, the same " +
          "model with a vision tower that was trained here; no published multimodal model has been " +
          "measured. The verdict beside each claim follows from the numbers below it.",
      },
      {
        markdown:
          `[Claim by claim](${paperMap.href}) says what else was measured, and where our other ` +
          "small models differ.",
      },
      ...(await Promise.all(claims.map((claim) => claimItems(claim, parts, ids)))).flat(),
    ]
    : claimFigures(ids);
  const items: ReportItem[] = [
    ...(failed.length === 0 ? [] : [{
      problem: `${failed.length} of ${runs.length} notebooks failed: ${failed.join(", ")}.`,
    }]),
    ...shown,
    {
      heading: "Look at every head",
      text:
        "Choose heads in the map on the left, see where they look on each sample, and what the " +
        "answers lose without them.",
    },
    "problem" in explorer ? explorer : { pageTitle: "The head explorer", ...explorer },
    {
      heading: "The notebooks",
      text:
        "Executed for this page, with their figures. On screens that are wide enough figures are " +
        "interactive: point at them for values and intervals.",
    },
    ...notebooks,
  ];
  return report(items, {
    title: model === undefined
      ? "CoReLens: context retrieval heads, claim by claim"
      : `CoReLens on ${basename(model)}`,
    intro: "Few attention heads of a multimodal language model retrieve its answers from images, " +
      "video and documents. This page shows which, how sure that is, and what happens without them.",
    facts,
    contents: true,
    footer:
      "This page is one file that loads nothing and may be sent by mail. Links to records and " +
      "notebooks lead to files beside it in the repository, at the commit named above.",
  });
}
