import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import { edgeAttribution } from "../../lib/causal/edge_attribution.ts";
import { headInputAttribution } from "../../lib/causal/input_attribution.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { answerLogit, logitDifference } from "../../lib/causal/paths/metric.ts";
import { InputError } from "../../lib/common/errors.ts";
import { headIndex } from "../../lib/common/head_id.ts";
import { ablateHeads } from "../../lib/experiments/ablate_heads.ts";
import {
  attributeHeads,
  type AttributeHeadsOptions,
  readAttributedEdges,
  readAttributedHeads,
} from "../../lib/experiments/attribute_heads.ts";
import type { AttributionSample } from "../../lib/experiments/attribution_samples.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { testKernels } from "../suites/golden.ts";

/** Samples of the planted world, each with the next one's prompt as its corrupted one. */
const pairs = (count: number): AttributionSample[] =>
  Array.from({ length: count }, (_, i) => {
    const { inputs: corrupted, answerIds: [otherAnswer] } = plantedSample(1, i + 30);
    return { ...plantedSample(1, i), corrupted, otherAnswer };
  });

Deno.test("losses by head and edge are those of the library, over samples; the record is read as scores", async () => {
  const kernels = await testKernels();
  const { model, retrievalHeads } = plantedModel(kernels, { seed: 1 });
  const samples = [0, 1, 2].map((i) => plantedSample(1, i)), folder = await Deno.makeTempDir();
  const before = kernels.tensorCount();
  const options = { metric: "logit", gradDrop: true, edges: 5, draws: 200, folder } as const;
  const found = await attributeHeads(model, samples, options);
  assertEquals(found.rules.map(({ rule }) => rule), ["attribution-size", "attribution"]);
  const change = { intervention: interventions.zero() }, own = { metric: answerLogit };
  const effects = await Promise.all(
    samples.map((sample) => attributionPatching(model, sample, change, { ...own, gradDrop: true })),
  );
  const mean = (of: (i: number) => number) => samples.reduce((sum, _, i) => sum + of(i), 0) / 3;
  found.heads.forEach(({ layer, head, losses }) => {
    const i = headIndex({ layer, head }, 8);
    assertAlmostEquals(losses["attribution"].loss, mean((s) => -effects[s].heads[i]), 1e-5);
    assertAlmostEquals(losses["attribution-size"].loss, mean((s) => effects[s].sizes![i]), 1e-5);
  });
  const best = found.heads.slice(0, retrievalHeads.length);
  assertEquals(
    best.map((id) => headIndex(id, 8)).sort((a, b) => a - b),
    retrievalHeads.map((id) => headIndex(id, 8)),
  );
  const [edge] = found.edges;
  assertEquals([edge.input, edge.to], ["logits", [null, null]]);
  const edges = await Promise.all(
    samples.map((sample) => edgeAttribution(model, sample, change, own)),
  );
  const at = headIndex({ layer: edge.from[0], head: edge.from[1] }, 8);
  assertAlmostEquals(edge.loss, mean((s) => -edges[s].logits[at]), 1e-5);
  assert(edge.ci95[0] <= edge.loss && edge.loss <= edge.ci95[1]);
  assertEquals(found.edges.length, 5);
  assertEquals(kernels.tensorCount(), before, "tensors left behind");

  const read = await readAttributedHeads(folder);
  assertEquals(
    read.map(({ layer, head }) => [layer, head]),
    found.heads.map(({ layer, head }) => [layer, head]),
  );
  assertEquals(
    (await readAttributedEdges(folder)).map(({ from }) => from),
    found.edges.map(({ from }) => from),
  );
  const scores = await readFoundHeads(folder);
  assertEquals([...meanScores(scores)], [...meanScores(found.rules[0])]);
  const { results } = await ablateHeads(model, [4, 5].map((i) => plantedSample(1, i)), scores, {
    ...{ conditions: ["core"], fractions: [retrievalHeads.length / 32], bootstrapDraws: 50 },
  });
  const core = results.find(({ condition, metric }) =>
    condition === "core" && metric === "accuracy"
  );
  assertEquals(core!.heads, best.map(({ layer, head }) => [layer, head]));
  assertEquals(await attributeHeads(model, samples, options), found); // read, not run again
  await Deno.remove(folder, { recursive: true });
  model.dispose();
});

Deno.test("corrupted prompts: heads, their inputs and the other answer", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 1 });
  const samples = pairs(2);
  const options = { metric: "logit-difference", inputs: true, draws: 50 } as const;
  const { rules, edges, value } = await attributeHeads(model, samples, options);
  assertEquals(edges, []);
  assertEquals(
    rules.map(({ rule }) => rule),
    ["attribution", ...["query", "key", "value"].map((name) => `attribution-${name}`)],
  );
  for (const [row, sample] of samples.entries()) {
    const metric = logitDifference(sample.otherAnswer!), change = { corrupted: sample.corrupted! };
    const { inputs } = await headInputAttribution(model, sample, change, { metric });
    const query = rules[1].data.subarray(row * 32, (row + 1) * 32);
    inputs.query.forEach((x, i) => assertAlmostEquals(query[i], -x, 1e-5));
  }
  assert(value > 1);
  const losses = meanScores(rules[0]),
    others = losses.filter((_, i) => !retrievalHeads.some((id) => headIndex(id, 8) === i));
  for (const id of retrievalHeads) assert(losses[headIndex(id, 8)] > Math.max(...others));
  model.dispose();
});

Deno.test("settings that cannot be used are refused", async () => {
  const { model } = plantedModel(await testKernels(), { seed: 1 }), plain = [plantedSample(1, 0)];
  for (
    const [options, message] of [
      [{ change: "zeros" }, 'by "zeros": there are zero, mean'],
      [{ steps: 0 }, "over 0 steps"],
      [{ edges: -1 }, "name -1 edges"],
      [{ metric: "loss" as never }, "Cannot attribute the loss"],
      [{ metric: "logit-difference" }, "it has no other answer"],
      [{ inputs: true }, "it has no corrupted prompt"],
      [{ heads: 3 } as never, "heads"],
    ] as [AttributeHeadsOptions, string][]
  ) {
    await assertRejects(() => attributeHeads(model, plain, options), InputError, message);
  }
  model.dispose();
});
