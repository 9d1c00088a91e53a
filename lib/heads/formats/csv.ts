/**
 * Head scores as comma-separated values, one row per head, the best first: `layer`, `head`, `score`,
 * and the ends of the score's 95% interval. Read are the first three columns, in any order.
 *
 * @module
 */
import { headIndex } from "../../common/head_id.ts";
import { quoted } from "../../common/text.ts";
import { summarizeHeads } from "../head_scores.ts";
import { badList, type HeadListFormat, shortNumber } from "./format.ts";
import { fromListed } from "./listed_heads.ts";

const columns = ["layer", "head", "score"] as const;

/** The format. */
export const csv: HeadListFormat = {
  name: "csv",
  title: "comma-separated values: layer, head, score, ci95_low, ci95_high",
  write(scores) {
    const { mean, low, high, ranking } = summarizeHeads(scores);
    const rows = ranking.map(({ layer, head }) => {
      const index = headIndex({ layer, head }, scores.shape[2]);
      const numbers = [mean, low, high].map((values) => shortNumber(values[index]));
      return [layer, head, ...numbers].join(",");
    });
    return { "": `${[...columns, "ci95_low", "ci95_high"].join(",")}\n${rows.join("\n")}\n` };
  },
  read(texts, file, sizes) {
    const lines = texts[""].split(/\r?\n/).filter((line) => line.trim() !== "");
    const cells = (line: string) =>
      line.split(",").map((cell) => cell.trim().replace(/^"|"$/g, ""));
    const names = cells(lines[0] ?? "").map((name) => name.toLowerCase());
    const places = columns.map((name) => {
      const place = names.indexOf(name);
      if (place < 0) {
        throw badList(file, `its first line has no column "${name}"; wanted ${columns.join(",")}`);
      }
      return place;
    });
    const listed = lines.slice(1).map((line, i) => {
      const [layer, head, score] = places.map((place) => cells(line)[place] ?? "");
      if (!/^\d{1,4}$/.test(layer) || !/^\d{1,4}$/.test(head)) {
        throw badList(file, `row ${i + 1} names head ${quoted(`${layer}, ${head}`, 40)}`);
      }
      const scores = [score === "" ? NaN : Number(score)];
      return { layer: Number(layer), head: Number(head), scores };
    });
    return { ...fromListed("csv", listed, file, sizes), model: "", notes: {} };
  },
};
