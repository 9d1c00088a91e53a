import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { crossedInterval } from "../../lib/stats/crossed.ts";
import { Random } from "../../lib/stats/random.ts";

/** A table of mean `truth`: samples, draws and pairs each add noise; some pairs are not measured. */
function planted(
  random: Random,
  { truth = 0, rows = 30, columns = 25, ofRows = 1, ofColumns = 1, thinning = 1 },
) {
  const rowEffects = Array.from({ length: rows }, () => random.normal(0, ofRows));
  const columnEffects = Array.from({ length: columns }, () => random.normal(0, ofColumns));
  const data = Float64Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns), column = i % columns;
    if ((row + column) % thinning !== 0) return NaN;
    return truth + rowEffects[row] + columnEffects[column] + random.normal(0, 0.5);
  });
  return { rows, columns, data };
}

/** How often of `repeats` the interval holds the truth, and the test rejects it. */
function simulate(repeats: number, seed: number, settings: Parameters<typeof planted>[1]) {
  const random = new Random(seed);
  let held = 0, rejected = 0;
  for (let repeat = 0; repeat < repeats; repeat++) {
    const table = planted(random, settings);
    const { low, high } = crossedInterval(table, { draws: 200, seed: repeat });
    if (low <= (settings.truth ?? 0) && (settings.truth ?? 0) <= high) held++;
    const shifted = { ...table, data: table.data.map((value) => value - (settings.truth ?? 0)) };
    if (crossedInterval(shifted, { draws: 200, seed: repeat }).pValue < 0.05) rejected++;
  }
  return { held: held / repeats, rejected: rejected / repeats };
}

Deno.test("it holds the truth 95% of the time, over samples and draws; the test keeps its size", () => {
  const cases = [
    { truth: 1 },
    { truth: 1, ofRows: 0.1 }, // draws vary, samples hardly
    { truth: 1, ofColumns: 0.1 },
    { truth: 1, rows: 40, columns: 40, thinning: 4 }, // an incomplete crossed design
  ];
  cases.forEach((settings, seed) => {
    const { held, rejected } = simulate(150, seed, settings);
    assert(held >= 0.9 && held <= 1, `${JSON.stringify(settings)}: holds ${held}`);
    assert(rejected <= 0.09, `${JSON.stringify(settings)}: rejects ${rejected}`);
  });
});

Deno.test("an interval over samples alone misses far more often where draws vary: the test can fail", () => {
  const random = new Random(9);
  let held = 0;
  for (let repeat = 0; repeat < 100; repeat++) {
    const { rows, columns, data } = planted(random, { ofRows: 0.1 });
    const means = Float64Array.from({ length: rows }, (_, row) => {
      return data.subarray(row * columns, (row + 1) * columns).reduce((a, b) => a + b) / columns;
    });
    const { low, high } = crossedInterval({ rows, columns: 1, data: means }, { draws: 200 });
    if (low <= 0 && 0 <= high) held++;
  }
  assert(held < 70, `holds ${held} of 100`);
});

Deno.test("the mean is that of what was measured; nothing measured is an error", () => {
  const data = Float64Array.of(1, NaN, NaN, 4, 1, NaN);
  const { estimate, low, high } = crossedInterval({ rows: 3, columns: 2, data });
  assertAlmostEquals(estimate, 2);
  assert(low >= 1 && high <= 4);
  const still = crossedInterval({ rows: 2, columns: 2, data: new Float64Array(4) });
  assertEquals([still.low, still.high, still.pValue], [0, 0, 1]);
  const nothing = { rows: 1, columns: 2, data: Float64Array.of(NaN, NaN) };
  assertThrows(() => crossedInterval(nothing), Error, "some that are measured");
});
