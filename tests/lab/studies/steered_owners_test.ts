import { assert, assertEquals, assertRejects } from "@std/assert";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { UnusableSampleError } from "../../../lib/data/unusable.ts";
import { textNeedles } from "../../../lab/pages/text_needles.ts";
import { steeredTexts } from "../../../lab/studies/steered_owners.ts";

Deno.test("owners in texts: each other owner's sentence is a place, and its answer that name", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf", { dtype: "float32" });
  const { tokenizer } = model.processor;
  const made = textNeedles(3, { needles: 4, sentences: 3, split: "test" });
  for (const [i, lazy] of steeredTexts(model, made).entries()) {
    const { inputs: { inputIds }, targets, judge } = await lazy.load();
    const answers = made[i].foilAnswers!;
    assertEquals(targets.length, 3);
    targets.forEach(({ tokens, judge }, t) => {
      const [name, sentence] = answers[t];
      const ids = Int32Array.from(tokens, (token) => inputIds[token]);
      assertEquals(tokenizer.decode(ids).trim().replace(/\.?$/, "."), sentence);
      const say = (text: string) => [...tokenizer.encode(text, { addSpecialTokens: false })];
      assert(judge(say(` ${name}. The owner`)));
      assert(!judge(say(` ${made[i].answer[0]}.`)) && !judge(say(` ${name}son`)));
    });
    const right = tokenizer.encode(` ${made[i].answer[0]}`, { addSpecialTokens: false });
    assert(judge([...right]));
  }
  const [alone] = steeredTexts(model, textNeedles(1, { needles: 1, sentences: 3, split: "test" }));
  await assertRejects(() => alone.load(), UnusableSampleError, "nowhere to steer to");
});
