/**
 * The paper's claims about where the heads are, drawn from recorded results.
 *
 * @module
 */
import { headAt, headName } from "../../lib/common/head_id.ts";
import { scoresRecord } from "../../lib/experiments/scores_record.ts";
import { headMap, headRecord, scatter, sortedScores } from "../../lib/figures/mod.ts";
import { headConcentration, meanScores } from "../../lib/heads/head_scores.ts";
import { endsOf } from "../../lib/stats/interval.ts";
import { spearman } from "../../lib/stats/rank.ts";
import { between, type Claim, fraction, percent, scored, verdict } from "./claim.ts";

const vision = "smol-vision";

/** Claims about where the heads are. */
export const claimsAboutHeads: readonly Claim[] = [
  {
    claim: "Retrieval is concentrated in few heads",
    paper: "A small share of heads, about 5%, does most of the retrieval.",
    again: ["03", "Scores of all heads, sorted"],
    async draw(results) {
      const { found, top } = await scored(results, vision);
      const { topShare, chanceShare, pValue } = headConcentration(found, { fraction });
      return {
        figure: sortedScores(headRecord(scoresRecord(vision, found)), {
          top: top.length,
          topShare,
          title: "RAM of all heads, sorted",
        }),
        found: `The top 5% (${top.length} heads) hold ${percent(topShare.estimate)} of all RAM ` +
          `[${between(endsOf(topShare))}]; heads that are alike would give ` +
          `${percent(chanceShare)} (p\u00a0=\u00a0${pValue}).`,
        measured: `n = ${found.shape[0]} samples; band: 95% bootstrap interval of each head.`,
        records: [`${vision}/identify`],
        badge: verdict(topShare.low > chanceShare && pValue < 0.05),
      };
    },
  },
  {
    claim: "These heads lie in middle to late layers",
    paper: "The best heads lie in the middle and late layers.",
    again: ["03", "RAM of every head"],
    async draw(results) {
      const { found, grid, top } = await scored(results, vision);
      const late = top.filter(({ layer }) => layer >= grid.layers / 3);
      const early = top.filter(({ layer }) => layer < grid.layers / 3).map(headName);
      return {
        figure: headMap(headRecord(scoresRecord(vision, found)), {
          chosen: top,
          chosenLabel: "top 5%",
          title: "RAM of every head",
        }),
        found: `${late.length} of the ${top.length} best heads lie beyond the first third of the ` +
          `${grid.layers} layers${early.length > 0 ? `; the others are ${early.join(", ")}` : ""}.`,
        measured: `n = ${found.shape[0]} samples; 95% intervals on hover.`,
        records: [`${vision}/identify`],
        badge: verdict(late.length > 0.75 * top.length),
      };
    },
  },
  {
    claim: "The same heads serve text and images",
    paper: "The same heads serve documents, scenes and video.",
    again: ["03", "Agreement between domains"],
    async draw(results) {
      const pages = await scored(results, vision), text = await scored(results, "smol");
      const x = meanScores(text.found), y = meanScores(pages.found), { heads } = pages.grid;
      const names = new Set(text.top.map(headName));
      const both = pages.top.map(headName).filter((name) => names.has(name));
      const rank = spearman(x, y);
      return {
        figure: scatter(
          Array.from(x, (value, i) => ({
            name: headName(headAt(i, heads)),
            x: { value },
            y: { value: y[i] },
          })),
          {
            title: "RAM of each head",
            xTitle: "RAM on text",
            yTitle: "RAM on page images",
          },
        ),
        found:
          `${both.length} of the ${pages.top.length} best heads on page images are the best on ` +
          `text, too; the ranks of all heads correlate with ${
            rank.toFixed(2)
          }. The vision tower was ` +
          "trained without knowledge of any head.",
        measured: `n = ${pages.found.shape[0]} samples of pages, ${text.found.shape[0]} of text; ` +
          "a point is a head.",
        records: [`${vision}/identify`, "smol/identify"],
        badge: verdict(rank > 0.8 && both.length > pages.top.length / 2),
      };
    },
  },
];
