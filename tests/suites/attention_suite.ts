/**
 * What every attention function must do: agree with a naive computation in plain loops.
 */
import { assertEquals } from "@std/assert";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import type { AttentionFunction, KeyValueSegment } from "../../lib/nn/attention.ts";
import { Random } from "../../lib/stats/random.ts";
import { assertNear } from "./near.ts";

/** Shape of one call. */
export interface AttentionCase {
  readonly batch: number;
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headDim: number;
  /** T, the queries; the last positions. */
  readonly queries: number;
  /** Lengths of the segments; together S. */
  readonly segments: readonly number[];
  readonly seed: number;
}

/** Whether query head `head` at position `query` sees `key`. */
export type Visible = (head: number, query: number, key: number) => boolean;

/** Everything up to the query's own position. */
export const causal: Visible = (_, query, key) => key <= query;

/** Random queries, keys and values of a case, as flat arrays. */
export function randomCall(c: AttentionCase) {
  const random = new Random(c.seed);
  const keys = c.segments.reduce((a, b) => a + b, 0);
  const normal = (count: number) => Float32Array.from({ length: count }, () => random.normal());
  return {
    keys,
    query: normal(c.batch * c.heads * c.queries * c.headDim),
    key: normal(c.batch * c.keyValueHeads * keys * c.headDim),
    value: normal(c.batch * c.keyValueHeads * keys * c.headDim),
  };
}

/** Attention in plain loops, in double precision: `[B, N, T, H]`. */
export function naiveAttention(c: AttentionCase, visible: Visible): Float32Array {
  const { keys, query, key, value } = randomCall(c);
  const out = new Float32Array(query.length);
  const group = c.heads / c.keyValueHeads;
  for (let b = 0; b < c.batch; b++) {
    for (let n = 0; n < c.heads; n++) {
      const kv = (b * c.keyValueHeads + Math.floor(n / group)) * keys * c.headDim;
      for (let t = 0; t < c.queries; t++) {
        const row = ((b * c.heads + n) * c.queries + t) * c.headDim;
        const seen = [...Array(keys).keys()].filter((s) => visible(n, keys - c.queries + t, s));
        const scores = seen.map((s) => {
          let sum = 0;
          for (let d = 0; d < c.headDim; d++) sum += query[row + d] * key[kv + s * c.headDim + d];
          return sum;
        });
        const top = Math.max(...scores);
        const weights = scores.map((score) => Math.exp(score - top));
        const total = weights.reduce((a, w) => a + w, 0);
        seen.forEach((s, i) => {
          for (let d = 0; d < c.headDim; d++) {
            out[row + d] += weights[i] / total * value[kv + s * c.headDim + d];
          }
        });
      }
    }
  }
  return out;
}

/** The same call through an attention function; checks that nothing leaks. */
export function runAttention(
  k: Kernels,
  attention: AttentionFunction,
  c: AttentionCase,
): Float32Array {
  const { keys, query, key, value } = randomCall(c);
  const before = k.tensorCount();
  const out = k.scope(() => {
    const cast = (x: Tensor) => k.cast(x, k.computeDType);
    const whole = [key, value].map((data) =>
      cast(k.tensor(data, [c.batch, c.keyValueHeads, keys, c.headDim]))
    );
    let start = 0;
    const segments: KeyValueSegment[] = c.segments.map((size) => {
      const [own, ownValue] = whole.map((x) => k.slice(x, [0, 0, start, 0], [-1, -1, size, -1]));
      start += size;
      return { key: own, value: ownValue };
    });
    const q = cast(k.tensor(query, [c.batch, c.heads, c.queries, c.headDim]));
    const z = attention(k, { query: q, segments, layer: 0 });
    assertEquals(z.shape, [c.batch, c.heads, c.queries, c.headDim]);
    return k.readSync(k.cast(z, "float32")) as Float32Array;
  });
  assertEquals(k.tensorCount(), before, "attention left tensors behind");
  return out;
}

/** Cases at and around the sizes at which blocks, segments and groups begin and end. */
export const attentionCases: readonly AttentionCase[] = [
  { queries: 1, segments: [1] },
  { queries: 1, segments: [7, 1] },
  { queries: 5, segments: [5] },
  { queries: 3, segments: [4, 6, 3] },
  { queries: 255, segments: [255] },
  { queries: 256, segments: [256] },
  { queries: 257, segments: [257] },
  { queries: 300, segments: [20, 300] },
  { queries: 2, segments: [300, 2] },
].map((c, i) => ({
  batch: 1 + i % 2,
  heads: 4,
  keyValueHeads: [1, 2, 4][i % 3],
  headDim: 8,
  seed: i,
  ...c,
}));

/** Registers the tests of an attention function that must equal a visibility rule. */
export function attentionSuite(
  title: string,
  kernels: () => Promise<Kernels>,
  attention: AttentionFunction,
  visible: Visible = causal,
  cases: readonly AttentionCase[] = attentionCases,
): void {
  Deno.test(`${title} equals attention in plain loops`, async () => {
    const k = await kernels();
    for (const c of cases) {
      const wanted = naiveAttention(c, visible);
      assertNear(runAttention(k, attention, c), wanted, 1e-5, JSON.stringify(c));
    }
  });
}
