import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { headScores } from "../../lib/heads/head_scores.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { readSteeredHeads, steerHeads } from "../../lib/experiments/steer_heads.ts";
import type { SteerSample } from "../../lib/experiments/steer_samples.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample, symbols, token } from "../../lab/planted/planted_world.ts";
import { headIndex } from "../../lib/common/head_id.ts";
import { testKernels } from "../suites/golden.ts";

/** A planted sample whose targets are the other keys' cells with another value. */
function steerable(index: number): SteerSample {
  const sample = plantedSample(1, index);
  const { data } = sample.inputs.media["pixel_values"];
  const channels = 2 * symbols + 1, [right] = sample.answerIds;
  const says = (id: number) => (tokenIds: readonly number[]) => tokenIds[0] === id;
  const targets = tokensOf(sample.foilSpans).map((at) => {
    const cell = (at - 1) * channels + symbols;
    const value = Array.from({ length: symbols }, (_, v) => v).find((v) => data[cell + v] === 1)!;
    return { tokens: [at], answer: token.value + value };
  }).filter(({ answer }) => answer !== right);
  return {
    ...sample,
    maxNewTokens: 1,
    judge: says(right),
    targets: targets.map(({ tokens, answer }) => ({ tokens, judge: says(answer) })),
  };
}

Deno.test("planted retrieval heads lead the answer to where they are steered, others do not", async () => {
  const kernels = await testKernels();
  const { model, retrievalHeads } = plantedModel(kernels, { seed: 1 });
  const samples = Array.from({ length: 12 }, (_, i) => steerable(i));
  const { layers, heads } = model.grid;
  const map = new Float32Array(layers * heads);
  for (const head of retrievalHeads) map[headIndex(head, heads)] = 1;
  const scores = headScores("planted", model.grid, [{ id: "a", domain: "planted", map }]);
  const before = kernels.tensorCount();
  const options = {
    fraction: retrievalHeads.length / (layers * heads),
    biases: [0, 60],
    draws: 3,
    conditions: ["core", "random", "layer-matched"],
    bootstrapDraws: 100,
  } as const;
  const folder = await Deno.makeTempDir();
  const rows = await steerHeads(model, samples, scores, { ...options, folder });
  assertEquals(kernels.tensorCount(), before, "steering left tensors behind");
  const of = (condition: string, bias: number) =>
    rows.find((row) => row.condition === condition && row.bias === bias)!;
  assertEquals([of("none", 0).followed, of("none", 0).stayed], [0, 1]);
  assertEquals([of("core", 0).followed, of("core", 0).stayed], [0, 1]);
  assertEquals([of("core", 60).followed, of("core", 60).stayed], [1, 0]);
  for (const control of ["random", "layer-matched"]) {
    const { followed, coreExcess, coreExcessCi95, draws } = of(control, 60);
    assert(followed < 0.2);
    assertEquals(coreExcess, 1 - followed);
    assert(coreExcessCi95![0] > 0.5 && draws > 1);
  }
  const read = await readSteeredHeads(folder); // numbers of records are rounded
  assertEquals(
    read.map(({ condition, bias }) => [condition, bias]),
    rows.map(({ condition, bias }) => [condition, bias]),
  );
  read.forEach((row, i) => assertAlmostEquals(row.followed, rows[i].followed, 1e-6));
  const again = await steerHeads(model, samples, scores, { ...options, folder });
  assertEquals(again, rows); // read, not run again
  await Deno.remove(folder, { recursive: true });
  const onlyDecoding = await steerHeads(model, samples.slice(0, 3), scores, {
    ...options,
    during: "decode",
    conditions: ["core"],
  });
  assertEquals(onlyDecoding.map(({ stayed }) => stayed), [1, 1, 1]); // the answer is the first token
  for (const [wrong, message] of [[[], "(none)"], [[1, 1], "1, 1"], [[NaN], "NaN"]] as const) {
    await assertRejects(
      () => steerHeads(model, samples, scores, { ...options, biases: wrong }),
      InputError,
      message,
    );
  }
  model.dispose();
});
