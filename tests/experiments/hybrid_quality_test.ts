import { assert, assertEquals, assertRejects } from "@std/assert";
import { createKernels } from "../../lib/backend/create_kernels.ts";
import { useBackend } from "../../lib/backend/select.ts";
import { InputError } from "../../lib/common/errors.ts";
import {
  hybridQuality,
  type HybridSetting,
  readHybridQuality,
} from "../../lib/experiments/hybrid_quality.ts";
import { layoutOf } from "../../lib/experiments/prompt_layout.ts";
import { readManifest } from "../../lib/experiments/record.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { templateMasses } from "../../lib/sparse/templates.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";

await useBackend("auto");
const planted = plantedModel(createKernels("float32"), { seed: 5, retrievalHeads: 3 });
const samples = Array.from({ length: 12 }, (_, i) => plantedSample(5, i));
const scores = planted.roles.map((role) => role === "retrieval" ? 1 : 0);
const share = 3 / scores.length;
const at = (policy: HybridSetting["policy"], fraction: number, window: number) => ({
  ...{ policy, fraction, sink: 1, window },
});

Deno.test("hybridQuality: planted heads suffice, without them the answers are lost", async () => {
  const settings = [
    at("core", share, 2),
    at("local", 0, 2),
    at("random", share, 2),
    at("local", 0, 1000),
    { policy: "local", fraction: 0, pattern: patterns.dense() } as const,
  ];
  const rows = await hybridQuality(planted.model, samples, { scores, settings, seed: 1 });
  const [core, local, random, wide, dense] = rows;
  assertEquals(core.denseValue, 1);
  assertEquals([core.sparseValue, wide.sparseValue, dense.sparseValue], [1, 1, 1]);
  assertEquals(rows.map(({ pattern }) => pattern).at(-1), "dense");
  assert(local.sparseValue < 0.5 && random.sparseValue < 0.5);
  assertEquals([core.fullHeads, local.fullHeads], [share, 0]);
  for (const row of rows) {
    assert(row.ci95[0] <= row.sparseValue && row.sparseValue <= row.ci95[1]);
    assertEquals([row.metric, row.samples], ["accuracy", 12]);
    assert(row.difference95[0] <= row.sparseValue - row.denseValue);
  }
});

Deno.test("hybridQuality: a run that was stopped goes on and gives the same record", async () => {
  const folder = await Deno.makeTempDir();
  const options = { scores, settings: [at("core", share, 2), at("local", 0, 2)] };
  const whole = await hybridQuality(planted.model, samples, options);
  const stop = new AbortController();
  const onProgress = (done: number) => done === 5 && stop.abort(new Error("stopped"));
  await assertRejects(
    () =>
      hybridQuality(planted.model, samples, {
        ...options,
        folder,
        onProgress,
        signal: stop.signal,
      }),
    Error,
    "stopped",
  );
  let most = 0;
  const again = await hybridQuality(planted.model, samples, {
    ...options,
    folder,
    onProgress: (_, total) => most = Math.max(most, total),
  });
  assertEquals(again, whole);
  assertEquals(most, 7);
  const written = await readHybridQuality(folder);
  assertEquals(written.map(({ policy, sparseValue }) => [policy, sparseValue]), [
    ["core", whole[0].sparseValue],
    ["local", whole[1].sparseValue],
  ]);
  const { experiment, samples: n } = await readManifest(folder);
  assertEquals([experiment, n], ["hybrid_quality", 12]);
  await assertRejects(() => readManifest(`${folder}/none`), InputError, "no such file");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("hybridQuality: what cannot be measured is refused", async () => {
  const run = (given: Parameters<typeof hybridQuality>[2], list = samples) =>
    assertRejects(() => hybridQuality(planted.model, list, given), InputError);
  await run({ scores: [1, 2], settings: [] });
  await run({ scores, settings: [at("core", 1.5, 2)] });
  await run({ scores, settings: [] }, []);
});

Deno.test("hybridQuality: rivals answer and are timed in the same passes; the oracle is not timed", async () => {
  const settings = [
    at("core", share, 2),
    at("from-question", 0, 2),
    at("templates", share, 2),
    at("oracle", share, 2),
    { ...at("random", share, 2), draw: 1 },
  ];
  const layoutOfSample = (i: number) => layoutOf(plantedSample(5, i));
  const others = [100, 101].map((i) => ({
    inputs: plantedSample(5, i).inputs,
    layout: layoutOfSample(i),
  }));
  const templates = await templateMasses(planted.model, others, { sink: 1, window: 2 });
  const rows = await hybridQuality(planted.model, samples, {
    ...{ scores, settings, templates, timed: true, seed: 1 },
  });
  const [core, question, , oracle, random] = rows;
  // the planted heads read from the question's tokens: it is enough that these see everything
  assertEquals([core.sparseValue, question.sparseValue], [1, 1]);
  assert(oracle.sparseValue >= random.sparseValue);
  for (const row of rows) {
    assertEquals([row.denseMs!.length, row.contexts], [12, 12]);
    assertEquals(row.sparseMs!.length, row === oracle ? 0 : 12);
    assert(row.bound > 1);
    if (row === oracle) assertEquals([row.speedup, row.speedup95], [null, null]);
    else assert(row.speedup95![0] <= row.speedup! && row.speedup! <= row.speedup95![1]);
  }
  assertEquals([random.draw, core.draw], [1, undefined]);
  const untimed = await hybridQuality(planted.model, samples, { scores, settings: [settings[0]] });
  assertEquals(untimed[0].denseMs, undefined);
  const wrong = { ...templates, window: 3 };
  await assertRejects(
    () => hybridQuality(planted.model, samples, { scores, settings, templates: wrong }),
    InputError,
    "window 3",
  );
  await assertRejects(
    () => hybridQuality(planted.model, samples, { scores, settings }),
    InputError,
    "templates without samples",
  );
});
