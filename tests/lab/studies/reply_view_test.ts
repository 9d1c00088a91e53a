import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { tokensOf } from "../../../lib/inputs/token_spans.ts";
import { completionSample } from "../../../lab/studies/completion_sample.ts";
import { firstToken } from "../../../lab/studies/next_token.ts";
import { replyView } from "../../../lab/studies/reply_view.ts";

const image = (grey: number) => ({ width: 64, height: 64, data: new Uint8Array(12288).fill(grey) });
const sample = {
  ...{ id: "a", domain: "example", question: "Which?", answer: "a", evidence: [{ image: 1 }] },
  images: [image(40), image(90)],
};

Deno.test("replyView: the last word's row of the pattern, and the logits after it", async () => {
  using model = await fromPretrained("tests/golden/internvl", { dtype: "float32" });
  const { prompt, attention, next } = await replyView(model, sample, "It is");
  const completed = await completionSample(model, sample, { begun: "It is", rest: " a" });
  const last = completed.inputs.inputIds.length - 1, name = "blocks.2.attn.pattern";
  const { captured, logits } = await model.forward(completed.inputs, {
    capture: { names: [name], rows: [last] },
  });
  const { data, shape } = captured.get(name)![0];
  assertEquals(attention.shape, [...Object.values(model.grid).slice(0, 2), last + 1]);
  assertEquals(shape.at(-1), last + 1);
  attention.head({ layer: 2, head: 1 })
    .forEach((weight, i) => assertAlmostEquals(weight, data[(last + 1) + i], 1e-6));
  const { vocabSize } = model.config.text;
  next.forEach((logit, i) => assertAlmostEquals(logit, logits!.data.at(i - vocabSize)!, 1e-4));
  assertEquals(next.length, vocabSize);
  assert(prompt.inputIds.length < last, "the prompt is without the reply");
  const [, second] = prompt.grids;
  assertEquals(tokensOf(prompt.spans.evidence)[0], second.start);
});

Deno.test("firstToken: the token after a text, with its space", async () => {
  using model = await fromPretrained("tests/golden/internvl", { dtype: "float32" });
  const { tokenizer } = model.processor;
  const encode = (text: string) => [...tokenizer.encode(text, { addSpecialTokens: false })];
  const before = encode("It is");
  assertEquals(encode("It is picture").slice(0, before.length), before);
  assertEquals(firstToken(model, " picture"), encode("It is picture")[before.length]);
});
