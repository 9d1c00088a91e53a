/**
 * The paper's claims about what the heads do, drawn from recorded results.
 *
 * @module
 */
import { join } from "node:path";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import type { AblationResult } from "../../lib/experiments/ablation_results.ts";
import { readHybridQuality } from "../../lib/experiments/hybrid_quality.ts";
import { bars, curves } from "../../lib/figures/mod.ts";
import {
  accuracyRows,
  byCondition,
  type Claim,
  conditionTitles,
  percent,
  speedRows,
  verdict,
} from "./claim.ts";

const vision = "smol-vision";

const count = (value: number) => value.toLocaleString("en");

/** Claims about what the heads do. */
export const claimsAboutEffects: readonly Claim[] = [
  {
    claim: "Removing the top 5% of heads takes the answers away",
    paper: "Accuracy falls by more than 20 points.",
    again: ["04", "Accuracy without heads"],
    async draw(results) {
      const record = `${vision}/ablate-answer`;
      const rows = accuracyRows(await readAblatedHeads(join(results, record)));
      const shown = byCondition(rows, Object.keys(conditionTitles));
      const [lost] = rows.filter(({ condition }) => condition === "core");
      const [low, high] = lost.dropCi95 ?? [NaN, NaN];
      const draws = Math.max(...shown.map((row) => row.draws));
      return {
        figure: bars(shown.map(({ condition }) => conditionTitles[condition]), [{
          name: "right answers",
          values: shown,
        }], { title: "Right answers without heads", valueTitle: "accuracy", percent: true }),
        found: `Without them ${percent(lost.value)} of the answers are right, ` +
          `${Math.round(100 * lost.dropFromBaseline)} points less than with all heads ` +
          `[${Math.round(100 * low)} to ${Math.round(100 * high)}]. Heads are removed from the ` +
          "question on, so that the pages are read undisturbed.",
        measured: `n = ${lost.samples} samples, none of which chose the heads; whiskers: 95% ` +
          `intervals, for controls the range of ${draws} draws around their mean.`,
        records: [record],
        badge: verdict(low > 0.2),
      };
    },
  },
  {
    claim: "Heads with low RAM cost almost nothing",
    paper: "Removing low-ranked heads leaves accuracy nearly as it was.",
    again: ["04", "Without 5% of the heads, all domains"],
    async draw(results) {
      const records = [`${vision}/ablate-answer`, `${vision}/ablate-all`];
      const [answer, all] = await Promise.all(
        records.map(async (name) => accuracyRows(await readAblatedHeads(join(results, name)))),
      );
      const of = (rows: readonly AblationResult[]) => byCondition(rows, ["none", "bottom"]);
      const [kept, lost] = of(answer), everywhere = of(all)[1];
      return {
        figure: bars(["from the question on", "at every position"], [
          { name: "all heads", values: [kept, of(all)[0]] },
          { name: "without the lowest 5%", values: [lost, everywhere] },
        ], {
          title: "Right answers without the lowest heads",
          valueTitle: "accuracy",
          percent: true,
        }),
        found: `Missed from the question on, the lowest 5% cost next to nothing (${
          percent(kept.value)
        } to ${percent(lost.value)}). Missed while the pages are read, too, they cost ${
          Math.round(100 * (of(all)[0].value - everywhere.value))
        } points: they do other work.`,
        measured: `n = ${answer[0].samples} and ${
          all[0].samples
        } samples; whiskers: 95% intervals.`,
        records,
        badge: verdict(lost.high >= kept.value, "in agreement from the question on"),
      };
    },
  },
  {
    claim: "Full attention in these heads alone keeps the answers",
    paper: "Hybrid attention keeps quality.",
    again: ["05", "Accuracy by share of full heads"],
    async draw(results) {
      const record = `${vision}/hybrid`, rows = await readHybridQuality(join(results, record));
      const [{ denseValue, samples, tokens }] = rows;
      const core = rows.filter(({ policy }) => policy === "core");
      const best = core.at(-1)!, worst = core[0];
      const label = (policy: string, full: number) => `${policy} ${percent(full)}`;
      return {
        figure: bars(rows.map(({ policy, fullHeads }) => label(policy, fullHeads)), [{
          name: "right answers",
          values: rows.map(({ sparseValue: value, ci95: [low, high] }) => ({ value, low, high })),
        }], {
          title: "Right answers by which heads have full attention",
          valueTitle: "accuracy",
          percent: true,
          line: { value: denseValue, label: "all heads" },
        }),
        found: `With ${percent(best.fullHeads)} of the heads full, the best by RAM, ${
          percent(best.sparseValue)
        } are right, with ${percent(worst.fullHeads)} ${
          percent(worst.sparseValue)
        }; with all heads ${
          percent(denseValue)
        }. The others see the first 4 and the last 64 tokens.`,
        measured: `n = ${samples} samples of ${tokens.toFixed(0)} tokens; whiskers: 95% intervals.`,
        records: [record],
        badge: verdict(
          best.sparseValue >= 0.95 * denseValue,
          best.sparseValue >= 0.95 * denseValue
            ? `in agreement at ${percent(best.fullHeads)}`
            : "not in agreement",
        ),
      };
    },
  },
  {
    claim: "Prefill becomes faster",
    paper: "1.8 to 2.3 times as fast.",
    again: ["05", "Speed-up of prefill"],
    async draw(results) {
      const records = ["", "_8k", "_16k"].map((end) => `bench/zen4_prefill_bfloat16${end}.json`);
      const rows = await speedRows(records.map((name) => join(results, name)));
      const reached = rows.find(({ value }) => value >= 1.8);
      const column = (key: "tokens" | "value" | "low" | "high" | "bound") =>
        rows.map((row) => row[key]);
      return {
        figure: curves([
          {
            name: "measured",
            x: column("tokens"),
            y: column("value"),
            low: column("low"),
            high: column("high"),
          },
          { name: "bound", x: column("tokens"), y: column("bound") },
        ], {
          title: "Speed-up of prefill with full attention in 5% of the heads",
          xTitle: "tokens of the prompt",
          yTitle: "times as fast as dense",
          xScale: "log",
          xTicks: "number",
          lines: [{ y: 1, label: "as fast" }],
        }),
        found:
          rows.map(({ tokens, value }) => `${value.toFixed(2)} at ${count(tokens)}`).join(", ") +
          " tokens. The bound is what skipping those pairs of queries and keys can give.",
        measured:
          "A decoder with random weights (hidden size 1,024, 16 heads), bfloat16, one thread " +
          "of a Zen 4 processor; medians of 3 to 5 interleaved rounds; band: their range.",
        records,
        badge: verdict(
          reached !== undefined,
          reached ? `in agreement from ${count(reached.tokens)} tokens on` : "not in agreement",
        ),
      };
    },
  },
];
