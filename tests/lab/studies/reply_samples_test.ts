import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { findHeads } from "../../../lib/experiments/find_heads.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { meanScores } from "../../../lib/heads/head_scores.ts";
import { ruleNamed } from "../../../lib/heads/scoring_rules.ts";
import { tokensOf } from "../../../lib/inputs/token_spans.ts";
import { textNeedles } from "../../../lab/pages/text_needles.ts";
import { lessAsked, replyHeadSamples } from "../../../lab/studies/reply_samples.ts";

const model = await fromPretrained("tests/golden/gguf/tiny-llama.gguf", { dtype: "float32" });
const [sample] = textNeedles(1, { needles: 2, sentences: 4, split: "test" });
const begun = "The owner is", nullBegun = "The pirate is";

Deno.test("replyHeadSamples: what is scored is the reply's beginning, at the end of the prompt", async () => {
  const [lazy] = replyHeadSamples(model, [{ sample, begun, nullBegun }]);
  const { inputs, spans, nullQuery } = await lazy.load();
  const { tokenizer } = model.processor, [[start, end]] = spans.question;
  assertEquals(end, inputs.inputIds.length);
  assertEquals(tokenizer.decode(inputs.inputIds.subarray(start, end)), begun);
  assertEquals(tokenizer.decode(nullQuery!), nullBegun);
});

Deno.test("replyHeadSamples: RAM is the attention from the reply's beginning, calibrated RAM what the null reply lacks", async () => {
  const lazy = replyHeadSamples(model, [{ sample, begun, nullBegun }]);
  const rules = ["ram", "calibrated"].map((rule) => ruleNamed(rule));
  const found = await findHeads(model.network, lazy, { rules });
  const [ram, calibrated] = found.rules.map(meanScores);
  const { inputs, spans, nullQuery } = await lazy[0].load();
  const [[start]] = spans.question, evidence = tokensOf(spans.evidence);
  /** Mean attention of every head's last rows on the evidence. */
  const mass = async (ids: Int32Array) => {
    const prompt = {
      ...{ inputIds: ids, media: {}, nextPosition: ids.length },
      positionIds: Int32Array.from(ids, (_, i) => i),
    };
    const { captured } = await model.forward(prompt, {
      capture: { names: ["blocks.*.attn.pattern"] },
    });
    const rows = Array.from({ length: ids.length - start }, (_, i) => start + i);
    return [...captured.values()].flatMap(([{ data, shape: [, heads, , keys] }]) =>
      Array.from(
        { length: heads },
        (_, head) =>
          rows.reduce(
            (sum, row) =>
              sum + evidence.reduce((all, key) => all + data[(head * keys + row) * keys + key], 0),
            0,
          ) / rows.length,
      )
    );
  };
  const own = await mass(inputs.inputIds);
  const other = await mass(Int32Array.of(...inputs.inputIds.subarray(0, start), ...nullQuery!));
  assert(own.some((value) => value > 0.01));
  own.forEach((value, head) => {
    assertAlmostEquals(ram[head], value, 1e-5);
    assertAlmostEquals(calibrated[head], value - other[head], 1e-5);
  });
});

Deno.test("lessAsked: RAM of a reply less that where question and reply are about something else", async () => {
  const rules = ["ram", "calibrated"].map((rule) => ruleNamed(rule));
  const find = (question: string, begun: string, wanted = rules) =>
    findHeads(
      model.network,
      replyHeadSamples(model, [{ sample: { ...sample, question }, begun, nullBegun }]),
      { rules: wanted },
    );
  const own = await find(sample.question, begun), other = await find(sample.null!, nullBegun);
  const difference = lessAsked(own, other), [ram, taken] = [own, other].map(meanScores);
  assertEquals(difference.rules.map(({ rule }) => rule), ["ram-less-asked", "ram", "calibrated"]);
  meanScores(difference).forEach((value, head) =>
    assertAlmostEquals(value, ram[head] - taken[head], 1e-6)
  );
  // another question moves what a null reply behind the same one does not
  const [, calibrated] = own.rules.map(meanScores);
  assert(meanScores(difference).some((value, head) => Math.abs(value - calibrated[head]) > 1e-3));
  const foreign = { ...other, rules: other.rules.map((own) => ({ ...own, sampleIds: ["x"] })) };
  assertThrows(() => lessAsked(own, foreign), InputError, "not the same");
});
