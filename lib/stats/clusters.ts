/**
 * Shares and means of samples that come in clusters, such as questions on one context.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Interval } from "./interval.ts";
import { wilsonOfShare } from "./proportion.ts";

/** Values by cluster, in the order in which clusters first appear. */
function byCluster(values: ArrayLike<number>, clusters: readonly string[]): number[][] {
  if (values.length !== clusters.length || values.length === 0) {
    throw new InputError(
      `Cannot group ${values.length} values by ${clusters.length} clusters: wanted as many, at least 1`,
    );
  }
  const groups = new Map<string, number[]>();
  clusters.forEach((cluster, i) => {
    const group = groups.get(cluster);
    if (group) group.push(values[i]);
    else groups.set(cluster, [values[i]]);
  });
  return [...groups.values()];
}

/**
 * Mean of each cluster, in the order in which clusters first appear: what to resample in place of the
 * values.
 *
 * @throws {InputError} for other numbers of values and clusters
 *
 * @example
 * ```ts
 * import { clusterMeans } from "./clusters.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...clusterMeans([1, 0, 1], ["a", "a", "b"])], [0.5, 1]);
 * ```
 */
export function clusterMeans(values: ArrayLike<number>, clusters: readonly string[]): Float64Array {
  return Float64Array.from(
    byCluster(values, clusters),
    (group) => group.reduce((a, b) => a + b, 0) / group.length,
  );
}

/**
 * Wilson's interval of a share whose samples come in clusters: at the effective number of samples, n
 * over the design effect (how much more the ratio varies over clusters than independent samples would;
 * at least 1). Where every sample is right, or none, clusters count as one sample each: nothing then
 * tells how alike their members are.
 *
 * Source: Korn and Graubard, Confidence intervals for proportions with small expected number of
 * positive counts estimated from survey data, 1998, with Wilson's interval.
 *
 * @param values 0 or 1
 * @throws {InputError} for other numbers of values and clusters
 *
 * @example
 * ```ts
 * import { clusteredShare } from "./clusters.ts";
 * import { wilsonInterval } from "./proportion.ts";
 * import { assert, assertEquals } from "@std/assert";
 * const alone = clusteredShare([1, 0, 1, 1], ["a", "b", "c", "d"]);
 * assertEquals(alone.low, wilsonInterval(3, 4).low);
 * const together = clusteredShare([1, 1, 0, 0], ["a", "a", "b", "b"]);
 * assert(together.low < wilsonInterval(2, 4).low);
 * ```
 */
export function clusteredShare(values: ArrayLike<number>, clusters: readonly string[]): Interval {
  const groups = byCluster(values, clusters), n = values.length, m = groups.length;
  const share = Array.from(values).reduce((a, b) => a + b, 0) / n;
  const binomial = share * (1 - share) / n;
  const between = m < 2 ? 0 : groups.reduce((sum, group) => {
    const residual = group.reduce((a, b) => a + b, 0) - share * group.length;
    return sum + residual * residual;
  }, 0) * m / ((m - 1) * n * n);
  const all = share === 0 || share === 1;
  const effective = all || m < 2 ? m : n / (m === n ? 1 : Math.max(1, between / binomial));
  return wilsonOfShare(share, effective);
}
