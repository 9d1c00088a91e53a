/**
 * The part of the kernel suite about softmax and attention.
 * @module
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import type { AttentionOptions, Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { type Bound, compare, grid, type KernelTest, upload } from "./kernel_check.ts";
import * as loops from "./kernel_loops.ts";
import type { Grid } from "./kernel_loops.ts";
import { type AttentionShapes, attentionShapes, keyRanges, rowShapes } from "./kernel_shapes.ts";
import { assertBelow, unitRoundoff } from "./near.ts";

/** Random queries, keys and values of a call. */
function attentionInputs({ query, keyHeads, runs }: AttentionShapes) {
  const rows = (seed: number) =>
    runs.map(([batch, positions], i) => grid([batch, keyHeads, positions, query[3]], seed + i));
  return { query: grid(query, 40, 2 / Math.sqrt(query[3])), keys: rows(50), values: rows(60) };
}

/** Compares a call with plain loops, in which a query at a position sees keys by the same options. */
function compareAttention(
  k: Kernels,
  { query, keys, values }: Omit<loops.AttentionInputs, "sees">,
  options: AttentionOptions,
  bound?: Bound,
): void {
  const sees = (head: number, position: number, key: number) => {
    if (!options.causal) return true;
    const range = options.ranges?.[head];
    return key <= position && (!range || key < range.sink || position - key < range.window);
  };
  const parts = <T>(all: readonly T[]): [T, T[], T[]] => [
    all[0],
    all.slice(1, 1 + keys.length),
    all.slice(1 + keys.length),
  ];
  compare(
    k,
    [query, ...keys, ...values],
    (...tensors) => k.attention(...parts(tensors), options),
    (...grids) => {
      const [own, ownKeys, ownValues] = parts<Grid>(grids);
      const inputs = { query: own, keys: ownKeys, values: ownValues, sees };
      const wanted = loops.attention(inputs, unitRoundoff[k.computeDType], !k.skipsHiddenKeys);
      return bound ? { shape: wanted.shape, data: wanted.data } : wanted;
    },
    bound,
  );
}

/** The rows of a run's heads out of the columns from one on: `[1, N, length, H]`. */
function headsOf(x: Grid, from: number, heads: number, rows: readonly [number, number]): Grid {
  const headDim = x.shape[1] / (3 * heads), [start, length] = rows;
  const box = loops.slice(x, [start, from], [length, heads * headDim]);
  return loops.transpose({ shape: [1, length, heads, headDim], data: box.data }, [0, 2, 1, 3]);
}

/** Attention on rows `[P, 3 * N * H]` of queries, keys and values in plain loops: `[P, N * H]`. */
function rowAttention(
  x: Grid,
  tables: readonly Grid[],
  { heads, headDim, lengths }: typeof rowShapes[number],
): Grid {
  const width = heads * headDim, data: number[] = [];
  let start = 0;
  for (const length of lengths) {
    const run = [start, length] as const;
    const [query, key, value] = [0, 1, 2].map((i) => headsOf(x, i * width, heads, run));
    const own = tables.map((table) => loops.slice(table, [start, 0], [length, headDim]));
    const turned = (g: Grid) => own.length > 0 ? loops.rotate(g, own[0], own[1]) : g;
    const scaled = { ...query, data: Array.from(query.data, (v) => v / Math.sqrt(headDim)) };
    const inputs = { query: turned(scaled), keys: [turned(key)], values: [value] };
    const z = loops.attention({ ...inputs, sees: () => true });
    data.push(...loops.transpose(z, [0, 2, 1, 3]).data);
    start += length;
  }
  return { shape: [start, width], data };
}

/** Declares the tests of softmax and attention. */
export function attentionTests(test: KernelTest): void {
  test("softmax of any rank, with hidden and huge scores", (k) => {
    for (const shape of [[5], [3, 1], [2, 7], [2, 3, 4, 33], [2, 1, 2, 1, 2, 3], [0, 4]]) {
      const x = grid(shape, 12, 3);
      compare(k, [x], k.softmax, loops.softmax);
    }
    const extreme = {
      shape: [4, 3],
      data: [0, -1e30, 1, 2, -Infinity, 2, 300, 0, -300, 1e4, 1e4, 0],
    };
    compare(k, [extreme], k.softmax, loops.softmax);
    k.scope(() => {
      const found = k.readSync(k.softmax(upload(k, extreme)));
      assertEquals([found[1], found[4], found[8]], [0, 0, 0]); // exactly
    });
  });

  test("causalSoftmax hides exactly the later keys", (k) => {
    const cases: [number[], number][] = [
      [[4, 4], 0],
      [[1, 1], 0],
      [[2, 3, 5], 2],
      [[1, 2, 2, 3, 9], 6],
      [[2, 1, 6], 5],
      [[2, 2, 4], 7],
      [[3, 9], 0],
      [[2, 33, 65], 32],
    ];
    for (const [shape, first] of cases) {
      const x = grid(shape, 13, 2);
      const hidden = loops.causal(x, first);
      compare(
        k,
        [x],
        (t) => k.causalSoftmax(t, first),
        (g) => loops.softmax(loops.causal(g, first)),
      );
      k.scope(() => {
        const found = k.readSync(k.causalSoftmax(upload(k, x), first));
        hidden.data.forEach((v, i) => v === -Infinity && assertEquals(found[i], 0));
      });
    }
  });

  test("attention, causal or not, over runs of keys that rows may share", (k) => {
    for (const shapes of attentionShapes) {
      for (const causal of [true, false]) compareAttention(k, attentionInputs(shapes), { causal });
    }
    k.scope(() => {
      const x = upload(k, grid([1, 1, 2, 4], 41));
      assertEquals(k.attention(x, [x], [x], { causal: true }).dtype, k.computeDType);
    });
  });

  test("attention whose heads see a sink and a window", (k) => {
    for (const [i, shapes] of attentionShapes.entries()) {
      const ranges = Array.from({ length: shapes.query[1] }, (_, head) => {
        const [sink, window] = keyRanges[(head + i) % keyRanges.length];
        return head === 1 ? null : { sink, window };
      });
      compareAttention(k, attentionInputs(shapes), { causal: true, ranges });
    }
  });

  test("attention on rows is that of each run's heads, turned or not", (k) => {
    for (const shapes of rowShapes) {
      const { heads, headDim, lengths } = shapes;
      const rows = lengths.reduce((a, b) => a + b, 0), width = heads * headDim;
      const x = grid([rows, 3 * width], 70), scale = 1 / Math.sqrt(headDim);
      const tables = [71, 72].map((seed) => grid([rows, headDim], seed));
      /** Queries, keys and values in one projection, or each in its own. */
      const call = (one: boolean, [qkv, cos, sin]: readonly Tensor[]) => {
        const [query, key, value] = [0, 1, 2].map((i) =>
          one
            ? { rows: qkv, from: i * width }
            : { rows: k.slice(qkv, [0, i * width], [-1, width]), from: 0 }
        );
        const own = { query, key, value, heads, headDim, lengths, scale };
        return k.rowAttention(cos ? { ...own, tables: { cos, sin } } : own);
      };
      // queries and keys are rounded once they are turned, then scores and shares
      const bound = { roundings: 24 };
      for (const turned of [tables, []]) {
        for (const one of [true, false]) {
          compare(
            k,
            [x, ...turned],
            (...tensors) => call(one, tensors),
            (qkv, ...own) => rowAttention(qkv, own, shapes),
            bound,
          );
        }
      }
    }
  });

  test("what is not finite reaches only the queries that see it", (k) => {
    const put = ({ shape, data }: Grid, place: number, value: number): Grid => {
      const changed = Float32Array.from(data);
      changed[place] = value;
      return { shape, data: changed };
    };
    const kinds = [["keys", NaN], ["values", NaN], ["values", Infinity]] as const;
    for (const [i, shapes] of attentionShapes.entries()) {
      const inputs = attentionInputs(shapes), [, heads, queries, width] = shapes.query;
      const last = inputs.keys.length - 1, { shape } = inputs.keys[last];
      const window = Array.from(
        { length: heads },
        (_, head) => head === 1 ? null : { sink: 1, window: 1 },
      );
      // all of them for short runs, one in turn for long ones
      for (const [kind, value] of queries > 5 ? [kinds[i % 3]] : kinds) {
        // of the first head the last key, or one before
        const place = Math.max(0, shape[2] - 1 - 2 * (i % 2)) * width;
        const faulty = inputs[kind].map((g, run) => run === last ? put(g, place, value) : g);
        for (const ranges of [undefined, window]) {
          compareAttention(k, { ...inputs, [kind]: faulty }, { causal: true, ranges });
        }
      }
    }
  });

  test("attention follows a sharp score, and huge scores do not overflow", (k) => {
    const [tokens, width] = [80, 16];
    // key j points along axis j % 16, query t along axis 7 t % 16: scores are 10000 or 0
    const pointing = (axisOf: (token: number) => number): Grid => ({
      shape: [1, 1, tokens, width],
      data: Array.from(
        { length: tokens * width },
        (_, i) => i % width === axisOf(Math.floor(i / width)) ? 100 : 0,
      ),
    });
    const query = pointing((t) => 7 * t % width), key = pointing((j) => j % width);
    const inputs = { query, keys: [key], values: [grid([1, 1, tokens, width], 72)] };
    // equal scores round alike: what is left are the shares, and the result as a product
    compareAttention(k, inputs, { causal: true }, { roundings: 3 });
  });

  test("softmax rows sum to 1 and do not change when all scores move, for random scores", (k) => {
    const score = fc.float({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(score, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: -64, max: 64 }),
        (scores, shift) => {
          k.scope(() => {
            const x = k.tensor(Float32Array.from(scores), [1, scores.length]);
            const moved = k.tensor(Float32Array.from(scores, (s) => s + shift), [1, scores.length]);
            const [p, q] = [x, moved].map((t) => k.readSync(k.softmax(t)));
            const total = Array.from(p).reduce((a, v) => a + v, 0);
            assertBelow(Math.abs(total - 1), 1e-5, "sum of the shares less 1");
            p.forEach((v, i) => assertBelow(Math.abs(v - q[i]), 1e-4, `change of share ${i}`));
          });
        },
      ),
      { numRuns: 40, seed: 6 },
    );
  });
}
