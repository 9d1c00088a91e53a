import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { concentrationTest } from "../../lib/stats/chance_concentration.ts";
import { type SampleMatrix, sampleMatrix } from "../../lib/stats/matrix.ts";
import { Random } from "../../lib/stats/random.ts";

/** Skewed values, exchangeable over heads, plus what `planted` adds. */
function skewed(
  random: Random,
  rows: number,
  columns: number,
  planted: (column: number) => number = () => 0,
): SampleMatrix {
  const data = new Float64Array(rows * columns);
  for (let i = 0; i < data.length; i++) {
    data[i] = Math.exp(2 * random.normal()) + planted(i % columns);
  }
  return sampleMatrix(data, rows, columns);
}

Deno.test("under the null hypothesis p-values are uniform, however skewed the scores", () => {
  for (const statistic of ["gini", "topShare"] as const) {
    const random = new Random(statistic);
    const pValues = Array.from(
      { length: 200 },
      (_, seed) => concentrationTest(skewed(random, 10, 24), { statistic, draws: 99, seed }).pValue,
    );
    for (const level of [0.05, 0.2, 0.5, 0.8]) {
      const share = pValues.filter((p) => p <= level).length / 200;
      const margin = 3.5 * Math.sqrt(level * (1 - level) / 200);
      assert(Math.abs(share - level) < margin, `${statistic}: ${share} of p-values <= ${level}`);
    }
  }
});

Deno.test("heads that lead in every sample are found", () => {
  const matrix = skewed(new Random(1), 30, 40, (column) => column < 2 ? 60 : 0);
  for (const statistic of ["gini", "topShare"] as const) {
    const found = concentrationTest(matrix, { statistic });
    assertEquals(found.pValue, 1 / 1000);
    assert(found.observed > found.nullInterval[1]);
    assert(found.nullInterval[0] <= found.nullMean && found.nullMean <= found.nullInterval[1]);
  }
});

Deno.test("a profile over layers is concentration, but not within layers", () => {
  const layers = Array.from({ length: 40 }, (_, column) => Math.floor(column / 8));
  const matrix = skewed(new Random(2), 30, 40, (column) => column < 8 ? 25 : 0);
  assertEquals(concentrationTest(matrix).pValue, 1 / 1000);
  assert(concentrationTest(matrix, { blocks: layers }).pValue > 0.05);
});

Deno.test("samples of a cluster are not counted as independent evidence", () => {
  // 4 contexts with 10 questions each; a context's heads repeat, but differ between contexts.
  const random = new Random(3);
  const contexts = skewed(random, 4, 24);
  const clusters = Array.from({ length: 40 }, (_, row) => Math.floor(row / 10));
  const data = new Float64Array(40 * 24)
    .map((_, i) => contexts.data[clusters[Math.floor(i / 24)] * 24 + i % 24]);
  const matrix = sampleMatrix(data, 40, 24);
  assert(concentrationTest(matrix).pValue < 0.01);
  assert(concentrationTest(matrix, { clusters }).pValue > 0.05);
});

Deno.test("exchanging heads keeps each sample's total, so equal heads have no concentration", () => {
  const matrix = sampleMatrix(new Float64Array([2, 2, 2, 5, 5, 5]), 2, 3);
  const found = concentrationTest(matrix, { draws: 20 });
  assertAlmostEquals(found.observed, 0, 1e-12);
  assertAlmostEquals(found.nullMean, 0, 1e-12);
  assertEquals(found.pValue, 1);
});

Deno.test("wrong options are refused", () => {
  const matrix = skewed(new Random(4), 3, 4);
  assertThrows(() => concentrationTest(matrix, { blocks: [1, 2] }), InputError, "one per head");
  assertThrows(() => concentrationTest(matrix, { clusters: [1] }), InputError, "one per sample");
  assertThrows(
    () => concentrationTest(sampleMatrix(new Float64Array(3), 3, 1)),
    InputError,
    "2 needed",
  );
  const contrast = sampleMatrix(new Float64Array([-1, 1]), 1, 2);
  assertThrows(() => concentrationTest(contrast), InputError, "negative");
  assertEquals(concentrationTest(contrast, { negative: "zero" }).observed, 0.5);
});
