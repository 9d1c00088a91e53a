/**
 * Names of rows and columns around a heat map.
 *
 * @module
 */
import { letterWidth, plotlyText, shorten } from "./text.ts";

/**
 * Axes with a name for each row and column, the first row on top, and the room that they take.
 *
 * @param columns lines of each column's name
 * @param rows names of the rows
 * @param longest letters of a row's name that are shown at most
 */
export function tableFrame(
  columns: readonly (readonly string[])[],
  rows: readonly string[],
  longest: number,
) {
  return {
    left: 24 + letterWidth * Math.max(...rows.map(({ length }) => Math.min(longest, length))),
    bottom: 20 + 16 * Math.max(...columns.map(({ length }) => length)),
    axes: {
      xaxis: {
        range: [-0.5, columns.length - 0.5],
        tickvals: columns.map((_, i) => i),
        ticktext: columns.map((lines) => lines.map(plotlyText).join("<br>")),
        tickangle: 0,
        showgrid: false,
      },
      yaxis: {
        range: [rows.length - 0.5, -0.5],
        tickvals: rows.map((_, i) => i),
        ticktext: rows.map((name) => plotlyText(shorten(name, longest))),
        showgrid: false,
      },
    },
  } as const;
}
