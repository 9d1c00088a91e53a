import { assertEquals } from "@std/assert";
import { ablateHeads } from "../../../lib/experiments/ablate_heads.ts";
import { needleCompletion, needleSamples } from "../../../lab/studies/completion_sample.ts";
import { findHeads } from "../../../lib/experiments/find_heads.ts";
import { headSamples } from "../../../lib/experiments/samples.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { textNeedles } from "../../../lab/pages/text_needles.ts";

Deno.test("needleCompletion: begun and rest are what the text says, for every sample", () => {
  for (const sample of textNeedles(50, { needles: 2, sentences: 3, split: "test" })) {
    const { begun, rest } = needleCompletion(sample);
    const sentence = (sample.answer as string[])[1];
    assertEquals(
      `${begun}${rest}.`.toLowerCase(),
      `According to the text, ${sentence}`.toLowerCase(),
    );
    assertEquals(rest, ` ${(sample.answer as string[])[0]}`);
  }
});

Deno.test("needleSamples: the prompt ends with the begun reply, the answer is the name", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-llama.gguf", { dtype: "float32" });
  const { tokenizer } = model.processor;
  const made = textNeedles(2, { needles: 1, sentences: 4, split: "test" });
  const samples = needleSamples(model, made);
  for (const [i, lazy] of samples.entries()) {
    const { inputs, answerIds, spans } = await lazy.load();
    const { begun, rest } = needleCompletion(made[i]);
    const text = tokenizer.decode(inputs.inputIds);
    assertEquals(text.slice(text.lastIndexOf("assistant\n")), `assistant\n${begun}`);
    assertEquals(tokenizer.decode(answerIds), rest);
    assertEquals([...inputs.positionIds], [...inputs.inputIds.keys()]);
    assertEquals(inputs.nextPosition, inputs.inputIds.length);
    const [[start, end]] = spans.question;
    assertEquals(
      tokenizer.decode(inputs.inputIds.subarray(start, end)).trim(),
      made[i].question,
    );
  }
  const scores = await findHeads(model.network, headSamples(model, made));
  const { results } = await ablateHeads(model.network, samples, scores, {
    scope: "all",
    fractions: [0.25],
    draws: 1,
  });
  assertEquals(results.find(({ condition }) => condition === "core")?.heads.length, 2);
});
