/**
 * A small labelled table as a heat map, e.g. the agreement between domains or scoring rules.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import { checkNotEmpty } from "./check.ts";
import { type Figure, makeFigure } from "./figure.ts";
import { tableFrame } from "./table_frame.ts";
import { letterWidth, plotlyText, shorten } from "./text.ts";
import { diverging, sequential } from "./theme.ts";

/** Options of {@link matrixMap}. */
export interface MatrixMapOptions {
  /** Heading. */
  readonly title: string;
  /** What the values are, with their unit or range, e.g. `Kendall's tau`. */
  readonly quantity: string;
  /** Names of the columns; those of the rows by default. */
  readonly columns?: readonly string[];
  /** Ends of the colours; 0 to 1 by default, -1 to 1 when a value is negative. */
  readonly range?: readonly [number, number];
  /** Decimals in the cells, 2 by default. */
  readonly decimals?: number;
  /** Sentences for the caption. */
  readonly caption?: string;
}

/**
 * A labelled table with its values in the cells; the first row is on top. NaN, for what is not
 * defined (the correlation of a constant map), leaves its cell empty.
 *
 * @param rows names of the rows, at least one, all different
 * @param values `[rows][columns]`
 * @param options title, quantity, columns, range
 * @throws {InputError} when there is nothing to draw, a name occurs twice, lists differ in length
 * or a value is infinite
 *
 * @example
 * ```ts
 * import { matrixMap } from "./matrix_map.ts";
 * import { assertEquals } from "@std/assert";
 * const figure = matrixMap(["scene", "page"], [[1, 0.62], [0.62, 1]], {
 *   title: "Agreement between domains",
 *   quantity: "Kendall's tau",
 * });
 * assertEquals(figure.layout.axes.xaxis.ticktext, ["scene", "page"]);
 * ```
 */
export function matrixMap(
  rows: readonly string[],
  values: readonly ArrayLike<number>[],
  options: MatrixMapOptions,
): Figure {
  const columns = options.columns ?? rows;
  checkNotEmpty("the table", "rows", rows);
  checkNotEmpty("the table", "columns", columns);
  for (const names of [rows, columns]) {
    if (new Set(names).size !== names.length) {
      throw new InputError(`Cannot draw the table: a name occurs twice in ${names.join(", ")}`);
    }
  }
  if (values.length !== rows.length) {
    throw new InputError(`Cannot draw the table: ${values.length} rows for ${rows.length} names`);
  }
  values.forEach((row, i) => {
    const infinite = Array.from(row).some((value) => Math.abs(value) === Infinity);
    if (row.length !== columns.length || infinite) {
      throw new InputError(
        `Cannot draw row "${rows[i]}" of the table: ${row.length} values` +
          `${infinite ? ", one infinite," : ""} for ${columns.length} columns`,
      );
    }
  });
  const negative = values.some((row) => Array.from(row).some((value) => value < 0));
  const [zmin, zmax] = options.range ?? (negative ? [-1, 1] : [0, 1]);
  const write = (value: number): string =>
    Number.isNaN(value) ? "–" : value.toFixed(options.decimals ?? 2).replace("-", "−");
  // wide enough for the longest part of a column's name, where there is room for it
  const longestPart = Math.max(...columns.flatMap(nameParts).map(({ length }) => length));
  const wanted = Math.min(letterWidth * longestPart + 5, 700 / columns.length);
  const cell = Math.max(56, Math.min(96, Math.max(560 / columns.length, wanted)));
  const rowHeight = Math.max(34, Math.min(52, cell * 0.7));
  const plotHeight = Math.round(Math.max(150, rows.length * rowHeight));
  const fits = Math.max(4, Math.floor((cell - 4) / letterWidth));
  const lines = columns.map((name) => nameLines(name, fits));
  const { axes, left, bottom } = tableFrame(lines, rows, 34);
  return makeFigure({
    title: options.title,
    caption: options.caption,
    data: [{
      type: "heatmap",
      x: columns.map((_, i) => i),
      y: rows.map((_, i) => i),
      z: values.map((row) => Array.from(row, (value) => Number.isNaN(value) ? null : value)),
      text: values.map((row) => Array.from(row, write)),
      texttemplate: "%{text}",
      textfont: { size: 12 },
      customdata: values.map((row, r) =>
        Array.from(
          row,
          (value, c) =>
            `<b>${plotlyText(rows[r])}</b> and <b>${plotlyText(columns[c])}</b><br>` +
            `${plotlyText(options.quantity)}: ${
              Number.isNaN(value) ? "not defined" : write(value)
            }`,
        )
      ),
      hovertemplate: "%{customdata}<extra></extra>",
      colorscale: zmin < 0 ? diverging : sequential,
      zmin,
      zmax,
      showscale: true,
      colorbar: {
        title: { text: plotlyText(options.quantity), side: "right" },
        thickness: 12,
        len: 1,
        x: 1.01,
        outlinewidth: 0,
        nticks: Math.max(3, Math.floor(plotHeight / 40)),
      },
      xgap: 2,
      ygap: 2,
    }],
    axes,
    width: Math.max(460, Math.round(left + 96 + cell * columns.length)),
    plotHeight,
    space: { left: Math.round(left), right: 96, bottom },
    summary: [
      options.quantity,
      ...values.map((row, r) =>
        `${rows[r]}: ${Array.from(row, (value, c) => `${columns[c]} ${write(value)}`).join(", ")}`
      ),
    ],
  });
}

/** Parts of a name between which a line may end. */
function nameParts(name: string): string[] {
  return name.split(/(?<=-)|\s+/);
}

/** A name in at most three lines of `width` characters, broken after hyphens and at spaces. */
function nameLines(name: string, width: number): string[] {
  const lines: string[] = [];
  for (const part of nameParts(name)) {
    const last = lines.at(-1);
    const joined = last === undefined ? part : `${last}${last.endsWith("-") ? "" : " "}${part}`;
    if (last !== undefined && [...joined].length <= width) lines[lines.length - 1] = joined;
    else lines.push(part);
  }
  const shown = lines.length <= 3 ? lines : [...lines.slice(0, 2), lines.slice(2).join(" ")];
  return shown.map((line) => shorten(line, width));
}
