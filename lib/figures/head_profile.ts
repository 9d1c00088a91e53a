/**
 * What kind of head is it: chosen heads against many scores at once, each score on a scale of its own.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { headName } from "../common/head_id.ts";
import { checkNotEmpty } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { tableFrame } from "./table_frame.ts";
import { formatNumber, plotlyText } from "./text.ts";
import { diverging, sequential } from "./theme.ts";

/** One head with its scores by name, as `headProfile` and `headKinds` give it. */
export interface ProfiledHead {
  /** Layer, from 0. */
  readonly layer: number;
  /** Head, from 0. */
  readonly head: number;
  /** What it is called, e.g. `retrieval`. */
  readonly kind: string;
  /** Scores by name. */
  readonly scores: Readonly<Record<string, number>>;
}

/** One column. */
export interface ProfileColumn {
  /** Name of the score. */
  readonly score: string;
  /** Heading; the name by default. */
  readonly title?: string;
  /** Value of the deepest colour; the largest absolute value of all heads by default. */
  readonly full?: number;
}

/** Options of {@link headProfileMap}. */
export interface HeadProfileMapOptions {
  /** Heading. */
  readonly title: string;
  /** Sentences for the caption, e.g. n. */
  readonly caption?: string;
}

/**
 * Heads as rows, scores as columns; the value stands in the cell, its colour says how large it is beside
 * the largest of that score in the whole model.
 *
 * @param heads rows, from the top
 * @param columns scores
 * @param all all heads of the model, which set the colours; the rows by default
 * @throws {InputError} when there is nothing to draw, or a head lacks a score
 *
 * @example
 * ```ts
 * import { headProfileMap } from "./head_profile.ts";
 * import { assertEquals } from "@std/assert";
 * const heads = [
 *   { layer: 3, head: 1, kind: "retrieval", scores: { ram: 0.5, induction: 0.1 } },
 *   { layer: 4, head: 0, kind: "induction", scores: { ram: 0.25, induction: 0.9 } },
 * ];
 * const columns = [{ score: "ram", title: "RAM" }, { score: "induction" }];
 * const figure = headProfileMap(heads, columns, { title: "What kind of head is it?" });
 * assertEquals(figure.layout.axes.yaxis.ticktext, ["L3H1, retrieval", "L4H0, induction"]);
 * ```
 */
export function headProfileMap(
  heads: readonly ProfiledHead[],
  columns: readonly ProfileColumn[],
  options: HeadProfileMapOptions,
  all: readonly ProfiledHead[] = heads,
): Figure {
  checkNotEmpty("the profile of heads", "heads", heads);
  checkNotEmpty("the profile of heads", "scores", columns);
  const valueOf = (row: ProfiledHead, { score }: ProfileColumn): number => {
    const value = row.scores[score];
    if (Number.isFinite(value)) return value;
    throw new InputError(
      `Cannot draw the profile of heads: ${headName(row)} has no score "${score}"`,
    );
  };
  const full = columns.map((column) =>
    column.full ?? [...all, ...heads].reduce(
      (most, row) => Math.max(most, Math.abs(valueOf(row, column))),
      Number.MIN_VALUE,
    )
  );
  const values = heads.map((row) => columns.map((column) => valueOf(row, column)));
  const shares = values.map((row) =>
    row.map((value, c) => Math.max(-1, Math.min(1, value / full[c])))
  );
  const negative = shares.some((row) => row.some((share) => share < 0));
  const names = heads.map((row) => `${headName(row)}, ${row.kind}`);
  const titles = columns.map(({ score, title }) => title ?? score);
  const cell = Math.max(58, Math.min(80, 760 / columns.length));
  const { axes, left, bottom } = tableFrame(titles.map((title) => title.split(" ")), names, 30);
  const rowHeight = 22;
  return makeFigure({
    title: options.title,
    caption: options.caption,
    data: [{
      type: "heatmap",
      x: columns.map((_, i) => i),
      y: heads.map((_, i) => i),
      z: shares,
      text: values.map((row) => row.map((value) => value.toFixed(2).replace("-", "−"))),
      texttemplate: "%{text}",
      textfont: { size: 11 },
      customdata: values.map((row, r) =>
        row.map((value, c) =>
          `<b>${plotlyText(names[r])}</b><br>${plotlyText(titles[c])}: ${formatNumber(value)}<br>` +
          `largest of the model: ${formatNumber(full[c])}`
        )
      ),
      hovertemplate: "%{customdata}<extra></extra>",
      colorscale: negative ? diverging : sequential,
      zmin: negative ? -1 : 0,
      zmax: 1,
      showscale: false,
      xgap: 2,
      ygap: 1,
    }],
    axes,
    width: Math.max(460, Math.round(left + 24 + cell * columns.length)),
    plotHeight: Math.max(80, rowHeight * heads.length),
    space: { left: Math.round(left), right: 24, bottom },
    summary: [
      `columns: ${titles.join(", ")}`,
      ...values.map((row, r) =>
        `${names[r]}: ${row.map((value, c) => `${titles[c]} ${formatNumber(value)}`).join(", ")}`
      ),
    ],
  });
}
