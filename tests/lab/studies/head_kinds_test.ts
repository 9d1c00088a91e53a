import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { findHeads } from "../../../lib/experiments/find_heads.ts";
import { ruleNamed } from "../../../lib/heads/scoring_rules.ts";
import { rivalScores } from "../../../lib/heads/rival_scores.ts";
import { headName } from "../../../lib/common/head_id.ts";
import { plantedModel, plantedWords } from "../../../lab/planted/planted.ts";
import { plantedSample } from "../../../lab/planted/planted_world.ts";
import { headKinds, kindsOfScores, readHeadKinds } from "../../../lab/studies/head_kinds.ts";
import { ownersIn, pageOwners, textOwners } from "../../../lab/studies/owner_samples.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { ownerRules } from "../../../tools/study_owners.ts";
import { testKernels } from "../../suites/golden.ts";

const rules = ownerRules.map((rule) => ruleNamed(rule));

Deno.test("planted: retrieval heads bear the answer and its loss, induction heads do not", async () => {
  const kernels = await testKernels();
  const planted = plantedModel(kernels, { seed: 3, retrievalHeads: 1, inductionHeads: 2 });
  const { model, retrievalHeads, inductionHeads } = planted;
  const samples = Array.from({ length: 12 }, (_, i) => plantedSample(3, i));
  const rivals = await rivalScores(model, plantedWords);
  const scores = { ...await findHeads(model, samples, { rules }), rivals };
  const lazy = samples.slice(0, 4).map((sample) => ({
    ...{ id: sample.id, domain: sample.domain },
    load: () => Promise.resolve(sample),
    digest: () => Promise.resolve(sample.id),
  }));
  const folder = await Deno.makeTempDir();
  const about = { name: "planted", data: "planted" };
  await headKinds({ model, scores, samples: lazy, ...about }, { folder });
  const { rows, retrievalHeads: named, right, samples: counts, agreement } = await readHeadKinds(
    folder,
  );
  assertEquals(named.toSorted(), retrievalHeads.map(headName).toSorted());
  assertEquals([right, counts], [4, { scores: 12, effects: 4 }]);
  const alone = kindsOfScores(scores);
  assertEquals(alone.rows.map(({ kind }) => kind), rows.map(({ kind }) => kind));
  assertEquals([alone.rows[0].effect, alone.samples.effects, alone.agreement.names.length], [
    undefined,
    0,
    4,
  ]);
  const rowOf = new Map(rows.map((row) => [headName(row), row]));
  for (const row of rows) assertAlmostEquals(row.calibrated, row.ram - row.nullRam, 1e-5);
  for (const id of retrievalHeads.map(headName)) {
    const { kind, attribution, effect, selectivity, chance, valueWeighted } = rowOf.get(id)!;
    assertEquals(kind, "retrieval");
    assert(
      attribution! > 5 && effect! > 0.5 && selectivity > 0.9 && chance < 0.2 && valueWeighted > 0,
    );
  }
  for (const id of inductionHeads.map(headName)) {
    const { kind, induction, calibrated } = rowOf.get(id)!;
    assert(kind === "induction" && induction > 0.9 && Math.abs(calibrated) < 0.05, id);
  }
  const largest = Math.max(...rows.map(({ effect }) => effect!));
  assert(retrievalHeads.some((id) => rowOf.get(headName(id))!.effect === largest));
  assertEquals(agreement.names.length, 6);
  await Deno.remove(folder, { recursive: true });
  await assertRejects(
    () =>
      headKinds({
        model,
        scores: { ...scores, rules: [scores.rules[0]] },
        samples: lazy,
        ...about,
      }),
    InputError,
    "no scores by the rule",
  );
  await assertRejects(
    () => headKinds({ model, scores: { ...scores, rivals: {} }, samples: lazy, ...about }),
    InputError,
    "no induction scores",
  );
  model.dispose();
});

Deno.test("owner samples: the wrong name is another owner's, in texts and on pages", async () => {
  assertEquals(ownersIn("The owner of the map is Tom. The owner of the kite is Anna ."), [
    "Tom",
    "Anna",
  ]);
  using model = await fromPretrained("tests/golden/gguf/tiny-llama.gguf", { dtype: "float32" });
  for (const lazy of textOwners(model, 8, 2).answered("test", 4)) {
    const { answerIds, against, inputs } = await lazy.load();
    assert(against !== answerIds[0]);
    if (against !== undefined) assert([...inputs.inputIds].includes(against)); // it stands there
  }
  const pages = pageOwners(model, 3, 1);
  assertEquals(pages.scored("test", 2).map(({ domain }) => domain), [
    "document-needles-3",
    "scene-needles-3",
  ]);
});
