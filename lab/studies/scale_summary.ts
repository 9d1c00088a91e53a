/**
 * What the runs of `scale_runs.ts` say together: concentration and effects of each setting over its seeds,
 * and their figures.
 *
 * @module
 */
import { curves } from "../../lib/figures/curves.ts";
import type { Figure } from "../../lib/figures/figure.ts";
import type { Interval } from "../../lib/stats/interval.ts";
import { mean } from "../../lib/stats/summary.ts";
import { type ScaleEffects, scaleEffects, type ScaleHeads } from "./scale_heads.ts";
import type { ScaleRun } from "./scale_runs.ts";

/** One model in the record. */
export interface ScaleRow extends ScaleHeads {
  readonly run: ScaleRun;
  /** Steps that its training took. */
  readonly steps: number;
  /** Of the decoder. */
  readonly parameters: number;
}

/** A setting's models together, or one of them by itself. */
export interface ScaleLine extends ScaleEffects {
  /** Setting, or setting and seed. */
  readonly name: string;
  readonly setting: string;
  /** Whether this line is of all seeds. */
  readonly together: boolean;
  readonly heads: number;
  readonly parameters: number;
  /** Steps, mean over models. */
  readonly steps: number;
  /** Share of calibrated RAM in the best 5%; over several models mean, least and most. */
  readonly topShare: Omit<Interval, "level">;
  /** Effective number of heads over all heads, likewise. */
  readonly effectiveShare: Omit<Interval, "level">;
}

/** Mean, least and most. */
function range(values: readonly number[]): Omit<Interval, "level"> {
  return { estimate: mean(values), low: Math.min(...values), high: Math.max(...values) };
}

function lineOf(name: string, rows: readonly ScaleRow[], together: boolean): ScaleLine {
  const [{ run, heads, parameters, topShare }] = rows;
  const { estimate, low, high } = topShare;
  return {
    ...{ name, setting: run.setting, together, heads, parameters },
    steps: mean(rows.map(({ steps }) => steps)),
    topShare: together ? range(rows.map((row) => row.topShare.estimate)) : { estimate, low, high },
    effectiveShare: range(rows.map((row) => row.effective / row.heads)),
    ...scaleEffects(rows.map(({ outcomes }) => outcomes)),
  };
}

/** A line for each setting, then one for each model. */
export function scaleSummary(rows: readonly ScaleRow[]): ScaleLine[] {
  const settings = [...new Set(rows.map(({ run }) => run.setting))];
  return [
    ...settings.map((setting) =>
      lineOf(setting, rows.filter(({ run }) => run.setting === setting), true)
    ),
    ...rows.map((row) => lineOf(row.run.name, [row], false)),
  ];
}

/** An estimate with its interval, as tables print it. */
function printed({ estimate, low, high }: Omit<Interval, "level">, unit = 1): string {
  const [value, ...ends] = [estimate, low, high].map((x) =>
    (unit * x).toFixed(0).replace(/^-0$/, "0")
  );
  return `${value} [${ends.join(", ")}]`;
}

/** Rows of the table of settings: cells between bars, without filling. */
export function scaleTable(lines: readonly ScaleLine[]): string[] {
  return lines.filter(({ together }) => together).map((line) =>
    [
      ...[line.setting, line.models, line.heads, `${(line.parameters / 1e6).toFixed(1)} M`],
      ...[line.steps.toFixed(0), printed(line.accuracy)],
      ...[printed(line.topShare, 100), printed(line.effectiveShare, 100)],
      ...[line.top, line.random, line.layerMatched, line.top20].map((one) => printed(one)),
    ].join("|")
  );
}

/** Figures of the sizes by file name: concentration, and effects, against the number of heads. */
export function scaleFigures(lines: readonly ScaleLine[]): Readonly<Record<string, Figure>> {
  const of = lines.filter(({ together }) => together);
  const series = (name: string, value: (line: ScaleLine) => Omit<Interval, "level">) => ({
    name,
    x: of.map(({ heads }) => heads),
    y: of.map((line) => value(line).estimate),
    low: of.map((line) => value(line).low),
    high: of.map((line) => value(line).high),
  });
  const models = of.reduce((sum, line) => sum + line.models, 0);
  const common = { xTitle: "heads of the model", xScale: "log", xTicks: "number" } as const;
  return {
    scale_concentration: curves([
      series("calibrated RAM in the top 5%", ({ topShare }) => topShare),
      series("effective number of heads over all heads", (line) => line.effectiveShare),
    ], {
      ...common,
      title: "Concentration by size",
      yTitle: "share",
      yPercent: true,
      lines: [{ y: 0.05, label: "spread evenly" }],
      caption: `${models} models trained without a regulariser; bands: least and most of the seeds`,
    }),
    scale_effects: curves([
      series("core", ({ top }) => top),
      series("random", ({ random }) => random),
      series("layer-matched", ({ layerMatched }) => layerMatched),
    ], {
      ...common,
      title: "Right answers without 5% of the heads",
      yTitle: "change in points",
      caption: `${models} models; bands: 95% intervals over contexts and seeds`,
    }),
  };
}
