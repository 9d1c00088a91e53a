/**
 * Figures and rows of what kind of head each is, from the records of `headKinds` and `ownerAnswers`.
 *
 * @module
 */
import { headName } from "../../lib/common/head_id.ts";
import { type Figure, headMap, headProfileMap, scatter } from "../../lib/figures/mod.ts";
import type { HeadKindRow, HeadKindsResult } from "./head_kinds.ts";
import type { OwnerAnswerResult } from "./owner_answers.ts";

/** From which score on a head counts as an induction or duplicate-token head as well. */
const threshold = 0.3;

/**
 * What a head is called: its kind, and for retrieval heads what they are besides.
 *
 * @example
 * ```ts
 * import { kindLabel } from "./kind_figures.ts";
 * import { assertEquals } from "@std/assert";
 * const row = { kind: "retrieval", induction: 0.9, duplicate: 0 } as const;
 * assertEquals(kindLabel(row), "retrieval, induction");
 * ```
 */
export function kindLabel(
  row: Pick<HeadKindRow, "kind" | "induction" | "duplicate">,
): string {
  if (row.kind !== "retrieval") return row.kind;
  const also = (["induction", "duplicate"] as const).filter((name) => row[name] >= threshold);
  return ["retrieval", ...also].join(", ");
}

/** How many heads there are of each kind, in words: `sink 100; retrieval 2`. */
export function kindCounts(rows: readonly HeadKindRow[]): string {
  return [...Map.groupBy(rows, kindLabel)].toSorted(([, a], [, b]) => b.length - a.length)
    .map(([kind, own]) => `${kind} ${own.length}`).join("; ");
}

/** RAM against null RAM, a point for each head: those on the line do not care what is asked for. */
export function againstNull(found: HeadKindsResult, title: string): Figure {
  const named = new Set([...found.top.ram.slice(0, 4), ...found.top.calibrated.slice(0, 4)]);
  return scatter(
    found.rows.map((row) => ({
      name: headName(row),
      x: { value: row.nullRam },
      y: { value: row.ram },
      group: row.kind,
      labelled: named.has(headName(row)),
    })),
    {
      title,
      xTitle: "RAM of the null query",
      yTitle: "RAM",
      diagonal: true,
      note: `${found.retrievalHeads.length} heads move by more than 0.1 for sure`,
      caption: `n = ${found.samples.scores}; groups: kinds of heads`,
    },
  );
}

/** Calibrated RAM of every head, retrieval heads outlined. */
export function calibratedMap(found: HeadKindsResult, title: string): Figure {
  return headMap({
    shape: [found.layers, found.heads],
    samples: found.samples.scores,
    values: found.rows.map(({ calibrated }) => calibrated),
    raw: found.rows.map(({ ram }) => ram),
  }, {
    title,
    quantity: "RAM minus null RAM",
    chosen: found.rows.filter(({ kind }) => kind === "retrieval"),
    chosenLabel: "above 0.1 for sure",
  });
}

/**
 * The best heads by calibrated score, by RAM and by induction, beside all that could explain them.
 *
 * @param each how many of each; heads that are among several stand once
 */
export function kindsProfile(found: HeadKindsResult, title: string, each = 7): Figure {
  const { top: { calibrated, ram, induction }, samples: { effects } } = found;
  const shown = new Set([calibrated, ram, induction].flatMap((heads) => heads.slice(0, each)));
  const all = found.rows.map((row) => {
    const { layer, head, kind: _, ...scores } = row;
    return { layer, head, kind: kindLabel(row), scores: scores as Record<string, number> };
  });
  const rows = all.filter((row) => shown.has(headName(row)))
    .sort((a, b) => b.scores.calibrated - a.scores.calibrated);
  return headProfileMap(rows, [
    { score: "ram", title: "RAM" },
    { score: "nullRam", title: "null RAM" },
    { score: "calibrated" },
    { score: "selectivity", full: 1 },
    { score: "valueWeighted", title: "value- weighted" },
    { score: "induction", full: 1 },
    { score: "duplicate", full: 1 },
    { score: "previous", full: 1 },
    { score: "sink", full: 1 },
    { score: "distance", full: 1 },
    ...effects === 0 ? [] : [
      { score: "attribution", title: "logit, direct" },
      { score: "effect", title: "loss, nats" },
    ],
  ], {
    title,
    caption: `selectivity by chance ${found.rows[0].chance.toFixed(2)}; n = ` +
      `${found.samples.scores}${effects === 0 ? "" : `, of the last two columns ${effects}`}`,
  }, all);
}

/** Rows for a table of right answers, shares with their intervals. */
export function ownerAnswerRows(
  model: string,
  results: readonly OwnerAnswerResult[],
): Record<string, string | number>[] {
  const percent = (value: number) => `${(100 * value).toFixed(0)}%`;
  const share = (value: number, [low, high]: readonly [number, number]) =>
    `${percent(value)} (${percent(low)} to ${percent(high)})`;
  return results.map((row) => ({
    model,
    form: row.form,
    owners: row.needles,
    n: row.samples,
    free: share(row.free, row.free95),
    chosen: share(row.chosen, row.chosen95),
    guessing: percent(row.chance),
  }));
}
