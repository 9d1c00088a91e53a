import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { createKernels } from "../../lib/backend/create_kernels.ts";
import { useBackend } from "../../lib/backend/select.ts";
import { layoutOf } from "../../lib/experiments/prompt_layout.ts";
import { templateMasses, templatePlan } from "../../lib/sparse/templates.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";

await useBackend("auto");

Deno.test("heads that look far keep least under the masks and stay full", async () => {
  const planted = plantedModel(createKernels("float32"), { seed: 3, retrievalHeads: 3 });
  const prompts = [0, 1, 2, 3].map((i) => {
    const sample = plantedSample(3, i);
    return { inputs: sample.inputs, layout: layoutOf(sample) };
  });
  const masses = await templateMasses(planted.model, prompts, { sink: 1, window: 2 });
  for (const ofMask of masses.kept) assert(ofMask.every((share) => share >= 0 && share < 1.0001));
  const { heads } = masses.grid;
  const best = (i: number) => Math.max(...masses.kept.map((ofMask) => ofMask[i]));
  const retrieval = planted.retrievalHeads.map(({ layer, head }) => best(layer * heads + head));
  assert(Math.max(...retrieval) < 0.6);
  const { plan, threshold, full } = templatePlan(masses, planted.roles.length / 2);
  assertEquals(plan.patterns.flat().filter(({ range }) => range === "all").length, full);
  plan.patterns.flat().forEach((pattern, i) => {
    if (pattern.range !== "all") assert(best(i) >= threshold);
  });
  assertThrows(() => templatePlan(masses, 1000), Error, "the count must be");
  await assertRejects(
    () => templateMasses(planted.model, [], { sink: 1, window: 2 }),
    Error,
    "0 samples",
  );
  planted.model.dispose();
});
