import { assertEquals, assertRejects } from "@std/assert";
import { allHeads } from "../../lib/common/head_id.ts";
import { InputError } from "../../lib/common/errors.ts";
import { answerPlaces, steerAnswers } from "../../lib/experiments/steer_answers.ts";
import { samplePrompt } from "../../lib/experiments/samples.ts";
import { shippedSample } from "../../lib/data/shipped_samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { intervene } from "../../lib/causal/intervene.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";

Deno.test("answers of steered heads are those of one run for each place and bias", async () => {
  using model = await fromPretrained("mini");
  const sample = await shippedSample("scene", 2), prompt = await samplePrompt(model, sample);
  const places = answerPlaces(sample, prompt);
  assertEquals(places.length, 12);
  assertEquals(places[0], {
    says: "g3",
    box: [48, 64, 80, 80],
    tokens: tokensOf(prompt.spans.evidence),
  });
  const heads = allHeads(model.grid).filter(({ layer }) => layer === 3 || layer === 4);
  const biases = [0, 32], chosen = places.slice(0, 4);
  const from = tokensOf(prompt.spans.question)[0], end = prompt.inputIds.length;
  for (const at of [undefined, [[end - 1, end]] as const]) {
    const found = await steerAnswers(model, prompt, heads, chosen, { biases, at });
    const wanted = [];
    for (const [place, { tokens }] of chosen.entries()) {
      for (const bias of biases) {
        const mask = { heads, intervention: interventions.steer(tokens, bias), at };
        const attention = intervene(model, [[mask]], prompt, { from });
        const { answer } = await model.ask(sample, { maxNewTokens: 8, attention });
        wanted.push({ place, bias, answer });
      }
    }
    assertEquals(found, wanted);
  }
  await assertRejects(
    () => steerAnswers(model, prompt, heads, [], { biases }),
    InputError,
    "to 0 places",
  );
});
