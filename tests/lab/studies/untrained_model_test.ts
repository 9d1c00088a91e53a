import { assert, assertEquals } from "@std/assert";
import { concentrationRow } from "../../../lab/studies/concentration.ts";
import { writeUntrained } from "../../../lab/studies/untrained_model.ts";
import { madeSamples } from "../../../lab/synthetic/made_samples.ts";
import { headSamples } from "../../../lib/experiments/samples.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";

Deno.test("an untrained model of mini's shape does not pass for one that looks up; mini does", async () => {
  const made = madeSamples(3, { domains: ["scene", "page", "document"] });
  const rowOf = async (name: string, folder: string) => {
    using model = await fromPretrained(folder);
    const samples = await Promise.all(headSamples(model, made).map((sample) => sample.load()));
    return await concentrationRow(name, name === "mini", model, samples);
  };
  const mini = await rowOf("mini", "data/models/mini");
  for (const among of ["context", "foils"] as const) {
    const { topMass, topShare } = mini.movedAmong[among];
    assertEquals([topMass.pValue, topShare.pValue], [0.001, 0.001]);
  }
  const folder = await Deno.makeTempDir();
  for (const seed of [0, 1]) {
    await writeUntrained("data/models/mini", `${folder}/${seed}`, seed);
    const { movedAmong } = await rowOf("untrained", `${folder}/${seed}`);
    const { topMass, topShare } = movedAmong.foils;
    for (const { pValue } of [topMass, topShare]) {
      assert(pValue > 0.01, `seed ${seed}: p = ${pValue}`);
    }
    // words look other than texture to fresh weights, too: among all of the context that may count
    assert(movedAmong.context.topMass.observed < 1.6 * movedAmong.context.topMass.nullMean);
  }
  await Deno.remove(folder, { recursive: true });
});
