/**
 * Outcomes of an ablation as an Arrow file: one row per sample and set of heads.
 *
 * @module
 */
import * as arrow from "apache-arrow";
import { InputError } from "../common/errors.ts";
import { textColumn } from "../heads/arrow_columns.ts";
import type { PlannedAblation } from "./ablation_plan.ts";
import type { AblationRow, AblationTable } from "./ablation_results.ts";

/** Columns of every file; what stands behind them are scores by name. */
const fixedColumns = [
  "sample",
  "domain",
  "set",
  "condition",
  "fraction",
  "draw",
  "heads",
  "correct",
  "logProb",
] as const;

/** The table as the bytes of an Arrow file. */
export function ablationTableToArrow(
  { plan, sampleIds, domains, correct, logProb, scores = {} }: AblationTable,
): Uint8Array {
  const sets = plan.length, rows = sampleIds.length * sets;
  const column = <A extends Float64Array | Uint32Array>(
    type: { from(list: { length: number }, map: (_: unknown, i: number) => number): A },
    value: (planned: PlannedAblation, set: number) => number,
  ) =>
    arrow.makeVector(type.from({ length: rows }, (_, row) => value(plan[row % sets], row % sets)));
  const repeated = sampleIds.flatMap(() => plan.map(({ condition }) => condition));
  const fixed: Record<typeof fixedColumns[number], arrow.Vector> = {
    sample: textColumn(0, sampleIds, sets),
    domain: textColumn(1, domains, sets),
    set: column(Uint32Array, (_, set) => set),
    condition: textColumn(2, repeated),
    fraction: column(Float64Array, ({ fraction }) => fraction),
    draw: column(Uint32Array, ({ draw }) => draw),
    heads: column(Uint32Array, ({ heads }) => heads.length),
    correct: arrow.makeVector(correct),
    logProb: arrow.makeVector(logProb),
  };
  const named = Object.entries(scores).map(([name, values]) => [name, arrow.makeVector(values)]);
  const table = new arrow.Table({ ...fixed, ...Object.fromEntries(named) });
  return arrow.tableToIPC(table, "file");
}

/**
 * Outcomes by sample of a file that {@link ablationTableToArrow} made.
 *
 * @param sets number of sets of heads
 * @param file how messages name the file
 * @throws {InputError} if the bytes are no such file
 */
export function ablationRowsFromArrow(
  bytes: Uint8Array,
  sets: number,
  file = "samples.arrow",
): AblationRow[] {
  const table = arrow.tableFromIPC(bytes);
  const column = (name: string) => {
    const found = table.getChild(name);
    if (found) return found;
    throw new InputError(`Cannot read outcomes of ${file}: it has no column "${name}"`);
  };
  const [sample, domain, correct, logProb] = ["sample", "domain", "correct", "logProb"].map(column);
  if (table.numRows % sets !== 0) {
    throw new InputError(`Cannot read outcomes of ${file}: its rows are not ${sets} for a sample`);
  }
  const values = Float32Array.from(logProb.toArray() as Float32Array);
  const right = Float32Array.from(correct.toArray() as Uint8Array);
  const named = table.schema.fields.map(({ name }) => name).slice(fixedColumns.length)
    .map((name) => [name, Float32Array.from(column(name).toArray() as Float32Array)] as const);
  return Array.from({ length: table.numRows / sets }, (_, i) => {
    const own = <T extends Float32Array>(all: T) => all.slice(i * sets, (i + 1) * sets);
    const scores = named.map(([name, all]) => [name, own(all)] as const)
      .filter(([, some]) => !Number.isNaN(some[0]));
    return {
      id: String(sample.get(i * sets)),
      domain: String(domain.get(i * sets)),
      correct: own(right),
      logProb: own(values),
      ...(scores.length > 0 ? { scores: Object.fromEntries(scores) } : {}),
    };
  });
}
