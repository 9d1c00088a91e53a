/** What `corelens ablate` prints: a line for each set of heads, one for all draws of a control. */
import { drawnControls } from "../lib/experiments/ablation_plan.ts";
import type { AblationResult } from "../lib/experiments/ablation_results.ts";

const interval = ([low, high]: readonly [number, number]) =>
  `[${low.toFixed(3)}, ${high.toFixed(3)}]`;

/** The p-value of a line; ends on the right. */
const probability = (p: number) => p < 0.001 ? "< 0.001" : p.toFixed(3);

/** Accuracy over all samples, line by line. */
export function ablationLines(results: readonly AblationResult[]): string[] {
  const lines = ["condition                 share  draws  accuracy  drop [95% interval]       p"];
  const line = (name: string, share: number, draws: number, cells: readonly string[]) =>
    lines.push(
      `${name.padEnd(24)} ${share.toFixed(3).padStart(6)} ${String(draws).padStart(6)}  ${
        cells.join(" ")
      }`,
    );
  const rows = results.filter(({ metric, domain, condition }) =>
    metric === "accuracy" && domain === "all" && condition !== "head"
  );
  const drawn: readonly string[] = drawnControls;
  const baseline = rows.find(({ condition }) => condition === "none")?.value ?? NaN;
  for (const row of rows) {
    if (drawn.includes(row.condition)) continue;
    const name = row.set && row.condition === "set" ? row.set : row.condition;
    line(name, row.fraction, 1, [
      row.value.toFixed(3).padStart(8),
      ` ${`${row.dropFromBaseline.toFixed(3)} ${interval(row.dropCi95)}`.padEnd(26)}`,
      probability(row.pValue),
    ]);
    for (const [control, found] of Object.entries(row.againstControls ?? {})) {
      if (!drawn.includes(control)) continue;
      line(`  ${control}`, row.fraction, found.draws, [
        found.value.toFixed(3).padStart(8),
        ` ${(baseline - found.value).toFixed(3)}, draws ${interval(found.range)};`,
        `excess ${found.excess.toFixed(3)} ${interval(found.ci95)}`,
        `p ${probability(found.pValue)}, over draws ${probability(found.pValueOverDraws)}`,
      ]);
    }
  }
  if (baseline === 0) {
    lines.push(
      "without any change the model gives no sample's answer, so no heads can cost one; " +
        "corelens ask shows what it says",
    );
  }
  const tests = rows.flatMap(({ againstControls = {} }) => Object.keys(againstControls)).length;
  if (tests > 0) {
    lines.push(
      "excess: what the heads cost beyond the controls, over samples and draws; p corrected for all " +
        "comparisons of the record, over draws for each by itself",
    );
  }
  return lines;
}
