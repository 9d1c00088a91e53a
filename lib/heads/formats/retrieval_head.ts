/**
 * Head scores of Retrieval_Head (arXiv 2404.15574): one JSON object, on one line since its programs
 * read one, with the scores of every test by head: `{"0-0": [0, 0.05, …], …}`.
 *
 * @module
 */
import { isRecord } from "../../common/values.ts";
import { allHeads } from "../../common/head_id.ts";
import { gridOfScores } from "../head_scores.ts";
import { badList, type HeadListFormat, listJson, shortNumber } from "./format.ts";
import { dashedHead, fromListed } from "./listed_heads.ts";

/** The format. */
export const retrievalHead: HeadListFormat = {
  name: "retrieval-head",
  title: 'Retrieval_Head, {"LAYER-HEAD": [score of each sample]}',
  write(scores) {
    const { shape: [samples, layers, heads], data } = scores;
    const entries = allHeads(gridOfScores(scores)).map(({ layer, head }, index) => {
      const own = Array.from(
        { length: samples },
        (_, s) => shortNumber(data[s * layers * heads + index]),
      );
      return `"${layer}-${head}": [${own.join(", ")}]`;
    });
    return { "": `{${entries.join(", ")}}\n` };
  },
  read(texts, file, sizes) {
    const json = listJson(texts[""], file);
    if (!isRecord(json)) throw badList(file, 'wanted an object {"LAYER-HEAD": [scores]}');
    const listed = Object.entries(json).map(([name, scores]) => {
      if (!Array.isArray(scores)) throw badList(file, `${name} has no list of scores`);
      return { ...dashedHead(name, file), scores: scores.map(asNumber) };
    });
    return { ...fromListed("retrieval_head", listed, file, sizes), model: "", notes: {} };
  },
};

/** NaN for what is no number, so that the one check of scores refuses it. */
function asNumber(value: unknown): number {
  return typeof value === "number" ? value : NaN;
}
