import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { readAblatedHeads } from "../../../lib/experiments/ablate_heads.ts";
import { headScores } from "../../../lib/heads/head_scores.ts";
import {
  excessTable,
  headsOfLayers,
  layerKindsTable,
  lossBars,
  movementTable,
  readComparedModels,
} from "../../../lab/studies/compared_models.ts";
import { windowDomains } from "../../../lab/studies/owner_samples.ts";
import { layerLosses, windowLosses, windowMovement } from "../../../lab/studies/window_figures.ts";

const results = "data/results";

/** Two layers of two heads: in the window the local heads move, beyond it the global ones alone. */
const scores = headScores(
  "calibrated",
  { layers: 2, heads: 2 },
  Object.values(windowDomains).map((domain, i) => ({
    id: domain,
    domain,
    map: Float32Array.from(i === 0 ? [0.25, 0.25, 0.5, -1] : [0, 0, 0.75, 0.25]),
  })),
);

Deno.test("compared models: movement, losses and controls are those of the records", async () => {
  const models = await readComparedModels(results, { Gemma: ["gemma/identify", "gemma/ablate"] });
  assert(movementTable(models).toText().includes("18 x 4"));
  const [{ rows }] = models;
  const at = (condition: string) => rows.find((row) => row.condition === condition)!;
  const { data } = lossBars(models);
  assertEquals(data.map(({ x }) => x), [
    [100 * at("none").value],
    [100 * at("core").value],
    [100 * at("core").againstControls!.random.value],
  ]);
  assert(
    excessTable(models).toText().includes(`${at("core").againstControls!.random.draws} draws`),
  );
  await assertRejects(
    () => readComparedModels(results, { smol: ["smol/identify", "smol/ablate-all"] }),
    InputError,
    "is not calibrated",
  );
});

Deno.test("layer kinds: movement is shared out between global and local layers", () => {
  assertEquals(headsOfLayers(scores, [1]).map(({ layer, head }) => [layer, head]), [[1, 0], [
    1,
    1,
  ]]);
  // means 0.125, 0.125, 0.625, -0.375: of 0.875 that move, the second layer has 0.625
  assert(layerKindsTable(scores, [1]).toText().includes("71%"));
});

Deno.test("windows: movement by place and kind of layer, negative scores count as none", () => {
  assertEquals(windowMovement(scores, [1]).data.map(({ x }) => x), [[0.5, 1], [0.5, 0]]);
});

Deno.test("windows: losses are the rows of the record, and a set that lacks is named", async () => {
  const rows = await readAblatedHeads(`${results}/gemma/ablate-window`);
  const [within] = windowLosses(rows).data;
  const share = (set: string) =>
    rows.find((row) =>
      row.set === set && row.condition === "set" && row.metric === "accuracy" &&
      row.domain === windowDomains.within
    )!.value;
  assertEquals((within.x as number[]).slice(1, 4), [
    ...["global", "global-4", "local-4"].map((set) => 100 * share(set)),
  ]);
  assertEquals(
    layerLosses(rows, [5, 11, 17]).data.some(({ x }) => (x as number[])?.length === 18),
    true,
  );
  assertThrows(() => windowLosses(rows.slice(0, 1)), InputError, "the record has no set");
});
