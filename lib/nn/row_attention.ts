/**
 * Attention of vision towers out of the kernels' other operations.
 *
 * The specification of {@link Kernels.rowAttention}, and what runs where there is no operation for it or
 * a hook wants the pattern; `tests/suites/kernel_suite.ts` holds all of them equal.
 * @module
 */
import type { HeadColumns, Kernels, RowAttention, Tensor } from "./kernels.ts";
import { foldGain } from "./rope.ts";

/**
 * Attention in which every query sees every key, for vision towers.
 *
 * @param query `[n, heads, P, H]`, times 1/sqrt(H)
 * @param key `[n, heads, P, H]`
 * @param value `[n, heads, P, H]`
 * @param onPattern set only where a hook wants the whole pattern `[n, heads, P, P]`
 * @returns `[n, heads, P, H]`
 */
export function bidirectionalAttention(
  k: Kernels,
  query: Tensor,
  key: Tensor,
  value: Tensor,
  onPattern?: (pattern: Tensor) => Tensor,
): Tensor {
  if (!onPattern) return k.attention(query, [key], [value], { causal: false });
  return k.scope(() => {
    const pattern = k.softmax(k.matMul(query, key, { transposeB: true })); // [n, heads, P, P]
    return k.matMul(onPattern(pattern), value);
  });
}

/**
 * Attention on rows, see {@link Kernels.rowAttention}: heads are cut out, turned and mixed run by run.
 *
 * @param onPattern set only where a hook wants the whole pattern of each set of neighbouring runs of one
 *   length, `[runs, N, length, length]`
 * @returns `[P, N * H]`
 */
export function composedRowAttention(
  k: Kernels,
  call: RowAttention,
  onPattern?: (pattern: Tensor) => Tensor,
): Tensor {
  const { heads, headDim, lengths, tables, scale } = call;
  return k.scope(() => {
    const rows = call.query.rows.shape[0];
    const cut = ({ rows: x, from }: HeadColumns) => {
      const flat = k.slice(x, [0, from], [-1, heads * headDim]);
      return k.transpose(k.reshape(flat, [rows, heads, headDim]), [1, 0, 2]); // [N, P, H]
    };
    const [query, key, value] = [call.query, call.key, call.value].map(cut);
    const scaled = tables && foldGain(k, tables, null, scale);
    const turned = [
      scaled ? k.rotate(query, scaled.cos, scaled.sin) : k.scale(query, scale),
      tables ? k.rotate(key, tables.cos, tables.sin) : key,
      value,
    ];
    const mixed: Tensor[] = [];
    let start = 0;
    for (const { length, count } of runsOfEqual(lengths)) {
      // runs of equal length become a batch: [N, count * length, H] -> [count, N, length, H]
      const [query, key, value] = turned.map((x) => {
        const run = k.slice(x, [0, start, 0], [-1, count * length, -1]);
        return k.transpose(k.reshape(run, [heads, count, length, headDim]), [1, 0, 2, 3]);
      });
      const z = bidirectionalAttention(k, query, key, value, onPattern);
      // [count, N, length, H] -> [count * length, N * H]
      mixed.push(k.reshape(k.transpose(z, [0, 2, 1, 3]), [count * length, heads * headDim]));
      start += count * length;
    }
    return mixed.length === 1 ? mixed[0] : k.concat(mixed, 0);
  });
}

/** Runs of equal numbers. */
function runsOfEqual(lengths: readonly number[]): { length: number; count: number }[] {
  const runs: { length: number; count: number }[] = [];
  for (const length of lengths) {
    const last = runs[runs.length - 1];
    if (last?.length === length) last.count++;
    else runs.push({ length, count: 1 });
  }
  return runs;
}
