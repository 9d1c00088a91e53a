/**
 * Head scores as comma-separated values, one row per head, the best first: `layer`, `head`, `score`,
 * and the ends of the score's 95% interval. Columns are read in any order; the last two may be missing.
 * Tabulators or semicolons may separate the values, as spreadsheets write them where numbers have commas.
 *
 * @module
 */
import { headIndex } from "../../common/head_id.ts";
import { quoted } from "../../common/text.ts";
import { summarizeHeads } from "../head_scores.ts";
import { badList, type HeadIntervals, type HeadListFormat, shortNumber } from "./format.ts";
import { fromListed } from "./listed_heads.ts";

const columns = ["layer", "head", "score"] as const;
const ends = ["ci95_low", "ci95_high"] as const;

/** How the cells of a line are read, by what separates the names of the first one. */
function cellsOf(first: string): (line: string) => string[] {
  const separator = [";", "\t"].find((mark) => first.includes(mark)) ?? ",";
  return (line) =>
    line.split(separator).map((cell) => cell.trim().replace(/^"|"$/g, ""))
      .map((cell) => separator === "," ? cell : cell.replace(",", "."));
}

/** The format. */
export const csv: HeadListFormat = {
  name: "csv",
  title: "comma-separated values: layer, head, score, ci95_low, ci95_high",
  write(scores, { intervals }) {
    const { mean, low, high, ranking } = summarizeHeads(scores);
    const rows = ranking.map(({ layer, head }) => {
      const index = headIndex({ layer, head }, scores.shape[2]);
      const interval = intervals?.[index] ?? [low[index], high[index]];
      return [layer, head, ...[mean[index], ...interval].map(shortNumber)].join(",");
    });
    return { "": `${[...columns, ...ends].join(",")}\n${rows.join("\n")}\n` };
  },
  read(texts, file, sizes) {
    const lines = texts[""].split(/\r?\n/).filter((line) => line.trim() !== "");
    const cells = cellsOf(lines[0] ?? "");
    const names = cells(lines[0] ?? "").map((name) => name.toLowerCase());
    const places = columns.map((name) => {
      const place = names.indexOf(name);
      if (place < 0) {
        throw badList(file, `its first line has no column "${name}"; wanted ${columns.join(",")}`);
      }
      return place;
    });
    const endPlaces = ends.map((name) => names.indexOf(name));
    const hasIntervals = endPlaces.every((place) => place >= 0);
    const intervals = new Map<string, readonly [number, number]>();
    const listed = lines.slice(1).map((line, i) => {
      const [layer, head, score] = places.map((place) => cells(line)[place] ?? "");
      if (!/^\d{1,4}$/.test(layer) || !/^\d{1,4}$/.test(head)) {
        throw badList(file, `row ${i + 1} names head ${quoted(`${layer}, ${head}`, 40)}`);
      }
      const scores = [score === "" ? NaN : Number(score)];
      if (hasIntervals) {
        const [low, high] = endPlaces.map((place) => cells(line)[place] ?? "");
        if (low !== "" || high !== "") {
          const interval = [low, high].map((end) => end === "" ? NaN : Number(end));
          if (!interval.every(Number.isFinite) || interval[0] > interval[1]) {
            throw badList(file, `row ${i + 1} has the interval ${quoted(`${low} to ${high}`, 40)}`);
          }
          intervals.set(`${Number(layer)}:${Number(head)}`, [interval[0], interval[1]]);
        }
      }
      return { layer: Number(layer), head: Number(head), scores };
    });
    const list = { ...fromListed("csv", listed, file, sizes), model: "", notes: {} };
    if (intervals.size === 0) return list;
    const [, layers, heads] = list.scores.shape;
    const byHead: HeadIntervals = Array.from(
      { length: layers * heads },
      (_, i) => intervals.get(`${Math.floor(i / heads)}:${i % heads}`) ?? null,
    );
    return { ...list, intervals: byHead };
  },
};
