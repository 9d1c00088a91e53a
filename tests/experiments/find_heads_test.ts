import { assert, assertEquals, assertRejects } from "@std/assert";
import { digestOf } from "../../lib/common/digest.ts";
import { findHeads, type Samples } from "../../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { headIndex, headName } from "../../lib/common/head_id.ts";
import { meanScores } from "../../lib/heads/head_scores.ts";
import { ruleNamed, scoringRules } from "../../lib/heads/scoring_rules.ts";
import { testKernels } from "../suites/golden.ts";

const samples = Array.from({ length: 6 }, (_, i) => ({
  ...plantedSample(1, i),
  domain: i % 2 ? "page" : "scene",
}));
const settings = { model: "planted", data: "planted", draws: 200, fraction: 3 / 16 };

/** Samples of which one stops the run, as a kill would. */
function stopping(at: number, seen: string[] = []): Samples {
  return samples.map((sample, i) => ({
    id: sample.id,
    domain: sample.domain,
    digest: () => Promise.resolve(digestOf(sample)),
    load: () => {
      if (i === at) return Promise.reject(new Error("killed"));
      seen.push(sample.id);
      return Promise.resolve(sample);
    },
  }));
}

async function withModel(
  body: (model: ReturnType<typeof plantedModel>, folder: string) => Promise<void>,
): Promise<void> {
  const planted = plantedModel(await testKernels(), { seed: 1, retrievalHeads: 3, layers: 2 });
  const folder = await Deno.makeTempDir();
  try {
    await body(planted, folder);
  } finally {
    planted.model.dispose();
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("the record names the planted heads, and reads back as it was", async () => {
  await withModel(async ({ model, retrievalHeads }, folder) => {
    const out = `${folder}/run`;
    const found = await findHeads(model, samples, { ...settings, folder: out });
    assertEquals(found.rules.map(({ rule }) => rule), scoringRules.map(({ name }) => name));
    assertEquals([found.rule, found.shape], ["ram", [6, 2, 8]]);
    assertEquals(found.sampleIds, samples.map(({ id }) => id));

    const json = JSON.parse(await Deno.readTextFile(`${out}/scores.json`));
    const best = json.ranking.slice(0, 3)
      .map(([layer, head]: [number, number]) => headName({ layer, head })).sort();
    assertEquals(best, retrievalHeads.map(headName).sort());
    const mean = meanScores(found);
    for (const { layer, head } of retrievalHeads) {
      const index = headIndex({ layer, head }, 8);
      assert(Math.abs(json.scores[layer][head] - mean[index]) < 1e-6);
      assert(json.topMembership.probability[layer][head] > 0.5);
    }
    assertEquals(Object.keys(json.domains), ["scene", "page"]);
    const read = await readFoundHeads(out);
    assertEquals({ ...read, concentration: null }, { ...found, concentration: null });
    const [{ topMass }, written] = [found.concentration!, read.concentration!.topMass];
    assertEquals(written.pValue, topMass.pValue);
    assert(Math.abs(written.observed - topMass.observed) < 1e-6);
    const names = Array.from(Deno.readDirSync(out), ({ name }) => name).sort();
    assertEquals(names, ["manifest.json", "moved.arrow", "samples.arrow", "scores.json"]);
    assertEquals(found.concentration!.samples, 6);
    await assertRejects(() => readFoundHeads(folder), Error, "samples.arrow: no such file");
  });
});

Deno.test("killed at any sample and begun again, scores.json has the same bytes", async () => {
  await withModel(async ({ model }, folder) => {
    await findHeads(model, samples, { ...settings, folder: `${folder}/whole` });
    const wanted = await Deno.readFile(`${folder}/whole/scores.json`);
    const arrow = await Deno.readFile(`${folder}/whole/samples.arrow`);
    const moved = await Deno.readFile(`${folder}/whole/moved.arrow`);
    for (const at of [1, 5]) {
      const out = `${folder}/killed${at}`;
      const options = { ...settings, rules: scoringRules, folder: out };
      await assertRejects(() => findHeads(model, stopping(at), options), Error, "killed");
      const partial = `${out}/run.partial`;
      const text = await Deno.readTextFile(partial);
      await Deno.writeTextFile(partial, text.slice(0, -20)); // and in the middle of a write
      const seen: string[] = [];
      await findHeads(model, stopping(-1, seen), options);
      assertEquals(seen, samples.slice(at - 1).map(({ id }) => id));
      assertEquals(await Deno.readFile(`${out}/scores.json`), wanted);
      assertEquals(await Deno.readFile(`${out}/samples.arrow`), arrow);
      assertEquals(await Deno.readFile(`${out}/moved.arrow`), moved);
    }
  });
});

Deno.test("a run with other rules or another model does not go on with the old journal", async () => {
  await withModel(async ({ model }, folder) => {
    const rules = [ruleNamed("ram")];
    const options = { ...settings, rules, folder };
    await assertRejects(() => findHeads(model, stopping(2), options), Error, "killed");
    await assertRejects(
      () => findHeads(model, samples, { ...options, rules: [ruleNamed("last-token")] }),
      Error,
      "begun there with other settings (option rules)",
    );
    const other = plantedModel(await testKernels(), { seed: 2, layers: 2 });
    await assertRejects(
      () => findHeads(other.model, samples, options),
      Error,
      "begun there with other settings (weights)",
    );
    other.model.dispose();
    const edited = { ...rules[0], score: () => 1 }; // the same name, another function
    await assertRejects(
      () => findHeads(model, samples, { ...options, rules: [edited] }),
      Error,
      "begun there with other settings (option rules)",
    );
  });
});

Deno.test("a sample that cannot be scored is an error that names it; no samples, no rules too", async () => {
  await withModel(async ({ model }) => {
    const broken = { ...samples[1], spans: { ...samples[1].spans, evidence: [] } };
    await assertRejects(
      () => findHeads(model, [samples[0], broken]),
      Error,
      `Cannot score sample "${samples[1].id}": its evidence has no tokens`,
    );
    await assertRejects(() => findHeads(model, [samples[0], samples[0]]), Error, "twice");
    await assertRejects(() => findHeads(model, []), Error, "on 0 samples");
    await assertRejects(() => findHeads(model, samples, { rules: [] }), Error, "by 0 rules");
  });
});
