/**
 * Which heads are retrieval heads, if any: a set with a bound on its errors, where `topHeads` always
 * returns as many as asked.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { bootstrapMeans } from "../stats/bootstrap.ts";
import { columnMeans } from "../stats/matrix.ts";
import type { Seed } from "../stats/random.ts";
import { topIndices } from "../stats/rank.ts";
import { quantile } from "../stats/summary.ts";
import { headAt, type HeadId } from "../common/head_id.ts";
import { type HeadScores, scoreMatrix } from "./head_scores.ts";

/** Options of {@link detectHeads}. */
export interface DetectOptions {
  /** Mean score that a head must exceed; 0.1 by default. */
  readonly minimum?: number;
  /** Probability with which no head is named wrongly; 0.99 by default. */
  readonly level?: number;
  /** Bootstrap draws; 2000 by default. */
  readonly draws?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: Seed;
}

/** Outcome of {@link detectHeads}. */
export interface DetectedHeads {
  /** The heads whose lower bound exceeds the minimum, highest mean first; possibly none. */
  readonly heads: readonly HeadId[];
  /** Lower confidence bounds of the means, valid for all heads at once: `[layers, heads]`. */
  readonly lower: Float64Array;
  /** Standard errors that the bound lies below the mean. */
  readonly width: number;
}

/**
 * The heads whose mean score certainly exceeds a minimum.
 *
 * A head is named if its lower confidence bound lies above `minimum`; the bounds hold for all heads
 * at once (bootstrap of the largest deviation in standard errors, max-t), so with probability
 * `level` no head with a mean of at most `minimum` is named, however many heads there are. Use the
 * `calibrated` scores: they are 0 for a head whose attention does not depend on what is asked, and the
 * minimum of 0.1 says that at least a tenth of the question's attention moves to the evidence because
 * it is asked for. With plain RAM a head that always looks at the same salient place can pass.
 *
 * @param scores by one rule, of two or more samples, best calibrated ones
 * @throws {InputError} for fewer than 2 samples or a level outside of (0, 1)
 *
 * @example
 * ```ts
 * import { detectHeads } from "./detect.ts";
 * import { assertEquals } from "@std/assert";
 * const samples = [0, 1, 2, 3, 4, 5, 6, 7]; // two heads: the second attends to the evidence in all
 * const data = Float32Array.from(samples.flatMap((i) => [0.01 * i, 0.8 + 0.01 * i]));
 * const scores = {
 *   rule: "calibrated",
 *   sampleIds: samples.map(String),
 *   domains: samples.map(() => "page"),
 *   shape: [8, 1, 2] as const,
 *   data,
 * };
 * assertEquals(detectHeads(scores).heads, [{ layer: 0, head: 1 }]);
 * ```
 */
export function detectHeads(scores: HeadScores, options: DetectOptions = {}): DetectedHeads {
  const { minimum = 0.1, level = 0.99, draws = 2000, seed = 0 } = options;
  const matrix = scoreMatrix(scores);
  const { rows, columns } = matrix;
  if (rows < 2) throw new InputError(`Cannot detect heads on ${rows} sample: at least 2 needed`);
  if (!(level > 0 && level < 1)) {
    throw new InputError(`Cannot detect heads at level ${level}: level must be in (0, 1)`);
  }
  const mean = columnMeans(matrix);
  const error = new Float64Array(columns);
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < columns; c++) error[c] += (matrix.data[row * columns + c] - mean[c]) ** 2;
  }
  error.forEach((squares, c) => error[c] = Math.sqrt(squares / (rows - 1) / rows));
  // a domain with one sample would be drawn without any variation, and bounds would be too sure
  const sizes = Map.groupBy(scores.domains, (domain) => domain).values();
  const strata = sizes.every(({ length }) => length > 1) ? scores.domains : undefined;
  const drawn = bootstrapMeans(matrix, { draws, seed, strata });
  const largest = new Float64Array(draws);
  drawn.forEach((value, i) => {
    const draw = Math.floor(i / columns), c = i % columns;
    if (error[c] > 0) largest[draw] = Math.max(largest[draw], (value - mean[c]) / error[c]);
  });
  const width = quantile(largest, level);
  const lower = mean.map((value, c) => value - width * error[c]);
  return {
    heads: [...topIndices(mean)].filter((c) => lower[c] > minimum)
      .map((c) => headAt(c, scores.shape[2])),
    lower,
    width,
  };
}
