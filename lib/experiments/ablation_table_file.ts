/**
 * Outcomes of an ablation as an Arrow file: one row per sample and set of heads.
 *
 * @module
 */
import * as arrow from "apache-arrow";
import { InputError } from "../common/errors.ts";
import { textColumn } from "../heads/arrow_columns.ts";
import type { AblationRow, AblationTable } from "./ablation_table.ts";

/** Columns that are no scores by name. Where there are many sets, the plan's own are left out. */
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
];

/** With more sets than this, what `results.json` says of each is not repeated for every sample. */
const manySets = 64;

/** The table as the bytes of an Arrow file; sets that were not run on a sample have no row. */
export function ablationTableToArrow(
  { plan, sampleIds, domains, correct, logProb, scores = {} }: AblationTable,
): Uint8Array {
  const sets = plan.length;
  const cells = [...logProb.keys()].filter((cell) => !Number.isNaN(logProb[cell]));
  const setOf = (cell: number) => plan[cell % sets];
  const row = (cell: number) => Math.floor(cell / sets);
  const vector = <A extends Float64Array | Float32Array | Uint32Array | Uint16Array | Uint8Array>(
    type: { from(list: number[], map: (cell: number) => number): A },
    value: (cell: number) => number,
  ) => arrow.makeVector(type.from(cells, value));
  const ofThePlan = {
    condition: () => textColumn(2, cells.map((cell) => setOf(cell).condition)),
    fraction: () => vector(Float64Array, (cell) => setOf(cell).fraction),
    draw: () => vector(Uint32Array, (cell) => setOf(cell).draw),
    heads: () => vector(Uint32Array, (cell) => setOf(cell).heads.length),
  };
  const few = sets <= manySets;
  const table = new arrow.Table({
    sample: textColumn(0, cells.map((cell) => sampleIds[row(cell)])),
    domain: textColumn(1, cells.map((cell) => domains[row(cell)])),
    set: few
      ? vector(Uint32Array, (cell) => cell % sets)
      : vector(Uint16Array, (cell) => cell % sets),
    ...few
      ? Object.fromEntries(Object.entries(ofThePlan).map(([name, column]) => [name, column()]))
      : {},
    correct: vector(Uint8Array, (cell) => correct[cell]),
    logProb: vector(Float32Array, (cell) => logProb[cell]),
    ...Object.fromEntries(
      Object.entries(scores).map(([name, values]) => [
        name,
        vector(Float32Array, (cell) => values[cell]),
      ]),
    ),
  });
  return arrow.tableToIPC(table, "file");
}

/**
 * Outcomes by sample of a file that {@link ablationTableToArrow} made; NaN where a set was not run.
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
  const [sample, domain, set] = ["sample", "domain", "set"].map(column);
  const named = table.schema.fields.map(({ name }) => name)
    .filter((name) => !fixedColumns.includes(name));
  const values = new Map(
    ["correct", "logProb", ...named].map((name) => [name, column(name).toArray()] as const),
  );
  const numbers: ArrayLike<number> = set.toArray();
  const rows: (AblationRow & { readonly scores: Record<string, Float32Array> })[] = [];
  for (let i = 0; i < table.numRows; i++) {
    const id = String(sample.get(i)), own = numbers[i];
    const begins = own === 0; // the baseline is run on every sample, and comes first
    if (!(own < sets) || (!begins && rows.at(-1)?.id !== id)) {
      throw new InputError(
        `Cannot read outcomes of ${file}: its rows are not ${sets} sets for a sample`,
      );
    }
    if (begins) {
      const nothing = () => new Float32Array(sets).fill(NaN);
      rows.push({
        id,
        domain: String(domain.get(i)),
        correct: nothing(),
        logProb: nothing(),
        scores: Object.fromEntries(named.map((name) => [name, nothing()])),
      });
    }
    const { correct, logProb, scores } = rows[rows.length - 1];
    correct[own] = values.get("correct")![i];
    logProb[own] = values.get("logProb")![i];
    for (const name of named) scores[name][own] = values.get(name)![i];
  }
  return rows.map(({ scores, ...row }) => {
    const there = Object.entries(scores).filter(([, some]) => !Number.isNaN(some[0]));
    return there.length > 0 ? { ...row, scores: Object.fromEntries(there) } : row;
  });
}
