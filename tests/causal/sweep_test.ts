import { interventions } from "../../lib/causal/interventions/registry.ts";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { type Variant, zeroHeads } from "../../lib/causal/head_mask.ts";
import { intervene } from "../../lib/causal/intervene.ts";
import {
  type AnswerSample,
  batchSize,
  type Scope,
  scopeStart,
  sweep,
  withAnswer,
} from "../../lib/causal/sweep.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample, token } from "../../lab/planted/planted_world.ts";
import { InputError } from "../../lib/common/errors.ts";
import { allHeads, type HeadId } from "../../lib/common/head_id.ts";
import { otherHeads } from "../../lib/heads/select.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";

/** A golden prompt whose answer is transformers' greedy continuation. */
async function goldenAnswer(name: string, tokens = 4): Promise<AnswerSample> {
  const { json } = await goldenCase("qwen3_vl", name);
  const ids = (json["generated_ids"] as number[]).slice(0, tokens);
  return { ...await goldenSample("qwen3_vl", name), answerIds: Int32Array.from(ids) };
}

/** One whole run for one variant: the right answer's log-probability, and the likeliest tokens. */
async function wholeRun(
  model: VisionLanguageModel,
  sample: AnswerSample,
  variant: Variant,
  scope: Scope,
) {
  const attention = intervene(model, [variant], {
    inputIds: sample.inputs.inputIds,
    spans: sample.spans,
  }, {
    from: scopeStart(sample, scope),
  });
  const result = await model.forward(withAnswer(sample), { attention, logits: "all" });
  const { data, shape: [rows, vocabulary] } = result.logits!;
  const places = sample.answerIds.length;
  const likeliest: number[] = [];
  let logProb = 0;
  for (let i = 0; i < places; i++) {
    const start = (rows - places + i) * vocabulary;
    const row = data.subarray(start, start + vocabulary);
    const largest = Math.max(...row);
    let sum = 0;
    for (const value of row) sum += Math.exp(value - largest);
    logProb += row[sample.answerIds[i]] - largest - Math.log(sum);
    likeliest.push(row.indexOf(largest));
  }
  return { logProb, likeliest };
}

const grid = { layers: 4, heads: 4 };
const some = (...ids: [number, number][]): HeadId[] =>
  ids.map(([layer, head]) => ({ layer, head }));
const variants: Variant[] = [
  zeroHeads(some([3, 0], [3, 1])),
  [],
  zeroHeads(some([0, 1], [2, 2])),
  zeroHeads(some([2, 0])),
  [{ heads: some([1, 1], [2, 3]), intervention: interventions.uniform() }],
  zeroHeads([]),
  zeroHeads(allHeads(grid)),
  [{ heads: some([1, 0], [3, 3]), intervention: interventions.knockOut("visual") }],
  [{ heads: some([2, 1], [2, 3]), intervention: interventions.steer([1, 4, 5], 2) }],
  [{ heads: some([1, 2]), intervention: interventions.scale(-1), during: "decode" }],
];

Deno.test("a sweep equals one whole run per variant, in both scopes and any batches", async (t) => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const before = kernels.tensorCount();
  for (const name of ["image", "two_images"]) {
    const sample = await goldenAnswer(name);
    for (const scope of ["answer", "all"] as const) {
      const wanted: Awaited<ReturnType<typeof wholeRun>>[] = [];
      for (const variant of variants) wanted.push(await wholeRun(model, sample, variant, scope));
      for (const batchRows of [1, 100, 2048]) {
        await t.step(`${name}, scope ${scope}, at most ${batchRows} rows`, async () => {
          const found = await sweep(model, sample, variants, { scope, batchRows });
          assertEquals(kernels.tensorCount(), before, "the sweep left tensors behind");
          found.forEach((outcome, i) => {
            assertAlmostEquals(outcome.logProb, wanted[i].logProb, 2e-4);
            assertEquals(outcome.likeliest, wanted[i].likeliest);
            const sum = outcome.tokenLogProbs.reduce((a, b) => a + b, 0);
            assertAlmostEquals(sum, outcome.logProb, 1e-9);
          });
        });
      }
    }
  }
  model.dispose();
});

Deno.test("the unchanged model finds transformers' greedy continuation right, and no other", async () => {
  const model = await goldenModel("qwen3_vl", await testKernels());
  const sample = await goldenAnswer("image", 6);
  const [right] = await sweep(model, sample, [[]]);
  assert(right.correct);
  assertEquals(right.likeliest, [...sample.answerIds]);
  const answerIds = sample.answerIds.slice();
  answerIds[5] = (answerIds[5] + 1) % 600;
  const [wrong] = await sweep(model, { ...sample, answerIds }, [[]]);
  assert(!wrong.correct && wrong.logProb < right.logProb);
  assertEquals(await sweep(model, sample, []), []);
  model.dispose();
});

Deno.test("without the planted heads the answer is lost, with only them it stays", async () => {
  const { model, retrievalHeads } = plantedModel(await testKernels(), { seed: 8 });
  const planted = { layers: 4, heads: 8 };
  const others = otherHeads(retrievalHeads, planted);
  const draws = [0, 1, 2].map((draw) => others.filter((_, i) => i % 7 === draw));
  let lost = 0;
  for (let i = 0; i < 10; i++) {
    for (const scope of ["answer", "all"] as const) {
      const [whole, without, only, ...control] = await sweep(
        model,
        plantedSample(8, i),
        [[], zeroHeads(retrievalHeads), zeroHeads(others), ...draws.map(zeroHeads)],
        { scope },
      );
      assert(whole.correct && only.correct && control.every(({ correct }) => correct));
      assert(without.logProb < whole.logProb - 1);
      if (!without.correct) lost++;
    }
  }
  assert(lost >= 12, `${lost} of 20 answers lost`);
  model.dispose();
});

Deno.test("the answer's tokens follow the prompt, positions go on from it", () => {
  const sample: AnswerSample = {
    id: "s",
    inputs: {
      inputIds: Int32Array.of(5, 6, 7),
      positionIds: Int32Array.of(0, 1, 2, 0, 3, 4),
      nextPosition: 9,
      media: {},
    },
    spans: { system: [], visual: [], evidence: [], question: [[1, 2]], answer: [] },
    answerIds: Int32Array.of(20, 21, 22),
  };
  const { inputIds, positionIds, nextPosition } = withAnswer(sample);
  assertEquals([...inputIds], [5, 6, 7, 20, 21]);
  assertEquals([...positionIds], [0, 1, 2, 9, 10, 0, 3, 4, 9, 10]);
  assertEquals(nextPosition, 11);
  assertEquals(withAnswer({ ...sample, answerIds: Int32Array.of(20) }), sample.inputs);
  assertEquals([scopeStart(sample, "answer"), scopeStart(sample, "all")], [1, 0]);
});

Deno.test("batches stay within their bounds, and hold at least one variant", async () => {
  const { model } = plantedModel(await testKernels(), { seed: 1 });
  const size = fc.integer({ min: 1, max: 100_000 });
  fc.assert(fc.property(size, size, fc.integer({ min: 1, max: 50 }), (rows, keys, answers) => {
    const most = batchSize(model, rows, keys, answers);
    assert(Number.isInteger(most) && most >= 1);
    if (most > 1) {
      assert(most * rows <= 2048);
      assert(most * 8 * Math.min(rows, 256) * keys <= 2 ** 24);
      assert(most * answers * 20 <= 2 ** 24);
    }
  }));
  model.dispose();
});

Deno.test("what cannot be swept is an error that names it, and leaves nothing behind", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenAnswer("image");
  const before = kernels.tensorCount();
  const wrong = (changed: Partial<AnswerSample>, all: Variant[], message: string) =>
    assertRejects(() => sweep(model, { ...sample, ...changed }, all), Error, message);
  const noQuestion = { spans: { ...sample.spans, question: [] } };
  await wrong(noQuestion, [[]], 'Cannot ablate sample "qwen3_vl/image" from the question on');
  await wrong({ answerIds: new Int32Array(0) }, [[]], "its answer has no tokens");
  await wrong({ answerIds: Int32Array.of(1 << 20, 1) }, [[]], "the vocabulary has ids");
  await wrong({}, [zeroHeads(some([4, 0]))], "Cannot ablate head L4H0");
  const broken = kernels.scale(model.decoder.weights.get("norm.weight"), NaN);
  model.decoder.weights.tensors.set("norm.weight", broken);
  await wrong({}, [[]], 'sample "qwen3_vl/image": the answer\'s probability is not a number');
  kernels.dispose(broken);
  assertEquals(kernels.tensorCount(), before);
  model.dispose();
});

Deno.test("tokens that are watched have the log-probability of an answer that begins with them", async () => {
  const kernels = await testKernels(),
    { model, retrievalHeads } = plantedModel(kernels, { seed: 1 });
  const sample = plantedSample(1, 0), watched = [token.value, token.value + 3];
  const variants = [[], zeroHeads(retrievalHeads), zeroHeads(retrievalHeads.slice(0, 1))];
  const found = await sweep(model, sample, variants, { watched });
  for (const [i, id] of watched.entries()) {
    const asked = { ...sample, answerIds: Int32Array.of(id) };
    const alone = await sweep(model, asked, variants);
    found.forEach((outcome, row) =>
      assertAlmostEquals(outcome.watched![i], alone[row].logProb, 1e-5)
    );
  }
  const [plain] = await sweep(model, sample, variants);
  assertEquals(plain.watched, undefined);
  await assertRejects(
    () => sweep(model, sample, variants, { watched: [999] }),
    InputError,
    "Cannot watch token 999",
  );
  model.dispose();
});
