import { assert, assertEquals, assertRejects } from "@std/assert";
import { UnusableSampleError } from "../../lib/data/unusable.ts";
import { steerSamples } from "../../lib/experiments/steer_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { evidenceTokens } from "../../lib/inputs/evidence.ts";
import { samplePrompt } from "../../lib/experiments/samples.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { goldenDir } from "../suites/golden.ts";

const options = { cellsPerSide: 4, images: 1, pairs: 4, difficulty: 1, split: "test" } as const;

Deno.test("targets are the foils' tokens, judged by the foils' answers; the right answer is none", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const sample = domainOf("scene").generate(2, options);
  const encode = (text: string) => [
    ...model.processor.tokenizer.encode(text, { addSpecialTokens: false }),
  ];
  const { foils = [], foilAnswers = [], answer } = sample;
  const [lazy] = steerSamples(model, [sample]);
  const { targets, judge } = await lazy.load();
  const prompt = await samplePrompt(model, sample);
  assertEquals(
    targets.map(({ tokens }) => tokens),
    foils.map((foil) => evidenceTokens(prompt, foil)),
  );
  targets.forEach((target, i) => {
    assert(target.judge(encode(foilAnswers[i] as string)));
    assert(!target.judge(encode(answer as string)));
    assert(!judge(encode(foilAnswers[i] as string)));
  });
  // a foil with the right answer leads nowhere else
  const alike = { ...sample, foilAnswers: foilAnswers.map((own, i) => i === 0 ? answer : own) };
  const [other] = steerSamples(model, [alike]);
  assertEquals((await other.load()).targets.length, foils.length - 1);
  assertEquals(await lazy.digest!(), await other.digest!());
  assert(lazy.targetsDigest !== other.targetsDigest);
});

Deno.test("a sample without places to steer to is unusable, and says why", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const { foilAnswers: _, ...sample } = domainOf("scene").generate(2, options);
  const load = (given: typeof sample) => steerSamples(model, [given])[0].load();
  await assertRejects(() => load(sample), UnusableSampleError, "no foilAnswers");
  const { answer } = sample;
  const alike = { ...sample, foilAnswers: sample.foils!.map(() => answer) };
  await assertRejects(() => load(alike), UnusableSampleError, "no foil that is seen");
});
