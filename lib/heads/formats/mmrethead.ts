/**
 * Head scores of MMRetHead (arXiv 2605.27243): a JSON object whose `head_score_list` holds
 * `["LAYER-HEAD", mean score]`, the best first. Its curated files list the best heads only.
 *
 * @module
 */
import { isRecord } from "../../common/values.ts";
import { gridOfScores, meanScores } from "../head_scores.ts";
import { topIndices } from "../../stats/rank.ts";
import { headAt } from "../../common/head_id.ts";
import { badList, type HeadListFormat, listJson, shortNumber } from "./format.ts";
import { dashedHead, fromListed } from "./listed_heads.ts";

/** The model that a file's `args` name; empty where they do not. */
function modelOf(args: unknown): string {
  const { model, model_name_or_path: path } = isRecord(args) ? args : {};
  return [model, path].find((name): name is string => typeof name === "string") ?? "";
}

/** The format. */
export const mmRetHead: HeadListFormat = {
  name: "mmrethead",
  title: 'MMRetHead, {"head_score_list": [["LAYER-HEAD", mean score]]}',
  write(scores, { model }) {
    const means = meanScores(scores), { heads, layers } = gridOfScores(scores);
    const list = [...topIndices(means)].map((index) => {
      const { layer, head } = headAt(index, heads);
      return `    ["${layer}-${head}", ${shortNumber(means[index])}]`;
    });
    const args = { model, rule: scores.rule, samples: scores.shape[0], layers, heads };
    return {
      "": `{\n  "args": ${JSON.stringify(args)},\n` +
        `  "head_score_list": [\n${list.join(",\n")}\n  ]\n}\n`,
    };
  },
  read(texts, file, sizes) {
    const json = listJson(texts[""], file);
    const { head_score_list: list, args } = isRecord(json) ? json : {};
    if (!Array.isArray(list)) {
      throw badList(file, 'it has no "head_score_list", a list of ["LAYER-HEAD", score]');
    }
    const listed = list.map((entry, i) => {
      if (!Array.isArray(entry) || entry.length !== 2) {
        throw badList(file, `entry ${i} of its list is not ["LAYER-HEAD", score]`);
      }
      const [name, score] = entry;
      return { ...dashedHead(name, file), scores: [typeof score === "number" ? score : NaN] };
    });
    return { ...fromListed("mmrethead", listed, file, sizes), model: modelOf(args), notes: {} };
  },
};
