import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import {
  attributionReferee,
  readAttributionReferee,
} from "../../../lab/studies/attribution_referee.ts";
import { plantedModel } from "../../../lab/planted/planted.ts";
import { plantedSample } from "../../../lab/planted/planted_world.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { headName } from "../../../lib/common/head_id.ts";
import { sweep } from "../../../lib/causal/sweep.ts";
import { zeroHeads } from "../../../lib/causal/head_mask.ts";
import { testKernels } from "../../suites/golden.ts";

Deno.test("planted: the referee sees where slopes fail, by how much, and which heads they miss", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), {
    seed: 3,
    retrievalHeads: 1,
  });
  const samples = [0, 1, 2, 3].map((i) => plantedSample(3, i));
  const folder = await Deno.makeTempDir();
  const config = {
    ...{ model, changes: ["zero", "mean", "noise image"], steps: 4, scope: "answer" as const },
    ...{ name: "planted", data: "planted" },
    samples: samples.map((sample) => ({
      ...{ id: sample.id, domain: sample.domain },
      load: () => Promise.resolve(sample),
      digest: () => Promise.resolve(sample.id),
    })),
  };
  await attributionReferee(config, { folder });
  const { rows, missed, time, logProbs, byLayer } = await readAttributionReferee(folder);
  assertEquals(rows.map(({ change, estimator }) => `${change} ${estimator}`), [
    "zero first",
    "zero integrated",
    "mean first",
    "mean integrated",
    "noise image first",
    "noise image integrated",
  ]);
  assert(logProbs.every((logProb) => logProb > -0.01), "sure answers");
  const planted = headName(retrievalHeads[0]);
  for (const { sample, head, first, integrated, byPart } of missed) {
    if (head !== planted) continue;
    const [whole, without] = await sweep(model, samples.find(({ id }) => id === sample)!, [
      [],
      zeroHeads(retrievalHeads),
    ]);
    assertAlmostEquals(byPart[3], without.logProb - whole.logProb, 1e-5);
    assert(first > 0.1 * byPart[3] && integrated < 0.3 * byPart[3], `${first}, ${integrated}`);
    assert(Math.abs(byPart[0]) < 0.1 * Math.abs(byPart[3]), "flat at first, then steep");
  }
  assertEquals(missed.filter(({ head }) => head === planted).length, 4);
  const [first, integrated] = rows;
  const towardsNoise = rows[4];
  assert(towardsNoise.error > 0.9, "flat towards another image too");
  assert(first.error > 0.9 && integrated.error < first.error);
  assert(time.ratio.estimate > 0.5 && byLayer.zero.length === 4);
  await Deno.remove(folder, { recursive: true });
  await assertRejects(
    () => attributionReferee({ ...config, changes: ["nothing"] }),
    InputError,
    "no form has this name",
  );
  model.dispose();
});
