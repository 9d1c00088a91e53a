import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { portableKernels } from "../../lib/backend/portable.ts";
import { chooseExperts, expertsFeedForward } from "../../lib/nn/experts.ts";
import { Random } from "../../lib/stats/random.ts";
import { hasBfloat16, testKernels } from "../suites/golden.ts";
import { assertBelow, assertNear, driftBound, rmsError } from "../suites/near.ts";

/** Sizes of one layer: rows, experts, chosen ones, width of the stream and of an expert. */
interface Sizes {
  readonly rows: number;
  readonly count: number;
  readonly chosen: number;
  readonly hidden: number;
  readonly width: number;
}

/** Random rows and weights, flat. */
function randomLayer({ rows, count, hidden, width }: Sizes, seed: number) {
  const random = new Random(seed);
  const normal = (size: number) => Float32Array.from({ length: size }, () => random.normal());
  return {
    x: normal(rows * hidden),
    router: normal(count * hidden),
    gateUp: normal(count * 2 * width * hidden),
    down: normal(count * hidden * width),
  };
}

const dot = (a: Float32Array, b: Float32Array) =>
  a.reduce((sum, value, i) => sum + value * b[i], 0);

/** The definition in plain loops: every expert runs, and those that are not chosen count nothing. */
function naive(
  { rows, count, chosen, hidden, width }: Sizes,
  layer: ReturnType<typeof randomLayer>,
) {
  const out = new Float32Array(rows * hidden);
  const row = (data: Float32Array, i: number, size: number) =>
    data.subarray(i * size, (i + 1) * size);
  for (let r = 0; r < rows; r++) {
    const x = row(layer.x, r, hidden);
    const raised = Array.from(
      { length: count },
      (_, e) => Math.exp(dot(x, row(layer.router, e, hidden))),
    );
    const limit = raised.toSorted((a, b) => b - a)[chosen - 1];
    const kept = raised.map((value) => value >= limit ? value : 0);
    const sum = kept.reduce((a, b) => a + b);
    for (let e = 0; e < count; e++) {
      const gateUp = row(layer.gateUp, e, 2 * width * hidden);
      const middle = Float32Array.from({ length: width }, (_, i) => {
        const gate = dot(x, row(gateUp, i, hidden));
        return gate / (1 + Math.exp(-gate)) * dot(x, row(gateUp, width + i, hidden));
      });
      const down = row(layer.down, e, hidden * width);
      for (let d = 0; d < hidden; d++) {
        out[r * hidden + d] += kept[e] / sum * dot(middle, row(down, d, width));
      }
    }
  }
  return out;
}

/** The same by the library; `shape` is that of the rows without their width. */
function run(
  k: Kernels,
  sizes: Sizes,
  layer: ReturnType<typeof randomLayer>,
  shape = [sizes.rows],
) {
  const { count, chosen, hidden, width } = sizes;
  return k.scope(() => {
    const weights = {
      router: k.tensor(layer.router, [count, hidden]),
      gateUp: k.tensor(layer.gateUp, [count, 2 * width, hidden]),
      down: k.tensor(layer.down, [count, hidden, width]),
    };
    const x = k.tensor(layer.x, [...shape, hidden]);
    const config = { numExpertsPerTok: chosen, moeIntermediateSize: width };
    const result = expertsFeedForward(k, x, weights, config, "silu");
    assertEquals([result.shape, result.dtype], [[...shape, hidden], "float32"]);
    return k.readSync(result) as Float32Array;
  });
}

const anySizes = fc.record({
  rows: fc.integer({ min: 1, max: 9 }),
  count: fc.integer({ min: 1, max: 6 }),
  hidden: fc.integer({ min: 1, max: 7 }),
  width: fc.integer({ min: 1, max: 5 }),
}).chain((sizes) =>
  fc.integer({ min: 1, max: sizes.count }).map((chosen) => ({ ...sizes, chosen }))
);

Deno.test("experts equal their definition in plain loops, on both kernels", async () => {
  for (const k of [await testKernels(), portableKernels()]) {
    const before = k.tensorCount();
    fc.assert(
      fc.property(anySizes, fc.nat(), (sizes, seed) => {
        const layer = randomLayer(sizes, seed);
        assertNear(run(k, sizes, layer), naive(sizes, layer), 1e-4);
      }),
      { numRuns: 40 },
    );
    assertEquals(k.tensorCount(), before);
  }
});

Deno.test("leading axes are rows", async () => {
  const k = await testKernels();
  const sizes = { rows: 6, count: 4, chosen: 2, hidden: 5, width: 3 };
  const layer = randomLayer(sizes, 1);
  assertEquals(run(k, sizes, layer, [2, 3]), run(k, sizes, layer));
});

Deno.test("an expert sees the rows that chose it and no others", async () => {
  const k = await testKernels();
  const sizes = { rows: 7, count: 50, chosen: 3, hidden: 4, width: 6 };
  const calls: [rows: number, out: number][] = [];
  const spy: Kernels = {
    ...k,
    linear: (x, weight, bias) => {
      calls.push([x.shape[0], weight.shape[0]]);
      return k.linear(x, weight, bias);
    },
  };
  run(spy, sizes, randomLayer(sizes, 2));
  const rowsInto = (out: number) =>
    calls.filter(([, own]) => own === out).reduce((sum, [rows]) => sum + rows, 0);
  assertEquals(rowsInto(sizes.count), 7);
  assertEquals([rowsInto(2 * sizes.width), rowsInto(sizes.hidden)], [7 * 3, 7 * 3]);
});

Deno.test({
  name: "bfloat16 stays near float32 where the choice is clear",
  ignore: !await hasBfloat16(), // the portable kernels compute in float32 only
  fn: async () => {
    const sizes = { rows: 8, count: 4, chosen: 2, hidden: 8, width: 16 };
    const layer = randomLayer(sizes, 3);
    layer.x.forEach((value, i) => { // row r is large at r % 8, where experts r % 4 and the next look
      layer.x[i] = i % 8 === Math.floor(i / 8) ? 4 : value / 8;
    });
    layer.router.forEach((_, i) => {
      const gap = (Math.floor(i / 8) - i % 4 + 4) % 4;
      layer.router[i] = [2, 1.5, -2, -3][gap];
    });
    const found = run(await testKernels("bfloat16"), sizes, layer);
    // of rows, both weights, gate and up, activation, its product, the way down, its share, the sum
    assertBelow(rmsError(found, naive(sizes, layer)), driftBound("bfloat16", 9), "drift");
  },
});

Deno.test("the most probable experts are chosen, in order", () => {
  const rows = fc.array(
    fc.array(fc.float({ min: Math.fround(1e-6), max: 1, noNaN: true }), {
      minLength: 5,
      maxLength: 5,
    }),
    { minLength: 1, maxLength: 4 },
  );
  fc.assert(fc.property(rows, fc.integer({ min: 1, max: 5 }), (given, chosen) => {
    const experts = chooseExperts(Float32Array.from(given.flat()), 5, chosen);
    given.forEach((row, r) => {
      const own = [...experts.subarray(r * chosen, (r + 1) * chosen)];
      assertEquals(new Set(own).size, chosen);
      const left = row.filter((_, expert) => !own.includes(expert));
      assert(Math.max(0, ...left) <= Math.min(...own.map((expert) => row[expert])));
      assertEquals(own, own.toSorted((a, b) => row[b] - row[a] || a - b));
    });
  }));
});
