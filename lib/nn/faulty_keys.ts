/**
 * Keys and values that are not finite, in attention made of matrix products: there a share of 0 times
 * NaN is NaN, so that one faulty token would reach queries that do not see it.
 * @module
 */
import type { AttentionOptions, Kernels, Tensor } from "./kernels.ts";

/** Keys and values without what is not finite, and what the result lacks without it. */
export interface FaultsApart {
  /** The keys, 0 in place of what is not finite. */
  readonly keys: readonly Tensor[];
  /** The values, likewise. */
  readonly values: readonly Tensor[];
  /** To add to the result: what is not finite where a query sees it, else 0. `[B, N, T, H]` float32 */
  readonly missing: Tensor;
}

/** Whether all numbers of a tensor are finite; true where the backend cannot say at once (WebGPU). */
function allFinite(k: Kernels, x: Tensor): boolean {
  return k.scope(() => {
    const zeros = k.reshape(k.scale(x, 0), [-1]); // NaN where x is not finite
    try {
      return k.readSync(k.sum(zeros, 0))[0] === 0;
    } catch {
      return true;
    }
  });
}

const finiteOnly = (data: ArrayLike<number>) =>
  Float32Array.from(data, (v) => Number.isFinite(v) ? v : 0);

/**
 * Takes apart the keys and values of a call in which some queries do not see some keys.
 *
 * A key that is not finite makes the whole row of a query that sees it NaN, as its score is none; a
 * value adds itself to its column.
 *
 * @returns null where all are finite, which is nearly always
 */
export function faultsApart(
  k: Kernels,
  query: Tensor,
  keys: readonly Tensor[],
  values: readonly Tensor[],
  { ranges }: AttentionOptions,
): FaultsApart | null {
  if ([...keys, ...values].every((x) => allFinite(k, x))) return null;
  const read = (x: Tensor) => k.readSync(x) as Float32Array;
  const [batch, heads, queries, width] = query.shape;
  const group = heads / keys[0].shape[1];
  const length = keys.reduce((sum, key) => sum + key.shape[2], 0);
  const data = keys.map((key, run) => ({ key: read(key), value: read(values[run]) }));
  const missing = new Float32Array(batch * heads * queries * width);
  /** What each key of a head adds to the columns of a query that sees it; only of faulty keys. */
  const faultsOf = (b: number, keyHead: number) => {
    const found: { position: number; adds: Float32Array }[] = [];
    let start = 0;
    keys.forEach(({ shape }, run) => {
      const from = ((shape[0] === 1 ? 0 : b) * shape[1] + keyHead) * shape[2];
      for (let j = 0; j < shape[2]; j++) {
        const row = (x: Float32Array) => x.subarray((from + j) * width, (from + j + 1) * width);
        const key = row(data[run].key), value = row(data[run].value);
        const adds = key.every(Number.isFinite)
          ? value.map((v) => Number.isFinite(v) ? 0 : v)
          : new Float32Array(width).fill(NaN);
        if (adds.some((v) => v !== 0)) found.push({ position: start + j, adds });
      }
      start += shape[2];
    });
    return found;
  };
  for (let b = 0; b < batch; b++) {
    for (let head = 0; head < heads; head++) {
      const faults = faultsOf(b, Math.floor(head / group)), range = ranges?.[head];
      for (let t = 0; t < queries; t++) {
        const own = length - queries + t, at = ((b * heads + head) * queries + t) * width;
        const row = missing.subarray(at, at + width);
        for (const { position, adds } of faults) {
          if (position > own || row.every(Number.isNaN)) break;
          if (range && position >= range.sink && own - position >= range.window) continue;
          adds.forEach((v, h) => row[h] += v);
        }
      }
    }
  }
  const clean = (x: Tensor, own: Float32Array) =>
    k.cast(k.tensor(finiteOnly(own), x.shape), x.dtype);
  return {
    keys: keys.map((x, run) => clean(x, data[run].key)),
    values: values.map((x, run) => clean(x, data[run].value)),
    missing: k.tensor(missing, query.shape),
  };
}
