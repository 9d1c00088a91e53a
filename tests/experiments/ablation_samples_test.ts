import { assert, assertEquals, assertRejects } from "@std/assert";
import { sweep } from "../../lib/causal/sweep.ts";
import { ablationSamples } from "../../lib/experiments/ablation_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { domainOf } from "../../lab/synthetic/domains.ts";
import { answersOf } from "../../lib/data/sample.ts";
import { goldenDir } from "../suites/golden.ts";

const options = { cellsPerSide: 4, images: 1, difficulty: 1, split: "test" } as const;

Deno.test("answers become tokens that end a turn, and the data set's rule judges others", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const sample = domainOf("scene").generate(3, options);
  const [lazy] = ablationSamples(model, [sample]);
  assertEquals([lazy.id, lazy.domain], [sample.id, sample.domain]);
  const { answerIds, judge, inputs, spans } = await lazy.load();
  assertEquals(answerIds.at(-1), model.config.eosTokenIds[0]);
  const text = model.processor.tokenizer.decode([...answerIds.slice(0, -1)]);
  assertEquals(text, answersOf(sample)[0]);
  const judged = (answer: string) =>
    judge!([...model.processor.tokenizer.encode(answer, { addSpecialTokens: false })]);
  assert(judged(text) && judged(` ${text.toUpperCase()}.`) && !judged(`not ${text}`));
  const [{ tokenLogProbs }] = await sweep(
    model.network,
    { id: "s", inputs, spans, answerIds },
    [[]],
  );
  assertEquals(tokenLogProbs.length, answerIds.length);
});

Deno.test("a sample without an answer is an error that names it", async () => {
  using model = await fromPretrained(goldenDir("qwen3_vl"));
  const sample = { ...domainOf("scene").generate(3, options), id: "s1", answer: "" };
  const [lazy] = ablationSamples(model, [sample]);
  await assertRejects(() => lazy.load(), Error, 'Cannot ablate on sample "s1": it has no answer');
});
