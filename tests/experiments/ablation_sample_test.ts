import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import type { PlannedAblation } from "../../lib/experiments/ablation_plan.ts";
import { type AblationResult, ablationResults } from "../../lib/experiments/ablation_results.ts";
import { tableOf, turnsOf } from "../../lib/experiments/ablation_sample.ts";
import { readRecordBytes } from "../../lib/common/record_bytes.ts";
import {
  ablationRowsFromArrow,
  ablationTableToArrow,
} from "../../lib/experiments/ablation_table_file.ts";

const plan: PlannedAblation[] = [
  { condition: "none", fraction: 0, draw: 0, heads: [] },
  { condition: "core", fraction: 0.1, draw: 0, heads: [{ layer: 0, head: 0 }] },
  ...["random", "layer-matched"].flatMap((condition) =>
    Array.from({ length: 40 }, (_, draw) => ({
      ...{ condition: condition as "random", fraction: 0.1, draw },
      heads: [{ layer: 1, head: draw }],
    }))
  ),
];

Deno.test("thinned draws: every draw and every sample as often, the other sets on all", () => {
  const turns = turnsOf(plan, 8, 48, 3);
  assert(turns.every(([none, core]) => none === 0 && core === 1));
  assertEquals(new Set(turns.map((sets) => sets.length)), new Set([2 + 2 * 40 / 8]));
  const counts = new Map<number, number>();
  for (const set of turns.flat()) counts.set(set, (counts.get(set) ?? 0) + 1);
  assert([...counts].every(([set, count]) => count === (set < 2 ? 48 : 6)));
  assertEquals(turnsOf(plan, 8, 48, 3), turns);
  assert(JSON.stringify(turnsOf(plan, 8, 48, 4)) !== JSON.stringify(turns));
  assertEquals(turnsOf(plan, 8, 96, 3).slice(0, 48), turns); // more samples change nothing before
  assert(turnsOf(plan, 1, 5, 3).every((sets) => sets.length === plan.length));
  const short = plan.slice(0, 46); // 40 random draws and 4 layer-matched ones, which run on all
  for (const sets of turnsOf(short, 8, 16, 3)) {
    assertEquals(sets.filter((set) => set >= 42), [42, 43, 44, 45]);
    assertEquals(sets.length, 2 + 5 + 4);
  }
  const few = turnsOf(plan, 8, 3, 3); // fewer samples than groups: each draw still has one
  assertEquals(new Set(few.flat()).size, plan.length);
});

Deno.test("the file of a thinned table holds what was run, and comes back the same", () => {
  const turns = turnsOf(plan, 8, 16, 3);
  const rows = turns.map((sets, i) => {
    const values = (of: (set: number) => number) =>
      Float32Array.from(plan, (_, set) => sets.includes(set) ? of(set) : NaN);
    const row = { id: `s${i}`, domain: i % 2 ? "page" : "scene" };
    const correct = values((set) => (set + i) % 2), logProb = values((set) => -set / (i + 1));
    return i % 4 === 0 ? { ...row, correct, logProb, scores: { anls: correct } } : {
      ...{ ...row, correct, logProb },
    };
  });
  const bytes = ablationTableToArrow(tableOf(rows, plan));
  assertEquals(ablationRowsFromArrow(bytes, plan.length), rows);
  assertThrows(() => ablationRowsFromArrow(bytes, 5), Error, "its rows are not 5 sets");
  const whole = rows.map((row) => ({
    ...{ id: row.id, domain: row.domain },
    correct: new Float32Array(plan.length),
    logProb: new Float32Array(plan.length),
  }));
  const all = ablationTableToArrow(tableOf(whole, plan));
  assert(bytes.length < 0.4 * all.length, `${bytes.length} of ${all.length} bytes`);
});

Deno.test("records of earlier versions still load", async () => {
  for (const name of ["smol/ablate-answer", "smol-vision/ablate-all"]) {
    const bytes = await readRecordBytes(`data/results/${name}`, "samples.arrow");
    const { options } = JSON.parse(await Deno.readTextFile(`data/results/${name}/manifest.json`));
    const rows = ablationRowsFromArrow(bytes, options.sets);
    assert(rows.length > 100 && rows.every(({ logProb }) => logProb.every(Number.isFinite)));
  }
});

Deno.test("intervals over samples and draws are those of an independent recomputation", async () => {
  // right values: two-way bootstrap of the same outcomes in numpy, by a referee (excess, interval)
  const wanted = {
    "layer-matched": [0.74, 0.61, 0.85],
    "score-matched": [0.42, 0.29, 0.56],
    "random": [0.72, 0.55, 0.87],
  };
  const folder = "data/results/smol-vision/ablate-answer";
  const bytes = await readRecordBytes(folder, "samples.arrow");
  const written: AblationResult[] = JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
  const sets = written.filter(({ metric, domain }) => metric === "accuracy" && domain === "all");
  const planned = sets.map((row): PlannedAblation => ({
    condition: row.condition as PlannedAblation["condition"],
    fraction: row.fraction,
    draw: row.draw,
    heads: row.heads.map(([layer, head]) => ({ layer, head })),
  }));
  const results = ablationResults(tableOf(ablationRowsFromArrow(bytes, sets.length), planned));
  const { againstControls } = results.find(({ condition }) => condition === "core")!;
  for (const [control, [excess, low, high]] of Object.entries(wanted)) {
    const found = againstControls![control];
    assertAlmostEquals(found.excess, excess, 0.01);
    assertAlmostEquals(found.ci95[0], low, 0.02);
    assertAlmostEquals(found.ci95[1], high, 0.02);
    assertEquals(found.pValueOverDraws, 1 / 9);
  }
});
