/**
 * The gradient of attention, block of queries by block of queries: patterns are computed again, so that
 * memory grows linearly with the lengths, as it does forward.
 *
 * @module
 */
import { foldedPattern, foldRows, keyScores, mixValues, queryBlock } from "./blocked_attention.ts";
import type { AttentionOptions, Kernels, Tensor } from "./kernels.ts";

/** Gradients of what {@link Kernels.attention} takes. */
export interface AttentionGradients {
  /** `[B, N, T, H]`. */
  readonly query: Tensor;
  /** As the runs of keys; null for those that nobody wants. */
  readonly keys: readonly (Tensor | null)[];
  /** As the runs of values; null for those that nobody wants. */
  readonly values: readonly (Tensor | null)[];
}

/**
 * Gradients of {@link Kernels.attention} from that of its result: with pattern P, P' = dz V^T and
 * S' = P (P' - sum(P P')), those of the queries are S' K, of the keys S'^T Q, of the values P^T dz.
 *
 * @param dz `[B, N, T, H]`
 * @param wanted whether the gradients of a run's keys and values are
 */
export function attentionGradient(
  k: Kernels,
  query: Tensor,
  keys: readonly Tensor[],
  values: readonly Tensor[],
  options: AttentionOptions,
  dz: Tensor,
  wanted: (run: number) => boolean,
): AttentionGradients {
  const [batch, heads, queries] = query.shape;
  const folding = { batch, heads, keyValueHeads: keys[0].shape[1] };
  const length = keys.reduce((sum, key) => sum + key.shape[2], 0), first = length - queries;
  return k.scope(() => {
    const ofQueries: Tensor[] = [];
    const ofKeys = keys.map((): Tensor | null => null);
    const ofValues = values.map((): Tensor | null => null);
    for (let start = 0; start < queries; start += queryBlock) {
      const size = Math.min(queryBlock, queries - start);
      const [ofBlock, ...parts] = k.scope(() => {
        const own = foldRows(k, query, folding, start, size); // [B, K, G*t, H]
        const up = foldRows(k, dz, folding, start, size);
        const seen = options.causal ? first + start + size : length;
        const scores = keyScores(k, own, keys, seen);
        const pattern = foldedPattern(k, scores, folding, options, size, first + start);
        const slope = k.softmaxGradient(pattern, keyScores(k, up, values, seen));
        const toQuery = k.reshape(mixValues(k, slope, keys), [batch, heads, size, query.shape[3]]);
        const [flat, flatUp] = [own, up].map((x) => k.transpose(x, [0, 1, 3, 2]));
        let offset = 0;
        const added = keys.flatMap((key, run) => {
          const begin = offset, count = Math.min(key.shape[2], seen - begin);
          offset += key.shape[2];
          if (count <= 0 || !wanted(run)) return [null, null];
          const columns = (x: Tensor) => k.slice(x, [0, 0, 0, begin], [-1, -1, -1, count]);
          return [
            rowsOf(k, k.matMul(flat, columns(slope)), key.shape), // (Q^T S')^T = S'^T Q
            rowsOf(k, k.matMul(flatUp, columns(pattern)), values[run].shape),
          ];
        });
        return [toQuery, ...added];
      });
      ofQueries.push(ofBlock!);
      keys.forEach((_, run) => {
        ofKeys[run] = sumOf(k, ofKeys[run], parts[2 * run]);
        ofValues[run] = sumOf(k, ofValues[run], parts[2 * run + 1]);
      });
    }
    const whole = ofQueries.length === 1 ? ofQueries[0] : k.concat(ofQueries, 2);
    return { query: whole, keys: ofKeys, values: ofValues };
  });
}

/** `[B, K, H, count]` as the first rows of `[B or 1, K, S, H]`, the others zero. */
function rowsOf(k: Kernels, x: Tensor, shape: readonly number[]): Tensor {
  const turned = k.cast(k.transpose(x, [0, 1, 3, 2]), "float32");
  const whole = turned.shape[0] === shape[0] ? turned : k.sum(turned, 0, true);
  const missing = shape[2] - whole.shape[2];
  if (missing === 0) return whole;
  return k.concat([whole, k.zeros([shape[0], shape[1], missing, shape[3]])], 2);
}

/** Sum of what there is; frees what was added up. */
function sumOf(k: Kernels, sum: Tensor | null, part: Tensor | null): Tensor | null {
  if (!sum || !part) return sum ?? part;
  const next = k.add(sum, part);
  k.dispose(sum, part);
  return next;
}
