import { assert, assertEquals, assertThrows } from "@std/assert";
import { plantedModel } from "../../../lab/planted/planted.ts";
import { plantedSample } from "../../../lab/planted/planted_world.ts";
import { testKernels } from "../../suites/golden.ts";

/** Share of samples on which the likeliest next token is the answer. */
async function accuracy(
  { model }: ReturnType<typeof plantedModel>,
  samples: number,
): Promise<number> {
  let right = 0;
  for (let i = 0; i < samples; i++) {
    const sample = plantedSample(7, i);
    const { data } = (await model.forward(sample.inputs)).logits!;
    if (data.indexOf(Math.max(...data)) === sample.answerIds[0]) right++;
  }
  return right / samples;
}

Deno.test("with planted heads the model answers every question, without them it guesses", async () => {
  const kernels = await testKernels();
  const before = kernels.tensorCount();
  const planted = plantedModel(kernels, { seed: 3 });
  assertEquals(await accuracy(planted, 20), 1);
  planted.model.dispose();
  const empty = plantedModel(kernels, { seed: 3, retrievalHeads: 0 });
  assert(await accuracy(empty, 20) < 0.5);
  empty.model.dispose();
  assertEquals(kernels.tensorCount(), before, "dispose() left weights behind");
});

Deno.test("roles and retrieval heads say the same; seeds place heads elsewhere", async () => {
  const kernels = await testKernels();
  const places = new Set<string>();
  for (let seed = 0; seed < 10; seed++) {
    const { model, roles, retrievalHeads } = plantedModel(kernels, { seed, retrievalHeads: 4 });
    assertEquals(roles.filter((role) => role === "retrieval").length, 4);
    assert(retrievalHeads.every(({ layer, head }) => roles[layer * 8 + head] === "retrieval"));
    places.add(JSON.stringify(retrievalHeads));
    model.dispose();
  }
  assert(places.size >= 9);
});

Deno.test("the same seed gives the same model; another, other weights", async () => {
  const kernels = await testKernels();
  const { inputs } = plantedSample(1, 0);
  const logits = async (seed: number) => {
    const { model } = plantedModel(kernels, { seed });
    const result = (await model.forward(inputs)).logits!.data;
    model.dispose();
    return result;
  };
  assertEquals(await logits(5), await logits(5));
  assert(String(await logits(5)) !== String(await logits(6)));
});

Deno.test("no room for so many heads is an error", async () => {
  const kernels = await testKernels();
  const wrong = (retrievalHeads: number) =>
    assertThrows(
      () => plantedModel(kernels, { seed: 1, retrievalHeads }),
      Error,
      `Cannot plant ${retrievalHeads} retrieval heads among 32: wanted 0 to 26`,
    );
  wrong(27);
  wrong(-1);
  wrong(1.5);
});
