import { assert, assertEquals } from "@std/assert";
import { interventions } from "../../../lib/causal/interventions/registry.ts";
import type { Intervention } from "../../../lib/causal/interventions/intervention.ts";
import { spansOf } from "../../../lib/inputs/token_spans.ts";
import type { AttentionCall } from "../../../lib/nn/attention.ts";
import { Random } from "../../../lib/stats/random.ts";
import { testKernels } from "../../suites/golden.ts";
import { assertNear } from "../../suites/near.ts";

const [batch, heads, groups, headDim] = [2, 4, 2, 8];
const random = new Random(1);
const values = (...shape: number[]) =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal());

/** Query rows `rows` behind a shared prefix of `prefix` tokens; enough rows for several blocks. */
function parts(prefix: number, rows: number) {
  return {
    query: values(batch, heads, rows, headDim),
    segments: [[1, prefix], [batch, rows]].map(([b, size]) => ({
      key: values(b, groups, size, headDim),
      value: values(b, groups, size, headDim),
      b,
      size,
    })),
  };
}

/** The head's output with given weights of (row, key), which need not be normalised. */
function reference(
  { query, segments }: ReturnType<typeof parts>,
  head: number,
  weight: (score: number, position: number, key: number) => number,
): Float32Array {
  const group = Math.floor(head / (heads / groups));
  const rows = query.length / (batch * heads * headDim);
  const prefix = segments[0].size, keys = prefix + rows;
  const vector = (part: "key" | "value", b: number, j: number) => {
    const segment = segments[j < prefix ? 0 : 1];
    const own = Math.min(b, segment.b - 1), at = j < prefix ? j : j - prefix;
    const start = ((own * groups + group) * segment.size + at) * headDim;
    return segment[part].subarray(start, start + headDim);
  };
  const out = new Float32Array(batch * rows * headDim);
  for (let b = 0; b < batch; b++) {
    for (let row = 0; row < rows; row++) {
      const start = ((b * heads + head) * rows + row) * headDim;
      const q = query.subarray(start, start + headDim);
      let total = 0;
      const mixed = new Float64Array(headDim);
      for (let j = 0; j < keys; j++) {
        if (j > prefix + row) continue;
        const score = vector("key", b, j).reduce((sum, x, i) => sum + x * q[i], 0);
        const w = weight(score, prefix + row, j);
        total += w;
        vector("value", b, j).forEach((x, i) => mixed[i] += w * x);
      }
      mixed.forEach((x, i) => out[(b * rows + row) * headDim + i] = total > 0 ? x / total : 0);
    }
  }
  return out;
}

Deno.test("single heads that attend evenly, not to some tokens or more to some, equal a plain loop", async () => {
  const k = await testKernels();
  const before = k.tensorCount();
  for (const [prefix, rows] of [[5, 4], [3, 300], [7, 1]]) {
    const own = parts(prefix, rows);
    const call: AttentionCall = {
      query: k.tensor(own.query, [batch, heads, rows, headDim]),
      segments: own.segments.map(({ key, value, b, size }) => ({
        key: k.tensor(key, [b, groups, size, headDim]),
        value: k.tensor(value, [b, groups, size, headDim]),
      })),
      layer: 0,
    };
    const spans = { system: [], visual: [], question: [], answer: [] };
    const put = (intervention: Intervention, tokens: readonly number[], head: number) => {
      const context = {
        promptLength: prefix + rows,
        spans: { ...spans, evidence: spansOf(tokens) },
      };
      return intervention.apply(k, { attention: call, z: call.query, context }).computed!(head);
    };
    const unseen = interventions.knockOut("evidence");
    const blocked = [0, 1, 4, prefix + 1, prefix + rows + 9];
    const all = Array.from({ length: prefix + rows }, (_, j) => j);
    for (const head of [0, 3]) {
      const even = put(interventions.uniform(), [], head);
      const without = put(unseen, blocked, head);
      assertEquals(without.shape, [batch, 1, rows, headDim]);
      const read = (x: typeof even) => k.readSync(x) as Float32Array;
      assertNear(read(even), reference(own, head, () => 1), 1e-5);
      const wanted = reference(own, head, (s, _, j) => blocked.includes(j) ? 0 : Math.exp(s));
      assertNear(read(without), wanted, 1e-5);
      const steered = put(interventions.steer([1, 4, prefix], -1.5), [], head);
      const drawn = (s: number, _: number, j: number) =>
        Math.exp([1, 4, prefix].includes(j) ? s - 1.5 : s);
      assertNear(read(steered), reference(own, head, drawn), 1e-5);
      k.dispose(steered);
      const nothing = put(unseen, all, head);
      assert(read(nothing).every((value) => value === 0));
      k.dispose(even, without, nothing);
    }
    for (const { key, value } of call.segments) k.dispose(key, value);
    k.dispose(call.query);
  }
  assertEquals(k.tensorCount(), before);
});
