import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { plantedModel } from "../../../lab/planted/planted.ts";
import { plantedSample } from "../../../lab/planted/planted_world.ts";
import type { CircuitSample } from "../../../lib/causal/paths/circuit.ts";
import { circuitCompleteness } from "../../../lib/causal/paths/circuit_completeness.ts";
import { judgeCircuit } from "../../../lib/causal/paths/judge_circuit.ts";
import { logitDifference } from "../../../lib/causal/paths/metric.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { allHeads, headName } from "../../../lib/common/head_id.ts";
import { testKernels } from "../../suites/golden.ts";

const samples: CircuitSample[] = [0, 1, 2].map((i) => {
  const clean = plantedSample(1, i), other = plantedSample(1, i + 20);
  return { clean, corrupted: other.inputs, metric: logitDifference(other.answerIds[0]) };
});
const options = { subsets: 12, draws: 100 };

Deno.test("planted: the whole circuit is complete, one without a head that does the same work is not", async () => {
  const kernels = await testKernels();
  const { model, retrievalHeads } = plantedModel(kernels, { seed: 1 });
  const before = kernels.tensorCount();
  const whole = await circuitCompleteness(model, samples, retrievalHeads, options);
  for (const { removed, gap, model: left } of [...whole.random, whole.greedy!]) {
    assert(Math.abs(gap.estimate) < 0.2, `${removed.map(headName)}: ${gap.estimate}`);
    if (removed.length === retrievalHeads.length) assert(left < 0.1);
  }
  const [missing, ...part] = retrievalHeads;
  const { random, greedy } = await circuitCompleteness(model, samples, part, options);
  // the model still has the head that is missing
  assert(greedy!.removed.length > 0 && greedy!.gap.estimate > 0.3, `without ${headName(missing)}`);
  assertAlmostEquals(greedy!.gap.estimate, greedy!.model - greedy!.circuit, 1e-9);
  for (const { removed, gap } of random) {
    assert(removed.every((head) => part.includes(head)) && removed.length > 0);
    assert(gap.estimate <= greedy!.gap.estimate + 1e-9);
    assert(gap.low <= gap.estimate && gap.estimate <= gap.high);
  }
  // taking nothing away compares the circuit with the model, as faithfulness does
  const judged = await judgeCircuit(model, samples, part, { controls: 1, draws: 100 });
  const everything = await circuitCompleteness(model, samples, allHeads(model.grid), {
    ...{ subsets: 2, candidates: 0, draws: 100 },
  });
  assertEquals(everything.greedy, null);
  for (const { gap } of everything.random) assertAlmostEquals(gap.estimate, 0, 1e-5);
  const all = random.find(({ removed }) => removed.length === part.length)!;
  assertAlmostEquals(all.model, judged.without.estimate, 1e-5);
  assertEquals(kernels.tensorCount(), before, "tensors left behind");
  model.dispose();
});

Deno.test("circuits that cannot be tested are refused", async () => {
  const { model } = plantedModel(await testKernels(), { seed: 1 });
  await assertRejects(() => circuitCompleteness(model, samples, []), InputError, "of 0 heads");
  const nowhere = [{ layer: 9, head: 0 }];
  await assertRejects(() => circuitCompleteness(model, samples, nowhere), InputError, "L9H0");
  const same = samples.map(({ clean, metric }) => ({ clean, corrupted: clean.inputs, metric }));
  const [head] = allHeads(model.grid);
  await assertRejects(() => circuitCompleteness(model, same, [head]), InputError, "as without any");
  model.dispose();
});
