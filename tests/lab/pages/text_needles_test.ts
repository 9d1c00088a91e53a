import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../../lib/common/errors.ts";
import { sampleTokens } from "../../../lib/heads/scored_sample.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { findHeads } from "../../../lib/experiments/find_heads.ts";
import { headSamples, samplePrompt } from "../../../lib/experiments/samples.ts";
import { readFolderDataSet, writeFolderDataSet } from "../../../lib/data/folder_data_set.ts";
import { isCorrect } from "../../../lib/data/metrics.ts";
import { textNeedle, textNeedles } from "../../../lab/pages/text_needles.ts";

const owner = /The owner of the (\w+) is (\w+)\./g;

Deno.test("textNeedle: the evidence is the one sentence that answers the question", () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 1, max: 12 }),
      fc.integer({ min: 0, max: 80 }),
      (seed, needles, sentences) => {
        const sample = textNeedle(seed, { needles, sentences, split: "test" });
        const said = [...sample.context!.matchAll(owner)];
        assertEquals(said.length, needles);
        assertEquals(new Set(said.map(([, thing]) => thing)).size, needles);
        assertEquals(new Set(said.map(([, , name]) => name)).size, needles);
        assertEquals(sample.context!.match(/\.( |$)/g)!.length, needles + sentences);
        const [piece] = sample.evidence as [{ text: [number, number] }];
        const sentence = [...sample.context!].slice(...piece.text).join("");
        const [, thing, name] = [...sentence.matchAll(owner)][0];
        assert(sample.question.includes(thing));
        for (const right of [name, ` ${name}.`, sentence]) assert(isCorrect(right, sample));
        for (const [, , other] of said) assertEquals(isCorrect(other, sample), other === name);
        assert(!isCorrect(`The owner of the ${thing} is`, sample));
      },
    ),
  );
});

Deno.test("textNeedle: the same seed gives the same sample, another seed or split another", () => {
  const options = { needles: 2, sentences: 20, split: "test" } as const;
  assertEquals(textNeedle(3, options), textNeedle(3, options));
  const contexts = [
    ...textNeedles(100, options),
    ...textNeedles(100, { ...options, split: "train" }),
  ].map(({ context }) => context);
  assertEquals(new Set(contexts).size, 200);
});

Deno.test("textNeedle: needles lie in all parts of the text, and every one is asked for", () => {
  const samples = textNeedles(400, { needles: 2, sentences: 9, split: "train" });
  const share = samples.map(({ evidence, context }) =>
    (evidence[0] as { text: readonly [number, number] }).text[0] / context!.length
  );
  for (let tenth = 0; tenth < 9; tenth++) {
    const here = share.filter((x) => Math.floor(10 * x) === tenth).length;
    assert(here > 15 && here < 75, `${here} of 400 in tenth ${tenth}`);
  }
});

Deno.test("textNeedle: impossible numbers are refused", () => {
  const split = "test";
  assertThrows(() => textNeedle(1, { needles: 0, sentences: 1, split }), InputError, "1 to 12");
  assertThrows(() => textNeedle(1, { needles: 1, sentences: -1, split }), InputError, "sentences");
});

Deno.test("text needles: as a folder data set, the evidence tokens spell the sentence", async () => {
  const folder = await Deno.makeTempDir();
  const made = textNeedles(3, { needles: 3, sentences: 5, split: "test" });
  await writeFolderDataSet(folder, made);
  const samples = await readFolderDataSet(folder);
  using model = await fromPretrained("tests/golden/gguf/tiny-llama.gguf", { dtype: "float32" });
  for (const [i, sample] of samples.entries()) {
    const prompt = await samplePrompt(model, sample);
    assert(prompt.text.includes(`user\n${made[i].context}\n\n${made[i].question}<|im_end|>`));
    const { evidence, question, context } = sampleTokens({ ...sample, inputs: prompt, ...prompt });
    const spelled = (tokens: readonly number[]) =>
      model.processor.tokenizer.decode(tokens.map((token) => prompt.inputIds[token])).trim();
    assertEquals(spelled(evidence), (made[i].answer as string[])[1]);
    assertEquals(spelled(question), made[i].question);
    assert(evidence.every((token) => context.includes(token)));
  }
  const scores = await findHeads(model.network, headSamples(model, samples));
  assertEquals(scores.shape, [3, 2, 4]);
  assert(scores.rules.some(({ rule }) => rule === "argmax-hit"));
  assert(scores.data.every((score) => score >= 0 && score <= 1));
  await Deno.remove(folder, { recursive: true });
});

Deno.test("foils are the sentences on other owners, and their answers those owners", () => {
  for (let seed = 0; seed < 5; seed++) {
    const sample = textNeedle(seed, { needles: 4, sentences: 6, split: "test" });
    const letters = [...sample.context!];
    const names = sample.foils!.map(([piece]) => {
      if (!("text" in piece)) throw new Error("no text");
      return /is (\w+)\.$/.exec(letters.slice(...piece.text).join(""))![1];
    });
    assertEquals(names, sample.foilAnswers!.map(([name]) => name));
    assertEquals(names.length, 3);
  }
});
