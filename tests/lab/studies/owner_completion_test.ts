import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { findHeads } from "../../../lib/experiments/find_heads.ts";
import { ruleNamed } from "../../../lib/heads/scoring_rules.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { tokensOf } from "../../../lib/inputs/token_spans.ts";
import { textNeedles } from "../../../lab/pages/text_needles.ts";
import {
  asStatement,
  ownerCompletion,
  ownerCompletions,
} from "../../../lab/studies/owner_completion.ts";

for (const kind of ["llama", "qwen2", "gemma3"]) {
  Deno.test(`${kind}: spans, null query and foils of a completed text are those sentences`, async () => {
    using model = await fromPretrained(`tests/golden/gguf/tiny-${kind}.gguf`, { dtype: "float32" });
    const { tokenizer } = model.processor;
    for (const sample of textNeedles(6, { needles: 3, sentences: 3, split: "test" })) {
      const made = ownerCompletion(model, sample);
      const { inputs: { inputIds, positionIds, nextPosition }, spans } = made;
      const read = (tokens: readonly number[]) =>
        tokenizer.decode(Int32Array.from(tokens, (token) => inputIds[token])).trim();
      const question = read(tokensOf(spans.question));
      assertEquals(question, asStatement(sample.question));
      assertEquals(`${question}${tokenizer.decode(made.answerIds)}.`, sample.answer[1]);
      assertEquals(read(tokensOf(spans.evidence)).replace(/\.?$/, "."), sample.answer[1]);
      assertEquals(tokenizer.decode(made.nullQuery!).trim(), asStatement(sample.null!));
      assertEquals(spans.question.at(-1)![1], inputIds.length); // the last token predicts the name
      // foils: two other sentences of the text, none of the tokens of the evidence
      const foils = made.foilSpans!, own = new Set(tokensOf(spans.evidence));
      assertEquals(foils.length, 2);
      for (const span of foils) {
        const said = read(tokensOf([span])).replace(/\.?$/, ".");
        assert(sample.context!.includes(said) && said !== sample.answer[1], said);
        assert(/^The owner of the \w+ is \w+\.$/.test(said));
        assert(tokensOf([span]).every((token) => !own.has(token)));
      }
      // the whole prompt is the text, after one token that begins texts
      assertEquals(
        tokenizer.decode(inputIds.subarray(1)),
        `${sample.context}\n${asStatement(sample.question)}`.normalize("NFC"),
      );
      assertEquals([...positionIds], [...inputIds.keys()]);
      assertEquals(nextPosition, inputIds.length);
    }
  });
}

Deno.test("completed texts: heads are scored by calibrated, selectivity and value-weighted scores", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf", { dtype: "float32" });
  const samples = ownerCompletions(
    model,
    textNeedles(2, { needles: 2, sentences: 1, split: "train" }),
  );
  const names = ["ram", "calibrated", "null-ram", "selectivity", "value-weighted"];
  const { rules } = await findHeads(model, samples, {
    rules: names.map((name) => ruleNamed(name)),
  });
  const [ram, calibrated, nullRam, selectivity, weighted] = rules.map(({ data }) => data);
  ram.forEach((value, i) => {
    assert(Math.abs(calibrated[i] - (value - nullRam[i])) < 1e-6);
    assert(selectivity[i] > 0 && selectivity[i] < 1 && weighted[i] > 0);
  });
});

Deno.test("completed texts: a sample without text is refused", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-qwen2.gguf", { dtype: "float32" });
  const [sample] = textNeedles(1, { needles: 1, sentences: 1, split: "test" });
  assertThrows(
    () => ownerCompletion(model, { ...sample, context: undefined }),
    InputError,
    "wanted a text needle",
  );
});
