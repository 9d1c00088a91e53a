import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  foldGain,
  frequencyAxes,
  type RopeConfig,
  ropeTables,
  visionRopeTables,
} from "../../lib/nn/rope.ts";
import { plainFrequencies, type RopeScaling } from "../../lib/nn/rope_scaling.ts";
import { Random } from "../../lib/stats/random.ts";
import { testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

const plain: RopeConfig = {
  headDim: 8,
  ropeTheta: 1e4,
  mropeSection: null,
  mropeInterleaved: false,
};
const random = (count: number, seed: number) => {
  const source = new Random(seed);
  return Float32Array.from({ length: count }, () => source.normal());
};

Deno.test("interleaved and chunked sections give each axis its share of the frequencies", () => {
  const section = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(5), fc.nat(5))
    .filter(([t, h, w]) => 3 * Math.max(h, w) <= t + h + w); // every third frequency must exist
  fc.assert(fc.property(section, fc.boolean(), ([t, h, w], interleaved) => {
    const headDim = 2 * (t + h + w);
    const axes = frequencyAxes({
      headDim,
      ropeTheta: 1e4,
      mropeSection: [t, h, w],
      mropeInterleaved: interleaved,
    });
    assertEquals([0, 1, 2].map((axis) => axes.filter((a) => a === axis).length), [t, h, w]);
  }));
});

Deno.test("equal positions on all axes give the one-dimensional tables", async () => {
  const k = await testKernels();
  const three = { ...plain, mropeSection: [2, 1, 1] as const, mropeInterleaved: true };
  k.scope(() => {
    const one = ropeTables(k, plain, Int32Array.of(0, 5, 9), 3);
    const all = ropeTables(k, three, Int32Array.of(0, 5, 9, 0, 5, 9, 0, 5, 9), 3);
    assertEquals(k.readSync(all.cos), k.readSync(one.cos));
    assertEquals(k.readSync(all.sin), k.readSync(one.sin));
  });
});

Deno.test("rotated products depend on the distance only", async () => {
  const k = await testKernels();
  const [a, b] = [random(8, 1), random(8, 2)];
  const product = (i: number, j: number) =>
    k.scope(() => {
      const { cos, sin } = ropeTables(k, plain, Int32Array.of(i, j), 2);
      const turned = k.readSync(
        k.rotate(k.tensor(Float32Array.of(...a, ...b), [1, 2, 8]), cos, sin),
      ) as Float32Array;
      return turned.slice(0, 8).reduce((sum, x, d) => sum + x * turned[8 + d], 0);
    });
  fc.assert(
    fc.property(fc.nat(50), fc.nat(50), fc.nat(50), (i, j, shift) => {
      assert(Math.abs(product(i, j) - product(i + shift, j + shift)) < 1e-4);
    }),
    { numRuns: 20 },
  );
});

Deno.test("a folded gain and factor equal multiplying before the rotation", async () => {
  const k = await testKernels();
  k.scope(() => {
    const x = k.tensor(random(2 * 3 * 8, 5), [2, 3, 8]);
    const gain = k.tensor(random(8, 6), [8]);
    const tables = ropeTables(k, plain, Int32Array.of(0, 4, 11), 3);
    const folded = foldGain(k, tables, gain, 0.25);
    const found = k.readSync(k.rotate(x, folded.cos, folded.sin));
    const wanted = k.readSync(k.scale(k.rotate(k.mul(x, gain), tables.cos, tables.sin), 0.25));
    assertNear(found, wanted, 1e-6);
  });
});

Deno.test("the vision tower's tables turn with the row, then with the column", async () => {
  const k = await testKernels();
  k.scope(() => {
    const { cos } = visionRopeTables(k, Int32Array.of(2, 3), 8);
    const angles = [2, 2 / 100, 3, 3 / 100];
    const wanted = Float32Array.from([...angles, ...angles], Math.cos);
    assertNear(k.readSync(cos), wanted, 1e-6);
  });
});

Deno.test("a scaling gives the frequencies for the sequence's extent, and a factor", async () => {
  const k = await testKernels();
  const ropeScaling: RopeScaling = {
    kind: "test",
    parameters: {},
    attentionFactor: 2,
    frequencies: (base, extent) => plainFrequencies(base).map((x) => x * extent),
  };
  const config = { ...plain, ropeScaling };
  k.scope(() => {
    const positions = Int32Array.of(1, 3, 2);
    for (
      const [extent, tables] of [
        [4, ropeTables(k, config, positions, 3)],
        [9, ropeTables(k, config, positions, 3, 9)],
      ] as const
    ) {
      const angle = (t: number, i: number) => positions[t] * extent / 10 ** i;
      const table = (of: (angle: number) => number) =>
        Float32Array.from({ length: 24 }, (_, at) => 2 * of(angle(Math.floor(at / 8), at % 4)));
      assertNear(k.readSync(tables.cos), table(Math.cos), 1e-5);
      assertNear(k.readSync(tables.sin), table(Math.sin), 1e-5);
    }
  });
});
