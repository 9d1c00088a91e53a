import { assert, assertEquals, assertNotEquals, assertRejects } from "@std/assert";
import { madeSamples } from "../../lab/synthetic/made_samples.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { UnusableSampleError } from "../../lib/data/unusable.ts";
import { attributionSamples } from "../../lib/experiments/attribution_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { goldenDir } from "../suites/golden.ts";

const options = { cellsPerSide: 4, images: 1, pairs: 4, difficulty: 1, split: "test" } as const;
const scene = (seed: number) => domainOf("scene").generate(seed, options);

Deno.test("corrupted prompts: noise in place of images, or another sample with another answer", async () => {
  using model = await fromPretrained("mini");
  const made = madeSamples(4, { domains: ["scene"] });
  const [plain] = attributionSamples(model, made);
  assertEquals((await plain.load()).corrupted, undefined);

  const [noisy] = attributionSamples(model, made, "noise");
  const { inputs, corrupted } = await noisy.load();
  const pixels = (of: typeof corrupted) => of!.media["pixel_values"].data;
  assertNotEquals(pixels(corrupted), pixels(inputs));
  assertEquals(pixels(corrupted).toSorted(), pixels(inputs).toSorted());
  assertEquals(pixels((await noisy.load()).corrupted), pixels(corrupted)); // the same noise again
  assertNotEquals(noisy.settings, plain.settings);

  const others = attributionSamples(model, made, "other");
  for (const [i, lazy] of others.entries()) {
    const { corrupted, otherAnswer, answerIds, inputs } = await lazy.load();
    assertEquals(corrupted!.positionIds, inputs.positionIds);
    assert(otherAnswer !== answerIds[0]);
    const of = await Promise.all(
      made.map(async (_, j) => (await attributionSamples(model, made)[j].load()).inputs),
    );
    const which = of.findIndex(({ inputIds, media }) =>
      String(inputIds) === String(corrupted!.inputIds) &&
      String(media["pixel_values"].data) === String(pixels(corrupted))
    );
    assert(which >= 0 && which !== i, `${which}`);
  }
  // another sample is part of what a result depends on
  const changed = attributionSamples(model, [...made.slice(0, 3), scene(9)], "other");
  assertNotEquals(changed[0].settings, others[0].settings);
});

Deno.test("samples without a corrupted prompt cannot be used", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const [alone] = attributionSamples(model, [scene(1)], "other");
  await assertRejects(() => alone.load(), UnusableSampleError, "none of 0 other samples");
  using text = await fromPretrained(goldenDir("gemma3_text"));
  const sample = {
    id: "t",
    domain: "text",
    question: "Who?",
    answer: "I",
    images: [],
    evidence: [],
  };
  const [noise] = attributionSamples(text, [sample as never], "noise");
  await assertRejects(() => noise.load(), UnusableSampleError, "it has none");
});
