/**
 * Head scores as an Arrow file: one row per sample and head, one column per rule. Opens in arquero,
 * pandas and whatever else reads Arrow.
 *
 * @module
 */
import * as arrow from "apache-arrow";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { textColumn } from "./arrow_columns.ts";
import { type HeadScores, headScores, sampleMap } from "./head_scores.ts";

/** Columns that say which sample and head a row is about; a rule cannot have one of these names. */
const keyColumns = ["sample", "domain", "layer", "head"] as const;

/**
 * Scores by several rules, as the bytes of an Arrow file. The first rule's are of all samples; another
 * may lack some (those without a null query, say), for which its column holds NaN.
 *
 * @throws {InputError} if the scores are of other samples or heads, or a rule's name is taken
 */
export function headScoresToArrow(given: HeadScores | readonly HeadScores[]): Uint8Array {
  const all: readonly HeadScores[] = "shape" in given ? [given] : given;
  if (all.length === 0) throw new InputError("Cannot save head scores of 0 rules: 1 needed");
  const { sampleIds, domains, shape: [samples, layers, heads] } = all[0];
  const taken = new Set<string>(keyColumns);
  const rows = new Map(sampleIds.map((id, row) => [id, row]));
  for (const scores of all) {
    const [, ownLayers, ownHeads] = scores.shape;
    if (
      ownLayers !== layers || ownHeads !== heads || scores.sampleIds.some((id) => !rows.has(id))
    ) {
      throw new InputError(
        `Cannot save scores by "${all[0].rule}" and "${scores.rule}" together: they are of other ` +
          "samples or heads",
      );
    }
    if (taken.has(scores.rule)) {
      throw new InputError(`Cannot save scores by "${scores.rule}": the column exists already`);
    }
    taken.add(scores.rule);
  }
  const size = layers * heads;
  const numbers = (value: (row: number) => number) =>
    arrow.makeVector(Uint16Array.from({ length: samples * size }, (_, row) => value(row)));
  /** Scores of all samples: NaN for those that the rule has no scores of. */
  const column = (scores: HeadScores) => {
    const data = new Float32Array(samples * size).fill(NaN);
    scores.sampleIds.forEach((id, row) => data.set(sampleMap(scores, row), rows.get(id)! * size));
    return data;
  };
  const table = new arrow.Table({
    sample: textColumn(0, sampleIds, size),
    domain: textColumn(1, domains, size),
    layer: numbers((row) => Math.floor(row % size / heads)),
    head: numbers((row) => row % heads),
    ...Object.fromEntries(all.map((scores) => [scores.rule, arrow.makeVector(column(scores))])),
  });
  return arrow.tableToIPC(table, "file");
}

/**
 * Reads what {@link headScoresToArrow} wrote.
 *
 * @param file how messages name the file
 * @throws {InputError} if the bytes are no such file
 */
export function headScoresFromArrow(bytes: Uint8Array, file = "samples.arrow"): HeadScores[] {
  const wrong = (problem: string) =>
    new InputError(`Cannot read head scores of ${file}: ${problem}`);
  let table: arrow.Table;
  try {
    table = arrow.tableFromIPC(bytes);
  } catch (error) {
    throw wrong(`it is no Arrow file (${(error as Error).message})`);
  }
  const column = (name: string) => {
    const found = table.getChild(name);
    if (!found) throw wrong(`it has no column "${name}"`);
    return found;
  };
  const [sample, domain, layer, head] = keyColumns.map(column);
  const rows = table.numRows;
  if (rows === 0) throw wrong("it has no rows");
  const layers = 1 + layer.get(rows - 1), heads = 1 + head.get(rows - 1);
  const size = layers * heads;
  const samples = rows / size;
  const inOrder = (row: number) =>
    layer.get(row) === Math.floor(row % size / heads) && head.get(row) === row % heads &&
    sample.get(row) === sample.get(row - row % size);
  for (let row = 0; row < rows; row++) {
    if (!Number.isInteger(samples) || !inOrder(row)) {
      throw wrong(`row ${row} is out of order: wanted every head of a sample, by layer, then head`);
    }
  }
  const perSample = (from: arrow.Vector) =>
    Array.from({ length: samples }, (_, row) => String(from.get(row * size)));
  const sampleIds = perSample(sample), domains = perSample(domain);
  return table.schema.fields.map(({ name }) => name)
    .filter((name) => !(keyColumns as readonly string[]).includes(name))
    .map((rule, r) => {
      const data = Float32Array.from(column(rule).toArray() as Float32Array);
      const scored = sampleIds.map((_, row) => row).filter((row) =>
        r === 0 || !data.subarray(row * size, (row + 1) * size).every(Number.isNaN)
      );
      if (scored.length === 0) throw wrong(`it has no scores by rule ${quoted(rule)}`);
      const bad = scored.flatMap((row) => Array.from({ length: size }, (_, i) => row * size + i))
        .find((i) => !Number.isFinite(data[i]));
      if (bad !== undefined) throw wrong(`score ${bad} by rule ${quoted(rule)} is ${data[bad]}`);
      const maps = scored.map((row) => data.subarray(row * size, (row + 1) * size));
      return headScores(
        rule,
        { layers, heads },
        scored.map((row, i) => ({ id: sampleIds[row], domain: domains[row], map: maps[i] })),
      );
    });
}
