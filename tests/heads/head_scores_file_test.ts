import { assertEquals, assertThrows } from "@std/assert";
import * as arrow from "apache-arrow";
import { fromArrow, op } from "arquero";
import {
  filterSamples,
  type HeadScores,
  headScores,
  meanScores,
} from "../../lib/heads/head_scores.ts";
import { headScoresFromArrow, headScoresToArrow } from "../../lib/heads/head_scores_file.ts";
import { Random } from "../../lib/stats/random.ts";

function scores(rule: string, samples = 5): HeadScores {
  const random = new Random(rule);
  return headScores(
    rule,
    { layers: 2, heads: 3 },
    Array.from({ length: samples }, (_, i) => ({
      id: `säm\n"ple" ${i}`,
      domain: i % 2 ? "page" : "scene",
      map: Float32Array.from({ length: 6 }, () => random.uniform()),
    })),
  );
}

Deno.test("what was written reads back bit for bit, rule by rule", () => {
  const all = [scores("ram"), scores("per-token")];
  assertEquals(headScoresFromArrow(headScoresToArrow(all)), all);
});

Deno.test("a rule that some samples cannot be scored by keeps those that can, in their order", () => {
  const ram = scores("ram");
  const some = filterSamples(scores("calibrated"), (_, domain) => domain === "page");
  assertEquals(some.shape[0], 2);
  assertEquals(headScoresFromArrow(headScoresToArrow([ram, some])), [ram, some]);
});

Deno.test("the same scores give the same bytes", () => {
  assertEquals(headScoresToArrow([scores("ram")]), headScoresToArrow([scores("ram")]));
});

Deno.test("the scores of one rule need no list", () => {
  assertEquals(headScoresToArrow(scores("ram")), headScoresToArrow([scores("ram")]));
});

Deno.test("the file opens in arquero as one row per sample and head", () => {
  const ram = scores("ram");
  const bytes = headScoresToArrow([ram, scores("contrast")]);
  const table = fromArrow(bytes.slice().buffer);
  assertEquals(table.columnNames(), ["sample", "domain", "layer", "head", "ram", "contrast"]);
  assertEquals(table.numRows(), 30);
  const means = table.groupby("layer", "head").rollup({ mean: op.mean("ram") }).array("mean");
  const wanted = meanScores(ram);
  Array.from(means as number[]).forEach((mean, i) => {
    if (Math.abs(mean - wanted[i]) > 1e-6) throw new Error(`head ${i}: ${mean} and ${wanted[i]}`);
  });
  assertEquals(table.get("sample", 6), ram.sampleIds[1]);
});

Deno.test("scores of other samples, or a taken name, are errors", () => {
  const wrong = (all: HeadScores[], message: string) =>
    assertThrows(() => headScoresToArrow(all), Error, message);
  wrong([], "0 rules");
  wrong([scores("contrast", 1), scores("ram")], "they are of other samples or heads");
  wrong([scores("ram"), scores("ram")], '"ram": the column exists already');
  wrong([scores("layer")], '"layer": the column exists already');
});

Deno.test("a file that is something else is an error that names it", () => {
  const read = (bytes: Uint8Array, message: string) =>
    assertThrows(() => headScoresFromArrow(bytes, "x.arrow"), Error, message);
  read(new TextEncoder().encode("no arrow"), "Cannot read head scores of x.arrow");
  const bytes = (columns: Record<string, arrow.Vector>) =>
    arrow.tableToIPC(new arrow.Table(columns), "file");
  const numbers = (...values: number[]) => arrow.makeVector(Uint16Array.from(values));
  const texts = (...values: string[]) => arrow.vectorFromArray(values, new arrow.Utf8());
  read(bytes({ sample: texts("a"), layer: numbers(0) }), 'it has no column "domain"');
  const table = { sample: texts("a", "a"), domain: texts("b", "b"), layer: numbers(0, 0) };
  read(bytes({ ...table, head: numbers(1, 1) }), "row 0 is out of order");
  read(bytes({ ...table, sample: texts("a", "c"), head: numbers(0, 1) }), "row 1 is out of order");
});
