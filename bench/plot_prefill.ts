/**
 * The plot of `bench/prefill.ts`: time against length, relative to transformers with SDPA, or, where
 * that was not measured, to our own dense prefill.
 *
 *     deno run -A bench/plot_prefill.ts RECORD.json PLOT.svg
 * @module
 */
import { curves, type CurveSeries } from "../lib/figures/curves.ts";
import type { Figure } from "../lib/figures/figure.ts";

/** What the plot needs of a measurement. */
export interface PlottedRow {
  /** Element type. */
  readonly dtype: string;
  /** Length of the prompt. */
  readonly tokens: number;
  /** Name of the program. */
  readonly program: string;
  /** Our dense time over this one's: median ratio and its interval; absent for dense itself. */
  readonly denseOver?: readonly [number, number, number] | null;
  /** This program's time over SDPA's; absent without transformers. */
  readonly overSdpa?: readonly [number, number, number] | null;
}

/** Time of a row relative to the reference; null for the reference itself. */
function relative(row: PlottedRow, toSdpa: boolean): readonly [number, number, number] | null {
  if (toSdpa) return row.overSdpa ?? null;
  if (!row.denseOver) return null;
  const [ratio, low, high] = row.denseOver;
  return [1 / ratio, 1 / high, 1 / low];
}

/** One line for each program and element type, over the lengths. */
export function prefillPlot(rows: readonly PlottedRow[]): Figure {
  const toSdpa = rows.some(({ overSdpa }) => overSdpa);
  const series: CurveSeries[] = [];
  for (const name of new Set(rows.map(({ dtype, program }) => `${program}, ${dtype}`))) {
    const own = rows.filter((row) => `${row.program}, ${row.dtype}` === name)
      .flatMap((row) => {
        const ratio = relative(row, toSdpa);
        return ratio ? [{ tokens: row.tokens, ratio }] : [];
      });
    if (own.length === 0) continue;
    const at = (i: number) => own.map(({ ratio }) => ratio[i]);
    series.push({ name, x: own.map((row) => row.tokens), y: at(0), low: at(1), high: at(2) });
  }
  return curves(series, {
    title: "Prefill",
    xTitle: "tokens",
    yTitle: `time over that of ${toSdpa ? "transformers with SDPA" : "our dense prefill"}`,
    xScale: "log",
    xTicks: "number",
    lines: [{ y: 1, label: toSdpa ? "transformers" : "dense" }],
    caption: "Bands: 95% intervals of the ratio of medians of interleaved runs",
  });
}

if (import.meta.main) {
  const [record, plot] = Deno.args;
  if (!plot) throw new Error("Cannot plot: wanted RECORD.json and PLOT.svg");
  const { rows } = JSON.parse(await Deno.readTextFile(record)) as { rows: PlottedRow[] };
  await Deno.writeTextFile(plot, prefillPlot(rows).toSvg());
}
