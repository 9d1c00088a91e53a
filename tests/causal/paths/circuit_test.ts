import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  type CircuitSample,
  findCircuit,
  type PathRow,
} from "../../../lib/causal/paths/circuit.ts";
import { judgeCircuit } from "../../../lib/causal/paths/judge_circuit.ts";
import { logitDifference } from "../../../lib/causal/paths/metric.ts";
import type { Variant } from "../../../lib/causal/head_mask.ts";
import { headOutputs } from "../../../lib/causal/head_outputs.ts";
import { interventions } from "../../../lib/causal/interventions/registry.ts";
import { sweep } from "../../../lib/causal/sweep.ts";
import { allHeads, headAt, headName } from "../../../lib/common/head_id.ts";
import { otherHeads } from "../../../lib/heads/select.ts";
import { plantedModel, plantedWords } from "../../../lab/planted/planted.ts";
import { plantedSample } from "../../../lab/planted/planted_world.ts";
import { testKernels } from "../../suites/golden.ts";

const named = (from: { layer: number; head: number } | string) =>
  typeof from === "string" ? from : headName(from);

/** Words with A B ... A, whose answer is B; corrupted, others stand before B. */
function repeated(i: number): CircuitSample {
  const { tokens: words, first } = plantedWords;
  const values = words.slice(8), word = (at: number) => values[(i + at) % values.length];
  const [a, b, other] = [word(0), word(1), word(2)];
  const prompt = (before: number) => {
    const inputIds = Int32Array.of(first, word(3), word(4), before, b, word(5), word(6), a);
    const positionIds = Int32Array.from(inputIds, (_, at) => at);
    return { inputIds, positionIds, nextPosition: inputIds.length, media: {} };
  };
  const spans = { system: [], visual: [], evidence: [], question: [], answer: [] };
  return {
    clean: { id: `words-${i}`, inputs: prompt(a), spans, answerIds: Int32Array.of(b) },
    corrupted: prompt(other),
    metric: logitDifference(word(7)),
    inputs: { before: [[3, 4]], answer: [[4, 5]] },
  };
}

Deno.test("the planted induction circuit is found, and nothing else", async () => {
  const kernels = await testKernels();
  const options = { seed: 3, retrievalHeads: 0, inductionHeads: 2, layers: 3 };
  const { model, inductionHeads, roles } = plantedModel(kernels, options);
  const previous = headAt(roles.indexOf("previous"), 8);
  const tensors = kernels.tensorCount();
  const samples = [0, 1, 2, 3, 4].map(repeated);
  const asked: string[] = [], kept = new Map<string, PathRow>();
  const search = {
    least: 0.1,
    draws: 300,
    async remembered(receivers: string, id: string, measure: () => Promise<PathRow>) {
      const key = `${receivers}/${id}`, row = kept.get(key) ?? await measure();
      if (!kept.has(key)) asked.push(receivers);
      kept.set(key, JSON.parse(JSON.stringify(row)));
      return row;
    },
  };
  const circuit = await findCircuit(model, samples, search);
  assertEquals(kernels.tensorCount(), tensors);
  assertEquals(circuit.heads, [previous, ...inductionHeads]);
  const readers = inductionHeads.map(headName).join(" ");
  assertEquals(
    circuit.edges.map(({ from, to, input }) =>
      `${named(from)} ${input} ${to.map(headName).join(" ")}`
    ).sort(),
    [
      ...inductionHeads.map((head) => `${headName(head)} logits `),
      `${headName(previous)} key ${readers}`,
      `before value ${headName(previous)}`,
    ].sort(),
  );
  for (const { alone, last } of circuit.edges) {
    assert(alone.low <= alone.estimate && alone.estimate <= alone.high && alone.estimate > 0.1);
    if (last) assert(last.estimate > 0.1);
  }
  // what was kept is not measured again
  const before = asked.length;
  assertEquals(await findCircuit(model, samples, search), circuit);
  assertEquals(asked.length, before);

  const judged = await judgeCircuit(model, samples, circuit.heads, { controls: 5, draws: 200 });
  assert(judged.faithfulness.estimate > 0.9 && judged.without.estimate < 0.1);
  for (const control of judged.controls) {
    assert(control.faithfulness < 0.1 && control.without > 0.9, JSON.stringify(control));
  }
  assertEquals(kernels.tensorCount(), tensors);
  model.dispose();
});

Deno.test("what is judged is resampling of the other heads, by a sweep", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 2 });
  const clean = plantedSample(2, 3), { media } = plantedSample(2, 9).inputs;
  const corrupted = { ...clean.inputs, media }, part = retrievalHeads.slice(0, 1);
  const judged = await judgeCircuit(model, [{ clean, corrupted }], part, {
    controls: 0,
    draws: 10,
  });
  const intervention = interventions.resample(await headOutputs(model, "corrupted", corrupted));
  const sets = [allHeads(model.grid), otherHeads(part, model.grid), part];
  const variants = sets.map((heads): Variant => [{ heads, intervention, during: "prefill" }]);
  const found = await sweep(model, clean, [[], ...variants], { scope: "all" });
  const [whole, none, alone, without] = found.map(({ logProb }) => logProb);
  assertAlmostEquals(judged.whole, whole, 1e-4);
  assertAlmostEquals(judged.none, none, 1e-4);
  assertAlmostEquals(judged.faithfulness.estimate, (alone - none) / (whole - none), 1e-4);
  assertAlmostEquals(judged.without.estimate, (without - none) / (whole - none), 1e-4);
  model.dispose();
});

Deno.test("too few samples, and corruptions that cost nothing, are refused", async () => {
  const options = { seed: 3, retrievalHeads: 0, inductionHeads: 2, layers: 3 };
  const { model, inductionHeads } = plantedModel(await testKernels(), options);
  const sample = repeated(0);
  await assertRejects(() => findCircuit(model, [sample]), Error, "on 1 samples: 2 needed");
  const same = { ...sample, corrupted: sample.clean.inputs };
  const find = () => findCircuit(model, [same, same], { rounds: 0, draws: 10 });
  await assertRejects(find, Error, "the corruption costs nothing");
  const judge = () => judgeCircuit(model, [same], inductionHeads, { controls: 1 });
  await assertRejects(judge, Error, "Cannot judge a circuit");
  model.dispose();
});
