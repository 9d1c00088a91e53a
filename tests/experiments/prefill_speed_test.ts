import { assert, assertEquals, assertRejects } from "@std/assert";
import { prefillSpeed } from "../../lib/experiments/prefill_speed.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { goldenDir } from "../suites/golden.ts";

const scores = Array.from({ length: 16 }, (_, i) => i / 16);
const options = { scores, fractions: [0.25], rounds: 2, sink: 2, window: 8, maxNewTokens: 1 };

Deno.test("a run writes its record and goes on after a stop with the same rows", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const samples = (await listSamples("shipped:scene")).slice(0, 2);
  const folder = await Deno.makeTempDir();
  const stop = new AbortController();
  const first = prefillSpeed(model, samples, {
    ...options,
    folder,
    policies: ["core", "random", "local"],
    signal: stop.signal,
    onProgress: (done) => done === 1 && stop.abort(),
  });
  await assertRejects(() => first);
  const rows = await prefillSpeed(model, samples, {
    ...options,
    folder,
    policies: ["core", "random", "local"],
  });
  const written = JSON.parse(await Deno.readTextFile(`${folder}/results.json`));
  assertEquals(written.length, rows.length);
  assertEquals(new Set(rows.map(({ policy }) => policy)), new Set(["core", "random", "local"]));
  for (const row of rows) {
    assertEquals([row.denseMs.length, row.sparseMs.length], [2, 2]);
    assert(row.bound >= 1 && row.speedup! > 0 && row.ci95![0] <= row.ci95![1]);
    assertEquals(row.fullHeads, row.policy === "local" ? 0 : 0.25);
  }
  const manifest = JSON.parse(await Deno.readTextFile(`${folder}/manifest.json`));
  assertEquals([manifest.experiment, manifest.samples], ["prefill_speed", 2]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("keeping every head full answers as dense attention does", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const samples = (await listSamples("shipped:page")).slice(0, 2);
  const rows = await prefillSpeed(model, samples, {
    ...options,
    policies: ["core"],
    fractions: [1],
  });
  for (const { denseValue, sparseValue, bound } of rows) {
    assertEquals([sparseValue, bound], [denseValue, 1]);
  }
});

Deno.test("scores of another model are an error", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const samples = (await listSamples("shipped:scene")).slice(0, 1);
  await assertRejects(
    () => prefillSpeed(model, samples, { ...options, scores: [1] }),
    Error,
    "16 heads",
  );
  await assertRejects(() => prefillSpeed(model, [], options), Error, "0 samples");
});

Deno.test("published scores have rows of their own, with the same times", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const [plain, page] = (await listSamples("shipped:page")).slice(0, 2);
  const samples = [plain, { ...page, metric: "text" as const }];
  const rows = await prefillSpeed(model, samples, { ...options, policies: ["core"] });
  const [accuracy, score] = rows.slice(-2);
  assertEquals([accuracy.metric, score.metric], ["accuracy", "mmlongbench-score"]);
  assertEquals([score.samples, score.denseMs], [1, accuracy.denseMs]);
  assert(score.denseValue >= 0 && score.denseValue <= 1);
});

Deno.test("rivals are rows of the same record: masks chosen on other samples, the oracle untimed", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const all = await listSamples("shipped:scene");
  const samples = all.slice(0, 2), templatesFrom = all.slice(2, 4);
  const policies = ["templates", "from-question", "oracle", "random"] as const;
  const rows = await prefillSpeed(model, samples, {
    ...options,
    policies,
    templatesFrom,
    draws: 2,
  });
  assertEquals(rows.map(({ policy, draw }) => [policy, draw ?? null]), [
    ["templates", null],
    ["from-question", null],
    ["oracle", null],
    ["random", 0],
    ["random", 1],
  ]);
  for (const { policy, denseMs, speedup, sparse95, sparseValue, lengths, tokens } of rows) {
    assertEquals([denseMs.length, speedup === null], policy === "oracle" ? [0, true] : [2, false]);
    assert(sparse95![0] <= sparseValue && sparseValue <= sparse95![1]);
    assert(lengths[0] <= tokens && tokens <= lengths[1]);
  }
  const run = (given: Partial<Parameters<typeof prefillSpeed>[2]>) =>
    prefillSpeed(model, samples, { ...options, policies: ["templates"], ...given });
  await assertRejects(() => run({}), Error, "--templates-from");
  await assertRejects(() => run({ templatesFrom: all.slice(1, 3) }), Error, "asked as well");
});

Deno.test("any registered pattern can be measured, and another one is another run", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const samples = (await listSamples("shipped:page")).slice(0, 2);
  const folder = await Deno.makeTempDir();
  const { sink: _sink, window: _window, ...rest } = options;
  const strided = (stride: number) => ({
    ...rest,
    ...{ folder, policies: ["local"] as const, rounds: 1 },
    pattern: patterns.strided({ sink: 0, window: 1, stride }),
  });
  const rows = await prefillSpeed(model, samples, strided(1));
  for (const { denseValue, sparseValue, bound, pattern } of rows) {
    assertEquals([sparseValue, bound], [denseValue, 1]); // every key
    assertEquals(pattern, "strided:sink=0,window=1,stride=1");
  }
  await assertRejects(() => prefillSpeed(model, samples, strided(2)), Error, "option pattern");
  await Deno.remove(folder, { recursive: true });
});
