import { assert, assertEquals } from "@std/assert";
import { fromPretrained } from "../../lib/families/mod.ts";
import { isCorrect } from "../../lib/data/metrics.ts";
import { madeSamples } from "../../lab/synthetic/made_samples.ts";

for (const name of ["mini", "mini-natural", "mini-varied"]) {
  Deno.test(`${name} loads by its name and answers held-out questions of every domain`, async () => {
    const model = await fromPretrained(name);
    const { text } = model.config;
    assertEquals([text.numHiddenLayers, text.numAttentionHeads], [8, 12]);
    const samples = madeSamples(3, { first: 5000 });
    let right = 0;
    for (const sample of samples) {
      const { answer } = await model.ask(sample, { maxNewTokens: 4 });
      right += Number(isCorrect(answer, sample));
    }
    assert(right >= samples.length - 2, `${right} of ${samples.length} right`);
    model.dispose();
  });
}
