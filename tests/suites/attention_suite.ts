/**
 * What every attention function must do: agree with a naive computation in plain loops.
 */
import { assertEquals } from "@std/assert";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import {
  type AttentionFunction,
  type KeyValueSegment,
  showAttentionRows,
} from "../../lib/nn/attention.ts";
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

/** Scores and pattern of one query of one head in plain loops, by key; 0 for hidden keys. */
function naiveRow(
  c: AttentionCase,
  { keys, query, key }: ReturnType<typeof randomCall>,
  visible: Visible,
  [b, n, t]: readonly [batch: number, head: number, query: number],
): { readonly scores: Float64Array; readonly pattern: Float64Array } {
  const kv = (b * c.keyValueHeads + Math.floor(n / (c.heads / c.keyValueHeads))) * keys * c.headDim;
  const row = ((b * c.heads + n) * c.queries + t) * c.headDim;
  const seen = [...Array(keys).keys()].filter((s) => visible(n, keys - c.queries + t, s));
  const scores = new Float64Array(keys), pattern = new Float64Array(keys);
  for (const s of seen) {
    for (let d = 0; d < c.headDim; d++) scores[s] += query[row + d] * key[kv + s * c.headDim + d];
  }
  const top = Math.max(...seen.map((s) => scores[s]));
  const total = seen.reduce((sum, s) => sum + Math.exp(scores[s] - top), 0);
  for (const s of seen) pattern[s] = Math.exp(scores[s] - top) / total;
  return { scores, pattern };
}

/** Every batch row and head. */
function* headsOf(c: AttentionCase): Generator<readonly [batch: number, head: number]> {
  for (let b = 0; b < c.batch; b++) for (let n = 0; n < c.heads; n++) yield [b, n];
}

/** Attention in plain loops, in double precision: `[B, N, T, H]`. */
export function naiveAttention(c: AttentionCase, visible: Visible): Float32Array {
  const call = randomCall(c), { keys, value } = call;
  const out = new Float32Array(call.query.length);
  for (const [b, n] of headsOf(c)) {
    const kv = (b * c.keyValueHeads + Math.floor(n / (c.heads / c.keyValueHeads))) * keys;
    for (let t = 0; t < c.queries; t++) {
      const row = ((b * c.heads + n) * c.queries + t) * c.headDim;
      naiveRow(c, call, visible, [b, n, t]).pattern.forEach((weight, s) => {
        for (let d = 0; d < c.headDim; d++) {
          out[row + d] += weight * value[(kv + s) * c.headDim + d];
        }
      });
    }
  }
  return out;
}

/** A case's call as tensors. */
function tensorsOf(k: Kernels, c: AttentionCase) {
  const { keys, query, key, value } = randomCall(c);
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
  return { query: cast(k.tensor(query, [c.batch, c.heads, c.queries, c.headDim])), segments };
}

/** Chosen rows of scores and pattern, as hooks that read no others get them, against plain loops. */
function checkRows(
  k: Kernels,
  attention: AttentionFunction,
  c: AttentionCase,
  visible: Visible,
): void {
  const rows = [c.queries - 1, 0, Math.floor(c.queries / 2)], call = randomCall(c);
  const before = k.tensorCount();
  const found = k.scope(() => {
    const read: Record<string, ArrayLike<number>> = {};
    const reader = (point: string) => (x: Tensor) => {
      assertEquals(x.shape, [c.batch, c.heads, rows.length, call.keys]);
      read[point] = k.readSync(k.cast(x, "float32"));
    };
    const shown = { scores: reader("scores"), pattern: reader("pattern") };
    showAttentionRows(k, attention, { ...tensorsOf(k, c), layer: 0 }, rows, shown);
    return read;
  });
  assertEquals(k.tensorCount(), before, "rows left tensors behind");
  const wanted = [...headsOf(c)].flatMap(([b, n]) =>
    rows.flatMap((t) => [...naiveRow(c, call, visible, [b, n, t]).pattern])
  );
  assertNear(found.pattern, wanted, 1e-5, `pattern of ${JSON.stringify(c)}`);
  const scores = [...headsOf(c)].flatMap(([b, n]) =>
    rows.flatMap((t) => [...naiveRow(c, call, visible, [b, n, t]).scores])
  );
  const seen = wanted.map((weight) => weight > 0);
  assertEquals(Array.from(found.scores, (score) => score > -1e29), seen);
  assertNear(Array.from(found.scores, (score, i) => seen[i] ? score : 0), scores, 1e-5);
}

/** The same call through an attention function; checks that nothing leaks. */
export function runAttention(
  k: Kernels,
  attention: AttentionFunction,
  c: AttentionCase,
): Float32Array {
  const before = k.tensorCount();
  const out = k.scope(() => {
    const z = attention(k, { ...tensorsOf(k, c), layer: 0 });
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
  Deno.test(`${title}: chosen rows of scores and pattern equal plain loops`, async () => {
    const k = await kernels();
    for (const c of cases) checkRows(k, attention, c, visible);
  });
}
