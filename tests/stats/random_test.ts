import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";
import { mean, variance } from "../../lib/stats/summary.ts";

Deno.test("the stream is xoshiro128** of the reference implementation", () => {
  // First outputs of xoshiro128starstar.c (version 1.1) from state {1, 2, 3, 4}.
  const expected = [
    11520,
    0,
    5927040,
    70819200,
    2031721883,
    1637235492,
    1287239034,
    3734860849,
    3729100597,
    4258142804,
  ];
  const random = Random.fromState([1, 2, 3, 4]);
  assertEquals(expected.map(() => random.uint32()), expected);
});

Deno.test("the same seed gives the same numbers, another seed others", () => {
  fc.assert(fc.property(fc.maxSafeInteger(), fc.string(), (seed, label) => {
    const a = new Random(seed).fork(label);
    const b = new Random(seed);
    b.normal();
    assertEquals(b.fork(label).uint32(), a.uint32()); // forks do not depend on what was drawn
  }));
  const first = new Set(Array.from({ length: 2000 }, (_, seed) => new Random(seed).uint32()));
  assert(first.size >= 1999); // neighbouring seeds are unrelated
  assert(new Random(1).uint32() !== new Random("1").uint32());
  const fork = new Random(1);
  assert(fork.fork("a").fork("b").uint32() !== fork.fork("ab").uint32());
});

Deno.test("streams of neighbouring forks are uncorrelated", () => {
  const streams = Array.from({ length: 40 }, (_, i) => {
    const stream = new Random(3).fork(i);
    return Array.from({ length: 400 }, () => stream.uniform(-1, 1));
  });
  for (let i = 1; i < streams.length; i++) {
    const products = streams[i].map((value, j) => value * streams[i - 1][j]);
    assert(Math.abs(mean(products)) < 4.5 / 3 / Math.sqrt(400), `forks ${i - 1} and ${i}`);
  }
});

Deno.test("uniform numbers fill [low, high) evenly", () => {
  const random = new Random(11);
  const bins = new Array<number>(64).fill(0);
  for (let i = 0; i < 64000; i++) {
    const value = random.uniform(-2, 6);
    assert(value >= -2 && value < 6);
    bins[Math.floor((value + 2) * 8)]++;
  }
  const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
  assert(chiSquare > 30 && chiSquare < 110, `chi-square ${chiSquare} on 63 degrees of freedom`);
});

Deno.test("integers are evenly distributed for limits that do not divide 2^32", () => {
  for (const limit of [3, 7, 1000, 3 * 2 ** 30]) {
    const random = new Random(limit);
    const bins = [0, 0, 0];
    for (let i = 0; i < 30000; i++) {
      const value = random.integer(limit);
      assert(Number.isInteger(value) && value >= 0 && value < limit);
      bins[Math.floor(3 * value / limit)]++;
    }
    const shares = [0, 1, 2].map((bin) =>
      Math.ceil((bin + 1) * limit / 3) - Math.ceil(bin * limit / 3)
    );
    bins.forEach((count, bin) => {
      const expected = 30000 * shares[bin] / limit;
      // A plain remainder would be off by a third for the largest limit.
      assert(Math.abs(count - expected) < 400, `limit ${limit}, third ${bin}: ${count}`);
    });
  }
});

Deno.test("normal numbers have the moments of the normal distribution", () => {
  const random = new Random("normal");
  const values = Float64Array.from({ length: 40000 }, () => random.normal(3, 2));
  assertAlmostEquals(mean(values), 3, 0.04);
  assertAlmostEquals(variance(values), 4, 0.12);
  const fourth = mean(values.map((value) => ((value - 3) / 2) ** 4));
  assertAlmostEquals(fourth, 3, 0.25);
});

Deno.test("a shuffle keeps the values and reaches every order equally", () => {
  fc.assert(fc.property(fc.integer(), fc.array(fc.integer()), (seed, values) => {
    const shuffled = new Random(seed).shuffle([...values]);
    assertEquals([...shuffled].sort(), [...values].sort());
  }));
  const random = new Random(5);
  const counts = new Map<string, number>();
  for (let i = 0; i < 24000; i++) {
    const order = random.permutation(4).join("");
    counts.set(order, (counts.get(order) ?? 0) + 1);
  }
  assertEquals(counts.size, 24);
  for (const count of counts.values()) assert(Math.abs(count - 1000) < 160);
});

Deno.test("a choice holds distinct items, each equally often", () => {
  const random = new Random(6);
  const counts = new Array<number>(7).fill(0);
  for (let i = 0; i < 7000; i++) {
    const chosen = random.choice(7, 3);
    assertEquals(new Set(chosen).size, 3);
    for (const item of chosen) counts[item]++;
  }
  for (const count of counts) assert(Math.abs(count - 3000) < 200);
  assertEquals([...random.choice(4, 0)], []);
  assertEquals([...random.choice(4, 4)].sort(), [0, 1, 2, 3]);
});

Deno.test("impossible requests say what is possible", () => {
  assertThrows(() => new Random(0.5), InputError, "Cannot seed with 0.5");
  assertThrows(() => new Random(1).integer(0), InputError, "limit must be 1 to 2^32");
  assertThrows(() => new Random(1).choice(3, 4), InputError, "size must be 0 to 3");
  assertThrows(() => Random.fromState([0, 0, 0, 0]), InputError, "not all zero");
});
