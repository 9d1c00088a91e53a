/**
 * Which rows a bootstrap draw takes: plain, stratified by domain, and by whole clusters.
 *
 * @module
 */

import { InputError } from "../common/errors.ts";
import type { Random, Seed } from "./random.ts";

/** A label per sample, such as its domain or the context it was asked about. */
export type Labels = ArrayLike<string | number>;

/** How samples are drawn again. */
export interface ResampleOptions {
  /** Number of bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: Seed;
  /**
   * Stratum of each sample, e.g. its domain: every draw takes as many units from each stratum as
   * the data has. One stratum by default. Strata of a single unit, which would never vary, count as
   * one stratum together (or with the smallest other one).
   */
  readonly strata?: Labels;
  /**
   * Cluster of each sample, e.g. the image that several questions share: clusters are drawn
   * whole, because their samples are not independent. Each sample by itself by default.
   */
  readonly clusters?: Labels;
}

/** Units that are drawn with replacement, grouped by stratum. */
export interface ResamplePlan {
  /** Number of samples. */
  readonly rows: number;
  /** For each stratum its units, and for each unit the rows of its samples. */
  readonly strata: readonly (readonly Uint32Array[])[];
  /** For each stratum the rows of its units where each is one sample; else null. */
  readonly singles: readonly (Uint32Array | null)[];
}

/** Row indices by label, in order of first appearance. */
export function groupRows(labels: Labels): Map<string | number, number[]> {
  const groups = new Map<string | number, number[]>();
  for (let row = 0; row < labels.length; row++) {
    const group = groups.get(labels[row]);
    if (group === undefined) groups.set(labels[row], [row]);
    else group.push(row);
  }
  return groups;
}

/** Throws unless there is one label per row. */
export function checkLabels(name: string, labels: Labels | undefined, rows: number): void {
  if (labels !== undefined && labels.length !== rows) {
    throw new InputError(
      `Cannot resample ${rows} samples with ${labels.length} ${name} labels: wanted one per sample`,
    );
  }
}

/**
 * The units of a bootstrap: clusters (or single samples) within strata.
 *
 * @param rows number of samples, at least 1
 * @param options strata and clusters, one label per sample each
 * @throws {InputError} when labels do not fit the samples or a cluster spans two strata
 *
 * @example
 * ```ts
 * import { resamplePlan } from "./resample.ts";
 * import { assertEquals } from "@std/assert";
 * const plan = resamplePlan(3, { strata: ["scene", "page", "page"] });
 * assertEquals(plan.strata.map((units) => units.length), [3]); // a single unit does not vary
 * ```
 */
export function resamplePlan(
  rows: number,
  options: Pick<ResampleOptions, "strata" | "clusters"> = {},
): ResamplePlan {
  const { strata, clusters } = options;
  if (!(Number.isInteger(rows) && rows > 0)) {
    throw new InputError(`Cannot resample ${rows} samples: at least 1 needed`);
  }
  checkLabels("stratum", strata, rows);
  checkLabels("cluster", clusters, rows);
  const everyRow = Array.from({ length: rows }, (_, row) => [row]);
  const units = clusters === undefined ? everyRow : [...groupRows(clusters).values()];
  const groups = new Map<string | number, Uint32Array[]>();
  for (const unit of units) {
    const label = strata?.[unit[0]] ?? "all";
    const stray = strata === undefined ? undefined : unit.find((row) => strata[row] !== label);
    if (stray !== undefined) {
      throw new InputError(
        `Cannot resample cluster ${clusters?.[stray]}: its samples ${
          unit[0]
        } and ${stray} lie in ` +
          `strata ${label} and ${strata?.[stray]}, wanted one stratum per cluster`,
      );
    }
    const group = groups.get(label);
    if (group === undefined) groups.set(label, [Uint32Array.from(unit)]);
    else group.push(Uint32Array.from(unit));
  }
  const found = collapsed([...groups.values()]);
  const singles = found.map((units) =>
    units.every(({ length }) => length === 1) ? Uint32Array.from(units, ([row]) => row) : null
  );
  return { rows, strata: found, singles };
}

/**
 * Strata of at least two units each, where there are so many: those of one unit are joined, and a last
 * one alone goes to the smallest other. Source: Cochran, "Sampling Techniques" (1977), 5A.12.
 */
function collapsed(strata: readonly Uint32Array[][]): Uint32Array[][] {
  const alone = strata.filter((units) => units.length === 1);
  if (alone.length === 0 || strata.length === 1) return [...strata];
  const others = strata.filter((units) => units.length > 1);
  if (alone.length > 1) return [...others, alone.flat()];
  const smallest = others.reduce((a, b) => b.length < a.length ? b : a);
  return others.map((units) => units === smallest ? [...units, ...alone[0]] : units);
}

/**
 * One bootstrap draw as counts: how often each sample is taken.
 *
 * @param plan units within strata
 * @param random source of the draw
 * @param counts filled with the counts, `[rows]`
 * @returns number of samples taken; differs from `rows` only where clusters differ in size
 */
export function drawCounts(plan: ResamplePlan, random: Random, counts: Uint32Array): number {
  counts.fill(0);
  let total = 0;
  for (const [stratum, units] of plan.strata.entries()) {
    const single = plan.singles[stratum];
    if (single !== null) {
      for (let i = 0; i < single.length; i++) counts[single[random.integer(single.length)]]++;
      total += single.length;
      continue;
    }
    for (let i = 0; i < units.length; i++) {
      const unit = units[random.integer(units.length)];
      total += unit.length;
      for (let j = 0; j < unit.length; j++) counts[unit[j]]++;
    }
  }
  return total;
}

/**
 * One bootstrap draw as row indices, with repetitions.
 *
 * @returns indices of the samples taken
 *
 * @example
 * ```ts
 * import { drawRows, resamplePlan } from "./resample.ts";
 * import { Random } from "./random.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(drawRows(resamplePlan(10), new Random(1)).length, 10);
 * ```
 */
export function drawRows(plan: ResamplePlan, random: Random): Uint32Array {
  const counts = new Uint32Array(plan.rows);
  const rows = new Uint32Array(drawCounts(plan, random, counts));
  let filled = 0;
  for (let row = 0; row < plan.rows; row++) {
    rows.fill(row, filled, filled + counts[row]);
    filled += counts[row];
  }
  return rows;
}

/** The number of draws asked for, checked. */
export function drawCount(draws: number | undefined, byDefault: number): number {
  const count = draws ?? byDefault;
  if (!(Number.isInteger(count) && count > 0)) {
    throw new InputError(`Cannot resample ${count} times: draws must be a positive integer`);
  }
  return count;
}

/** Whether leaving out any one unit still leaves a sample. */
export function canLeaveOneOut(plan: ResamplePlan): boolean {
  return plan.strata.length > 1 || plan.strata[0].length > 1;
}
