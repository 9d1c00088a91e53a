import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { plantedModel, plantedWords } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { attributionPatching } from "../../lib/causal/attribution_patching.ts";
import { edgeAttribution } from "../../lib/causal/edge_attribution.ts";
import { headOutputs } from "../../lib/causal/head_outputs.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { answerLogit, logitDifference } from "../../lib/causal/paths/metric.ts";
import { headIndex } from "../../lib/common/head_id.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
const zero = { intervention: interventions.zero() };

for (const family of ["qwen3_vl", "qwen2_5_vl", "llava", "qwen3_vl_moe", "gemma3_text"]) {
  Deno.test(`${family}: a head's edges add up to its effect`, async () => {
    const k = await testKernels(), model = await goldenModel(family, k), before = k.tensorCount();
    const { inputs } = await goldenCase(family, family === "gemma3_text" ? "text" : "image");
    const tokens = inputs.inputIds.length;
    const sample = {
      ...{ id: family, inputs, answerIds: Int32Array.of(7, 11) },
      spans: {
        ...{ system: [], visual: [], evidence: [], answer: [] },
        question: [[tokens - 6, tokens]] as [number, number][],
      },
    };
    const { layers, heads: count } = model.grid, writers = layers * count;
    for (
      const options of [
        { scope: "answer" as const },
        { scope: "all" as const },
        { scope: "all" as const, steps: 2 },
      ]
    ) {
      const { heads, value } = await attributionPatching(model, sample, zero, options);
      const edges = await edgeAttribution(model, sample, zero, options);
      assertAlmostEquals(edges.value, value, 1e-5);
      const largest = Math.max(...heads.map(Math.abs));
      heads.forEach((effect, i) =>
        assertAlmostEquals(edges.heads[i], effect, 1e-4 * largest + 1e-6, `head ${i}`)
      );
      for (const [name, size] of [["queries", count], ["keys", edges.keyValueHeads]] as const) {
        edges[name].forEach((edge, i) => {
          const readers = edges[name].length / writers;
          const writes = Math.floor(i / readers / count), reads = Math.floor(i % readers / size);
          if (reads <= writes) assertEquals(edge, 0, `${name}: layer ${reads} reads ${writes}`);
        });
        assert(edges[name].some((edge) => Math.abs(edge) > 1e-3 * largest), name);
      }
    }
    assertEquals(k.tensorCount(), before, "tensors left behind");
    model.dispose();
  });
}

Deno.test("planted retrieval: the heads write the answer into the logits themselves", async () => {
  const k = await testKernels();
  const { model, retrievalHeads } = plantedModel(k, { seed: 3 });
  const edges = await edgeAttribution(model, plantedSample(3, 0), zero, { metric: answerLogit });
  const least = Array.from(edges.logits.keys()).sort((a, b) => edges.logits[a] - edges.logits[b]);
  const planted = retrievalHeads.map((id) => headIndex(id, 8));
  assertEquals(least.slice(0, 3).sort((a, b) => a - b), planted);
  for (const i of planted) assertAlmostEquals(edges.logits[i] / edges.heads[i], 1, 0.1);
  model.dispose();
});

Deno.test("planted induction: the previous-token head writes the keys that induction heads match", async () => {
  const k = await testKernels();
  for (const seed of [1, 3]) {
    const { model, inductionHeads, roles } = plantedModel(k, {
      ...{ seed, retrievalHeads: 0, inductionHeads: 2, layers: 3 },
    });
    // ... A B ... A: the answer is B; corrupted, another word stands before B
    const { tokens: words, first } = plantedWords;
    const prompt = (before: number) => {
      const ids = [first, words[8], words[10], before, words[12], words[11], words[13], words[9]];
      const inputIds = Int32Array.from(ids), positionIds = Int32Array.from(ids.keys());
      return { inputIds, positionIds, nextPosition: ids.length, media: {} };
    };
    const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
    const answerIds = Int32Array.of(words[12]);
    const sample = { id: "induction", inputs: prompt(words[9]), spans, answerIds };
    const other = await headOutputs(model, "another word", prompt(words[14]));
    const change = { intervention: interventions.resample(other), during: "prefill" as const };
    const edges = await edgeAttribution(model, sample, change, {
      ...{ metric: logitDifference(words[15]), scope: "all", steps: 8 },
    });
    const previous = roles.indexOf("previous"), writers = roles.length;
    const readers = edges.keys.length / writers, groups = edges.keyValueHeads;
    /** What each head's change loses by way of the keys that induction heads match. */
    const lost = Array.from(
      { length: writers },
      (_, writer) =>
        -sum(
          inductionHeads.map(({ layer, head }) =>
            edges.keys[writer * readers + layer * groups + Math.floor(head / (8 / groups))]
          ),
        ),
    );
    const most = lost.indexOf(Math.max(...lost)), next = Math.max(...lost.toSpliced(previous, 1));
    assertEquals(most, previous);
    assert(lost[previous] > 4 * next, `${lost[previous]}, then ${next}`);
    for (const into of ["queries", "values"] as const) {
      const width = edges[into].length / writers;
      const own = edges[into].subarray(previous * width, (previous + 1) * width);
      assert(Math.max(...own.map(Math.abs)) < 0.5 * lost[previous], into);
    }
    model.dispose();
  }
});
