import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { fromPretrained } from "../../../lib/families/mod.ts";
import { networkOf } from "../../../lib/model/network_of.ts";
import { scaleEffects, scaleHeads, type ScaleOutcomes } from "../../../lab/studies/scale_heads.ts";
import {
  scaleConfig,
  scaleSizes,
  scaleStages,
  sizeRuns,
  trialRuns,
} from "../../../lab/studies/scale_runs.ts";
import { scaleFigures, type ScaleRow, scaleSummary } from "../../../lab/studies/scale_summary.ts";
import { contextIds } from "../../../lab/training/batches.ts";
import { imageGrids } from "../../../lab/training/curriculum.ts";
import { answerContext } from "../../../lab/training/evaluate.ts";
import { exportModel } from "../../../lab/training/export.ts";
import { sequenceLayout } from "../../../lab/training/layout.ts";
import { ModelParameters } from "../../../lab/training/parameters.ts";
import { plainContext } from "../../../lab/training/plain_contexts.ts";
import { questionTokens } from "../../../lab/training/token_format.ts";
import { Random } from "../../../lib/stats/random.ts";

await useBackend("auto");
const config = scaleConfig({ sizes: { layers: 2, heads: 5, keyValueHeads: 5, width: 64 } });
const folder = await Deno.makeTempDir();
const parameters = new ModelParameters(config, 1);
await exportModel(folder, config, parameters);
parameters.dispose();

const images = { grids: imageGrids(1, 4), format: "images" } as const;
const context = plainContext(new Random(1), {
  ...{ grids: images.grids, pairs: 4, questions: 4, words: 8, split: "test" },
});

Deno.test("without pixels the words of the cells stand in their places", async () => {
  using model = await fromPretrained(folder);
  const network = networkOf(model);
  const seen: number[][] = [];
  await answerContext(network, images, context, {
    onPattern: (_, pattern, k) => {
      seen.push([...k.readSync(pattern)]);
    },
  });
  const { question, answer } = context.questions[0];
  const block = questionTokens(question, answer).ids.slice(0, -1);
  const layout = sequenceLayout(images, block.length, 1);
  const ids = contextIds(images);
  context.labels.forEach((word, cell) => ids[layout.visual[cell]] = word);
  const keys = ids.length + block.length;
  const { captured } = await network.forward({
    inputIds: Int32Array.from([...ids, ...block]),
    positionIds: layout.positionIds,
    nextPosition: 0,
    media: {},
  }, { capture: { names: ["blocks.*.attn.pattern"], rows: [ids.length] } });
  for (let layer = 0; layer < 2; layer++) {
    const { data } = captured.get(`blocks.${layer}.attn.pattern`)![0];
    data.slice(0, 5 * keys).forEach((value, i) => assertAlmostEquals(seen[layer][i], value, 1e-4));
  }
});

Deno.test("evidence is a key's cell and the answer beside it; the absent key stands nowhere", async () => {
  const { words } = await import("../../../lab/synthetic/vocabulary.ts");
  context.questions.forEach(({ question, answer }, i) => {
    const { key, answer: at, null: absent } = context.evidence[i];
    assertEquals(words[context.labels[key]], question);
    assertEquals(words[context.labels[at]], answer);
    assert(absent && !context.labels.includes(words.indexOf(absent)));
  });
});

Deno.test("a model that was never trained: no retrieval, and a record of the right shape", async () => {
  using model = await fromPretrained(folder);
  const found = await scaleHeads(model, { chosenOn: 2, testedOn: 2, draws: 2, words: 64 });
  assertEquals(found.calibrated.length, 10);
  assertEquals(found.best.length, 1);
  assert(Math.max(...found.calibrated) < 0.3, `${found.calibrated}`);
  assertEquals(found.outcomes.random.map((draw) => draw.length), [2, 2]);
});

const outcomes = (top: number, random: number): ScaleOutcomes => ({
  ...{ whole: [1, 1, 0.5, 0.5], top: [top, top, top, top], top10: [0, 0, 0, 0] },
  ...{ top20: [0, 0, 0, 0], random: [[random, random, random, random], [1, 1, 1, 1]] },
  layerMatched: [[1, 1, 0.5, 0.5]],
});

Deno.test("effects in points: against the whole model, and beyond the mean of the controls' draws", () => {
  const one = scaleEffects([outcomes(0.25, 0.5)]);
  assertEquals(one.accuracy.estimate, 75);
  assertEquals(one.top.estimate, -50);
  assertEquals(one.random.estimate, 0); // draws of 0.5 and 1: 0.75 on average
  assertEquals(one.beyondRandom.estimate, -50);
  assertEquals(one.layerMatched, { estimate: 0, low: 0, high: 0, level: 0.95 });
  const two = scaleEffects([outcomes(0.25, 0.5), outcomes(0.75, 0.5)]);
  assertEquals(two.top.estimate, -25);
  assert(two.top.low < -25 && two.top.high > -25);
  assert(two.top.high - two.top.low > one.top.high - one.top.low); // models differ, too
});

Deno.test("a line for each setting and each model, and two figures", () => {
  const level = 0.95;
  const row = (index: number): ScaleRow => ({
    ...{ run: sizeRuns[index], steps: 100, parameters: 1000, heads: 20 * (1 + index % 3) },
    ...{ best: ["L0H0"], calibrated: [0.5], effective: 10, outcomes: outcomes(0.25, 0.5) },
    topShare: { estimate: 0.1 * (1 + index), low: 0, high: 1, level },
  });
  const lines = scaleSummary([0, 1, 2, 3].map(row));
  assertEquals(lines.map(({ name }) => name), [
    ...["small", "middle", "large", "small 1", "middle 1", "large 1", "small 2"],
  ]);
  assertEquals(lines[0].models, 2);
  assertEquals(lines[0].topShare, { estimate: 0.25, low: 0.1, high: 0.4 });
  const figures = scaleFigures(lines);
  assertEquals(Object.keys(figures), ["scale_concentration", "scale_effects"]);
  assert(figures.scale_effects.toSvg().includes("layer-matched"));
});

Deno.test("runs: three seeds of three sizes, whose 5% are whole heads; trials change one thing", () => {
  assertEquals(sizeRuns.length, 9);
  for (const { layers, heads } of Object.values(scaleSizes)) {
    assertEquals(layers * heads % 20, 0);
  }
  const small = JSON.stringify(scaleSizes.small);
  for (const run of trialRuns) {
    const changed = [run.lastSteps, run.words, run.decay, run.queryKeyGain]
      .filter((value) => value !== undefined).length;
    assertEquals(changed + Number(JSON.stringify(run.sizes) !== small), 1, run.name);
    assertEquals(run.sizes.layers * run.sizes.heads % 20, 0);
  }
  assert(scaleStages(16).every(({ words }) => words <= 16));
});
