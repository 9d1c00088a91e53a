/**
 * Statistics on typed arrays: seeded random numbers, bootstrap, permutation tests, rank
 * correlation, concentration and stability of head scores.
 *
 * @module
 */

export {
  bootstrapMeans,
  type BootstrapOptions,
  type ColumnIntervals,
  meanIntervals,
} from "./bootstrap.ts";
export * from "./bootstrap_maps.ts";
export * from "./bootstrap_pairs.ts";
export * from "./chance_concentration.ts";
export * from "./clusters.ts";
export * from "./concentration.ts";
export * from "./crossed.ts";
export { hash128 } from "./hash.ts";
export { type Interval, intervalFromDraws, type IntervalMethod } from "./interval.ts";
export * from "./matrix.ts";
export * from "./membership.ts";
export * from "./multiple.ts";
export * from "./normal.ts";
export * from "./overlap.ts";
export * from "./paired_proportions.ts";
export * from "./permutation.ts";
export * from "./proportion.ts";
export * from "./random.ts";
export * from "./rank.ts";
export {
  drawRows,
  type Labels,
  type ResampleOptions,
  type ResamplePlan,
  resamplePlan,
} from "./resample.ts";
export * from "./shared_members.ts";
export * from "./stability.ts";
export { mean, median, quantile, variance } from "./summary.ts";
