import { assert } from "@std/assert";
import { contextSamples } from "../../lab/synthetic/domains.ts";
import { exportModel } from "../../lab/training/export.ts";
import { miniConfig, miniSizes, ModelParameters } from "../../lab/training/parameters.ts";
import { tokenIds, vocabSize } from "../../lab/training/token_format.ts";
import { useBackend } from "../../lib/backend/select.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { ruleNamed } from "../../lib/heads/scoring_rules.ts";

await useBackend("auto");
const samples = [0, 1, 2, 3, 4].flatMap((seed) =>
  contextSamples("page", seed, {
    ...{ cellsPerSide: 8, images: 1, difficulty: 0, split: "test", questions: 4 } as const,
  })
);
const concentrationOf = async (name: string) => {
  using model = await fromPretrained(name);
  const options = { rules: [ruleNamed("ram")], rivals: false };
  const { concentration } = await findHeads(model, headSamples(model, samples), options);
  return concentration!;
};

Deno.test("identify: the evidence draws the top heads of mini", async () => {
  const { topMass, topShare, samples: count } = await concentrationOf("mini");
  assert(topMass.pValue <= 0.001 && topShare.pValue <= 0.001);
  assert(topMass.observed > 4 * topMass.nullMean);
  assert(count === samples.length);
});

Deno.test("identify: in a model of mini's shape that was never trained it does not", async () => {
  const config = miniConfig(miniSizes, {
    ...{ vocabSize, image: tokenIds.image, video: tokenIds.video, end: tokenIds.end },
  });
  const pValues: number[] = [];
  for (const seed of [1, 2, 3, 4, 5]) {
    const parameters = new ModelParameters(config, `untrained ${seed}`, {
      readouts: [],
    });
    const folder = await Deno.makeTempDir();
    await exportModel(folder, config, parameters);
    parameters.dispose();
    const { topMass, topShare } = await concentrationOf(folder);
    pValues.push(topMass.pValue, topShare.pValue);
    await Deno.remove(folder, { recursive: true });
  }
  // ten p-values: that the least of them is below .002 has a probability of 2 %
  assert(Math.min(...pValues) > 0.002, pValues.join(" "));
  assert(pValues.filter((p) => p <= 0.05).length <= 2, pValues.join(" "));
});
