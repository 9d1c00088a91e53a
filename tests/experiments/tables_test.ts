import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { scoresRecord } from "../../lib/experiments/scores_record.ts";
import {
  concentrationRows,
  controlRows,
  effectPoints,
  topHeadRows,
} from "../../lib/experiments/tables.ts";
import { headScores } from "../../lib/heads/head_scores.ts";
import { Random } from "../../lib/stats/random.ts";

/** Scores in which head L1H2 stands out in the domain `page` only. */
const scores = headScores(
  "ram",
  { layers: 3, heads: 8 },
  Array.from({ length: 24 }, (_, i) => {
    const random = new Random(i);
    const domain = i % 2 === 0 ? "page" : "scene";
    const map = Float32Array.from({ length: 24 }, () => 0.1 + 0.02 * random.uniform());
    if (domain === "page") map[10] = 5;
    return { id: `${i}`, domain, map };
  }),
);

Deno.test("rows by domain tell a concentrated domain from one that is not", () => {
  const [page, scene] = concentrationRows(scores);
  assertEquals([page.domain, scene.domain, page.samples], ["page", "scene", 12]);
  assert(page.share > 0.6 && page.p < 0.01);
  assert(scene.share < 0.1);
});

Deno.test("rows of heads come best first, with the record's own numbers", () => {
  const record = scoresRecord("m", scores);
  const rows = topHeadRows(record, 3);
  assertEquals(rows.map(({ rank }) => rank), [1, 2, 3]);
  assertEquals([rows[0].head, rows[0].score], ["L1H2", record.scores[1][2]]);
  assert(rows[0].score >= rows[1].score && rows[1].score >= rows[2].score);
});

Deno.test("every head is a point of its score and its effect", () => {
  const effects = headScores("effect", { layers: 3, heads: 8 }, [{
    id: "a",
    domain: "page",
    map: Float32Array.from({ length: 24 }, (_, i) => i),
  }]);
  const points = effectPoints(scores, effects, [{ layer: 1, head: 2 }]);
  assertEquals(points.length, 24);
  assertEquals(points.filter(({ group }) => group === "core").map(({ name }) => name), ["L1H2"]);
  assertEquals(points[10].y.value, 10);
  assertAlmostEquals(points[10].x.value, (12 * 5 + 12 * 0.11) / 24, 0.02);
  const fewer = headScores("effect", { layers: 1, heads: 1 }, [
    { id: "a", domain: "page", map: Float32Array.of(1) },
  ]);
  assertThrows(() => effectPoints(scores, fewer, []), Error, "3 layers with 8 heads");
});

Deno.test("rows of controls: as the record has them, also where an earlier one says less", () => {
  const old = { excess: 0.5, ci95: [0.25, 0.75], pValue: 0.01, pValueOverDraws: 1 / 9 } as const;
  const found = { ...old, draws: 200, value: 0.8, pValueAlone: 0.01 };
  const rest = { valueCi95: [0.7, 0.9], range: [0, 1] } as const;
  const [random] = controlRows({ againstControls: { random: { ...found, ...rest } } });
  assertEquals(random, {
    ...{ control: "random", draws: 200, value: 0.8, excess: 0.5, interval: "0.250 to 0.750" },
    ...{ p: 0.01, "p over draws": 1 / 9 },
  });
  const earlier = JSON.parse(JSON.stringify({ againstControls: { bottom: old } }));
  assertEquals(Object.keys(controlRows(earlier)[0]), [
    "control",
    "excess",
    "interval",
    "p",
    "p over draws",
  ]);
  assertEquals(controlRows({}), []);
});
