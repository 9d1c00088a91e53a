import { assert, assertEquals } from "@std/assert";
import { answerSamples } from "../../lib/experiments/answers.ts";
import { PromptStore } from "../../lib/experiments/prompt_store.ts";
import { samplePrompt } from "../../lib/experiments/samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { goldenDir } from "../suites/golden.ts";

Deno.test("a store embeds each prompt once, answers stay the same, and nothing is left behind", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const samples = [1, 2, 3].map((seed) =>
    domainOf("scene").generate(seed, { cellsPerSide: 4, images: 1, difficulty: 1, split: "test" })
  );
  const k = model.network.kernels;
  const answers = (store?: PromptStore) =>
    answerSamples(model, samples, { maxNewTokens: 4, store });
  const wanted = await answers();
  const before = k.tensorCount();
  for (const limit of [0, 1, 1e9]) { // no prompt, one prompt and all of them are kept
    using store = new PromptStore(model, limit);
    assertEquals(await answers(store), wanted);
    const { prompt, embedded } = await store.get(samples[0]);
    assertEquals([...prompt.inputIds], [...(await samplePrompt(model, samples[0])).inputIds]);
    assertEquals(embedded !== undefined, limit > 0);
    assertEquals((await store.get(samples[2])).embedded !== undefined, limit > 1);
    if (limit > 0) assert((await store.get(samples[0])).embedded === embedded);
    const held = k.tensorCount();
    assertEquals(await answers(store), wanted);
    assertEquals(k.tensorCount(), held);
  }
  assertEquals(k.tensorCount(), before);
});
