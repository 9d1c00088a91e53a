import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { fromPretrained, type PretrainedModel } from "../../../lib/families/pretrained.ts";
import { tokensOf } from "../../../lib/inputs/token_spans.ts";
import { windowDomains, windowOwners } from "../../../lab/studies/owner_samples.ts";

/** The model as if its local layers saw so many tokens. */
function withWindow(model: PretrainedModel, window: number): PretrainedModel {
  const { text } = model.config, localLayers = { ...text.localLayers!, window };
  const config = { ...model.config, text: { ...text, localLayers } };
  return Object.create(model, {
    config: { value: config },
    processor: { value: model.processor },
  });
}

Deno.test("texts beyond a window: the domain says whether a question's token sees the evidence there", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-gemma3.gguf", { dtype: "float32" });
  const window = 300;
  const study = windowOwners(withWindow(model, window), 2, 12);
  const samples = await Promise.all(study.scored("train", 6).map((sample) => sample.load()));
  assertEquals(samples.map(({ domain }) => domain).sort(), [
    ...Array(3).fill(windowDomains.beyond),
    ...Array(3).fill(windowDomains.within),
  ]);
  for (const { domain, spans } of samples) {
    const evidence = tokensOf(spans.evidence);
    // a query at position q sees the keys q - window + 1 to q
    const seen = tokensOf(spans.question).map((query) =>
      evidence.filter((key) => key > query - window).length
    );
    const wanted = domain === windowDomains.within ? evidence.length : 0;
    assert(seen.every((count) => count === wanted), `${domain}: ${seen}`);
  }
  assert(study.data("train", 6).includes("beyond 300 tokens"));
  assertEquals(study.answered("test", 2).map(({ domain }) => domain).length, 2);
});

Deno.test("texts beyond a window: models without one, and texts that it holds, are refused", async () => {
  using model = await fromPretrained("tests/golden/gguf/tiny-gemma3.gguf", { dtype: "float32" });
  const held = windowOwners(withWindow(model, 100_000), 2, 2);
  assertThrows(() => held.scored("train", 2), InputError, "that a window of 100000 does not hold");
  using other = await fromPretrained("tests/golden/gguf/tiny-llama.gguf", { dtype: "float32" });
  assertThrows(() => windowOwners(other, 2, 12), InputError, "every layer of this model sees all");
});
