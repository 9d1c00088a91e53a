/**
 * Figures and tables of what a model keeps at fewer bits.
 *
 * @module
 */
import { bars, curves, type Figure, type HtmlBlock, table } from "../../lib/figures/mod.ts";
import type { Interval } from "../../lib/stats/interval.ts";
import type { PairedMeasure } from "../../lib/heads/paired_agreement.ts";
import type { BitsLevel } from "./bits_record.ts";

const interval = ({ estimate, low, high }: Interval) =>
  `${estimate.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`;
const halves = ({ across, within }: PairedMeasure) => `${across.toFixed(2)} (${within.toFixed(2)})`;

/** Every level: bits, agreement with the source, answers lost. */
export function bitsTable(title: string, levels: readonly BitsLevel[]): HtmlBlock {
  const rows = levels.map(({ level, stored, agreement: { spearman, overlap }, lost }) => ({
    level,
    "bits, attention": stored.attention.bits.toFixed(1),
    "bits, feed-forward": stored.feedForward.bits.toFixed(1),
    "rank correlation": interval(spearman.same),
    "other samples (source with itself)": halves(spearman),
    "top 5% shared": interval(overlap.same),
    "other samples (source)": halves(overlap),
    "answers lost": interval(lost),
  }));
  return table(rows, { title });
}

/** Agreement with the source by bits of attention; the source itself is left out. */
export function bitsCurves(title: string, levels: readonly BitsLevel[]): Figure {
  const [{ agreement: { samples, top, chanceOverlap, spearman } }] = levels;
  const packed = levels.slice(1).toReversed();
  const drawn = (name: string, of: (level: BitsLevel) => number) => ({
    name,
    x: packed.map(({ stored }) => stored.attention.bits),
    y: packed.map(of),
  });
  const same = packed.map(({ agreement }) => agreement.spearman.same);
  return curves([
    {
      ...drawn("same samples", ({ agreement }) => agreement.spearman.same.estimate),
      low: same.map(({ low }) => low),
      high: same.map(({ high }) => high),
    },
    drawn("other samples", ({ agreement }) => agreement.spearman.across),
    drawn("top 5% shared, same samples", ({ agreement }) => agreement.overlap.same.estimate),
  ], {
    title,
    xTitle: "bits per weight of attention",
    yTitle: "rank correlation, or share of heads",
    xTicks: "number",
    lines: [{ y: spearman.within, label: "source, other samples" }],
    caption: `n = ${samples}; band: 95% over samples; top: ${top} heads, ` +
      `${(100 * chanceOverlap).toFixed(0)}% shared by chance`,
  });
}

/** Right answers at every level, and without the source's best heads. */
export function bitsBars(title: string, levels: readonly BitsLevel[]): Figure {
  return bars(
    levels.map(({ level, stored }) => `${level} (${stored.attention.bits.toFixed(1)} bits)`),
    [
      { name: "all heads", values: levels.map(({ right }) => right) },
      { name: "core", values: levels.map(({ withoutTop }) => withoutTop) },
      { name: "random", values: levels.map(({ withoutRandom }) => withoutRandom) },
    ],
    {
      title,
      valueTitle: "right answers",
      percent: true,
      caption: `n = ${levels[0].asked}; core: the source's top 5% by calibrated score; 95%`,
    },
  );
}
