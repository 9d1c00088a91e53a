/**
 * How surely a head belongs to the top fraction: its share of bootstrap draws.
 *
 * @module
 */

import { bootstrapMeans } from "./bootstrap.ts";
import { topCount } from "./concentration.ts";
import type { SampleMatrix } from "./matrix.ts";
import type { ResampleOptions } from "./resample.ts";

/**
 * For each head, the share of bootstrap draws in which its mean is among the top fraction.
 *
 * It says how stable membership is under drawing the samples again, not how likely the head
 * truly belongs there. Heads that tie at the boundary share the places left over, so the
 * probabilities always sum to the number of top heads.
 *
 * @param matrix values by sample, `[rows, columns]`
 * @param fraction share of the columns that counts as top, in (0, 1]; see {@link topCount}
 * @param options draws (2000), seed (0), strata, clusters
 * @param means what `bootstrapMeans` makes of matrix and options, where it is known
 * @returns `[columns]`, each in [0, 1]
 * @throws {InputError} when the fraction is out of range or labels do not fit
 *
 * @example
 * ```ts
 * import { topMembership } from "./membership.ts";
 * import { sampleMatrix } from "./matrix.ts";
 * import { assertEquals } from "@std/assert";
 * const matrix = sampleMatrix(new Float64Array([0.9, 0.1, 0.2, 0.8, 0.2, 0.1]), 2, 3);
 * assertEquals(topMembership(matrix, 1 / 3)[0], 1);
 * ```
 */
export function topMembership(
  matrix: SampleMatrix,
  fraction: number,
  options: ResampleOptions = {},
  means: Float64Array = bootstrapMeans(matrix, options),
): Float64Array {
  const { columns } = matrix;
  const top = topCount(columns, fraction);
  const draws = means.length / columns;
  const probability = new Float64Array(columns);
  const sorted = new Float64Array(columns);
  for (let draw = 0; draw < draws; draw++) {
    const drawn = means.subarray(draw * columns, (draw + 1) * columns);
    sorted.set(drawn);
    sorted.sort();
    const threshold = sorted[columns - top];
    let above = 0;
    let equal = 0;
    for (let c = 0; c < columns; c++) {
      if (drawn[c] > threshold) above++;
      else if (drawn[c] === threshold) equal++;
    }
    const share = (top - above) / equal;
    for (let c = 0; c < columns; c++) {
      if (drawn[c] > threshold) probability[c] += 1;
      else if (drawn[c] === threshold) probability[c] += share;
    }
  }
  for (let c = 0; c < columns; c++) probability[c] /= draws;
  return probability;
}
