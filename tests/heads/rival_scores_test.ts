import { assert, assertEquals, assertRejects } from "@std/assert";
import { plantedModel, plantedWords } from "../../lab/planted/planted.ts";
import { headProfile, rivalNames, rivalScores } from "../../lib/heads/rival_scores.ts";
import { goldenModel, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("planted induction, previous-token and first-token heads are told apart", async () => {
  const kernels = await testKernels();
  for (let seed = 0; seed < 8; seed++) {
    const planted = plantedModel(kernels, { seed, inductionHeads: 2, layers: 3 });
    const before = kernels.tensorCount();
    const rows = await headProfile(planted.model, {
      ...plantedWords,
      retrievalHeads: planted.retrievalHeads,
    });
    assertEquals(kernels.tensorCount(), before);
    rows.forEach(({ kind, both }, i) => {
      const role = planted.roles[i];
      if (role === "induction" || role === "previous" || role === "retrieval") {
        assertEquals(kind, role, `seed ${seed}, head ${i}`);
      } else if (role === "first") assertEquals(kind, "sink");
      else assert(kind !== "induction" && kind !== "retrieval", `seed ${seed}: ${role} ${kind}`);
      assertEquals(both, false);
    });
    planted.model.dispose();
  }
});

Deno.test("on a checkpoint the scores are those of the whole pattern", async () => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const options = { tokens: [3, 5, 7, 9, 11, 13], first: 2, sequences: 1, seed: 3 };
  const rivals = await rivalScores(model, options);
  const { layers, heads } = model.grid;
  // the same sequence again, found by its property: any order of the tokens, said twice
  const seen: number[][] = [];
  const embed = model.decoder.embed.bind(model.decoder);
  model.decoder.embed = (ids) => {
    seen.push([...ids]);
    return embed(ids);
  };
  await rivalScores(model, options);
  model.decoder.embed = embed;
  const [ids] = seen, R = 6, size = ids.length;
  assertEquals([ids[0], ids.slice(1, 7)], [2, ids.slice(7)]);
  const { captured } = await model.forward({
    inputIds: Int32Array.from(ids),
    positionIds: Int32Array.from({ length: 3 * size }, (_, i) => i % size),
    nextPosition: size,
    media: {},
  }, { capture: { names: ["blocks.*.attn.pattern"] } });
  const mean = (pick: (i: number, row: Float32Array) => number) =>
    Float32Array.from({ length: layers * heads }, (_, map) => {
      const [{ data }] = captured.get(`blocks.${Math.floor(map / heads)}.attn.pattern`)!;
      let sum = 0;
      for (let i = 1 + R; i < size; i++) {
        const at = (map % heads * size + i) * size;
        sum += pick(i, data.subarray(at, at + size)) / R;
      }
      return sum;
    });
  assertNear(rivals.induction, mean((i, row) => row[i - R + 1]), 1e-5);
  assertNear(rivals.duplicate, mean((i, row) => row[i - R]), 1e-5);
  assertNear(rivals.previous, mean((i, row) => row[i - 1]), 1e-5);
  assertNear(rivals.sink, mean((_, row) => row[0]), 1e-5);
  const back = mean((i, row) => row.reduce((sum, p, j) => sum + p * (i - j) / i, 0));
  assertNear(rivals.distance, back, 1e-5);
  for (const name of rivalNames) {
    assert(rivals[name].every((value) => value >= 0 && value <= 1.001));
  }
  await assertRejects(() => rivalScores(model, { tokens: [1] }), Error, "at least 2");
  await assertRejects(() => headProfile(model, { scores: { ram: [1] } }), Error, "1 values");
  model.dispose();
});
