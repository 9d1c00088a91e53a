/**
 * Attention patterns of DuoAttention (arXiv 2410.10819): a folder with `full_attention_heads.tsv`, one
 * line per layer with one number per key-value head as numpy writes it, and `config.json` with
 * `sink_size` and `recent_size`. Query heads that share a key-value head count as one there: written
 * is the highest of their scores, and read is the same score for each of them.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import { isRecord } from "../../common/values.ts";
import { meanScores } from "../head_scores.ts";
import { badList, type HeadListFormat, listJson, type ListSizes } from "./format.ts";
import { fromListed, type ListedHead } from "./listed_heads.ts";

const tableName = "full_attention_heads.tsv", configName = "config.json";

/** A number as numpy's `savetxt` writes it, which loses nothing of its eight bytes. */
function numpyNumber(value: number): string {
  return value.toExponential(18).replace(/e([+-])(\d)$/, "e$10$2");
}

/** Rows of the table. */
function rowsOf(text: string, file: string): number[][] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/#.*$/, "").trim())
    .filter((line) => line !== "");
  const rows = lines.map((line) =>
    line.split(/\s+/).map((cell) => {
      const value = Number(cell);
      if (Number.isFinite(value)) return value;
      throw badList(file, `${quoted(cell, 40)} is no number`);
    })
  );
  const odd = rows.findIndex((row) => row.length !== rows[0].length);
  if (odd >= 0) {
    throw badList(
      file,
      `line ${odd + 1} has ${rows[odd].length} numbers, the first ${rows[0].length}`,
    );
  }
  return rows;
}

/** G, query heads of one key-value head. */
function groupSize(keyValueHeads: number, known: number | undefined, file: string): number {
  const heads = known ?? keyValueHeads;
  if (heads % keyValueHeads === 0) return heads / keyValueHeads;
  throw badList(
    file,
    `it has ${keyValueHeads} key-value heads a layer, which ${heads} query heads cannot share`,
  );
}

/** The format. */
export const duoAttention: HeadListFormat = {
  name: "duo-attention",
  title: `DuoAttention, a folder with ${tableName} and ${configName}`,
  files: [tableName, configName],
  byKeyValueHead: true,
  write(scores, { model, keyValueHeads, sink, recent }) {
    const [samples, layers, heads] = scores.shape;
    if (keyValueHeads === undefined || !(heads % keyValueHeads === 0)) {
      throw new InputError(
        `Cannot write ${heads} query heads a layer by key-value head: wanted how many key-value ` +
          `heads they share, a divisor, got ${keyValueHeads}`,
      );
    }
    const means = meanScores(scores), group = heads / keyValueHeads;
    const lines = Array.from(
      { length: layers },
      (_, layer) =>
        Array.from({ length: keyValueHeads }, (_, k) => {
          const first = layer * heads + k * group;
          return numpyNumber(Math.max(...means.subarray(first, first + group)));
        }).join("\t"),
    );
    const config = {
      model_name: model,
      sink_size: sink,
      recent_size: recent,
      num_attention_heads: heads,
      score: scores.rule,
      samples,
      score_of_key_value_head: "highest of its query heads",
    };
    return { [tableName]: `${lines.join("\n")}\n`, [configName]: `${JSON.stringify(config)}\n` };
  },
  read(texts, file, sizes: ListSizes) {
    const rows = rowsOf(texts[tableName], file);
    if (rows.length === 0) throw badList(file, "it has no lines");
    const config = texts[configName] === undefined ? {} : listJson(texts[configName], configName);
    if (!isRecord(config)) throw badList(configName, "wanted a JSON object");
    const { model_name: model, num_attention_heads: stated, sink_size, recent_size } = config;
    const isCount = (value: unknown): value is number =>
      typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 1 << 30;
    const known = sizes.heads ?? (isCount(stated) && stated > 0 ? stated : undefined);
    if (sizes.layers !== undefined && sizes.layers !== rows.length) {
      throw badList(file, `it is of ${rows.length} layers, the model has ${sizes.layers}`);
    }
    const group = groupSize(rows[0].length, known, file);
    if (group > 1024) throw badList(file, `${known} query heads a layer are too many`);
    const listed = rows.flatMap((row, layer) =>
      row.flatMap((score, k) =>
        Array.from({ length: group }, (_, i): ListedHead => ({
          layer,
          head: k * group + i,
          scores: [score],
        }))
      )
    );
    const notes: Record<string, number | string> = { queryHeadsByKeyValueHead: group };
    if (isCount(sink_size)) notes.sink = sink_size;
    if (isCount(recent_size)) notes.recent = recent_size;
    return {
      ...fromListed("duo_attention", listed, file, sizes),
      model: typeof model === "string" ? model : "",
      notes,
    };
  },
};
