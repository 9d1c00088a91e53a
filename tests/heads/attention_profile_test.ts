import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { attentionProfile } from "../../lib/heads/attention_profile.ts";
import type { HeadSample } from "../../lib/heads/scored_sample.ts";
import type { Hooks } from "../../lib/hooks/hook_point.ts";
import { tokensOf } from "../../lib/inputs/token_spans.ts";
import { positionsOf } from "../../lib/model/shared_prefix.ts";
import { goldenCase, goldenModel, relativeError, testKernels } from "../suites/golden.ts";
import { goldenSample } from "../suites/golden_samples.ts";
import { assertNear } from "../suites/near.ts";

const extras = ["argMax", "contextArgMax", "nullQuery"] as const;

Deno.test("profiles equal rows of transformers' attention maps, with and without a shared prefix", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const before = kernels.tensorCount();
  const sample = await goldenSample("qwen3_vl", "two_images");
  const golden = (await goldenCase("qwen3_vl", "two_images")).tensor("attentions");
  const [layers, heads, size] = golden.shape;
  const question = tokensOf(sample.spans.question), context = tokensOf(sample.spans.visual);
  const row = (map: number, i: number) =>
    golden.data.subarray((map * size + i) * size, (map * size + i + 1) * size);
  const maps = Array.from({ length: layers * heads }, (_, map) => map);
  const rows = (pick: (map: number) => ArrayLike<number>) =>
    Float32Array.from(maps.flatMap((map) => [...Array.from(pick(map))]));
  const mean = rows((map) =>
    Float64Array.from(
      { length: size },
      (_, j) => question.reduce((sum, i) => sum + row(map, i)[j], 0) / question.length,
    )
  );
  for (const asked of [[], extras]) {
    const profile = await attentionProfile(model, sample, { extras: asked });
    assertEquals(kernels.tensorCount(), before, "the pass left tensors behind");
    assertEquals(profile.shape, [layers, heads, size]);
    assertNear(profile.question, mean, 1e-5);
    const last = rows((map) => row(map, question.at(-1)!));
    assertNear(profile.lastQuestion, last, 1e-5);
    assertNear(profile.promptEnd, rows((map) => row(map, size - 1)), 1e-5);
    if (asked.length === 0) {
      assertEquals([profile.argMax, profile.contextArgMax, profile.nullQuery], [
        null,
        null,
        null,
      ]);
      continue;
    }
    const largest = (map: number, among: readonly number[]) =>
      question.map((i) =>
        among.reduce((best, j) => row(map, i)[j] > row(map, i)[best] ? j : best, among[0])
      );
    const everything = Array.from({ length: size }, (_, j) => j);
    assertEquals([...profile.argMax!], maps.flatMap((map) => largest(map, everything)));
    assertEquals([...profile.contextArgMax!], maps.flatMap((map) => largest(map, context)));
  }
  model.dispose();
});

Deno.test("the null query attends as in a prompt of its own", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenSample("qwen3_vl", "image");
  const [first] = sample.spans.question[0];
  const { nullQuery: ids } = sample;
  const { inputs } = sample;
  const tokens = inputs.inputIds.length;
  // the same words behind the same context, as an ordinary prompt
  const axes = inputs.positionIds.length / tokens;
  const start = positionsOf(inputs.positionIds, tokens, first, first + 1);
  const whole = first + ids!.length;
  const positionIds = new Int32Array(axes * whole);
  for (let axis = 0; axis < axes; axis++) {
    positionIds.set(
      positionsOf(inputs.positionIds, tokens, 0, first).subarray(axis * first, (axis + 1) * first),
      axis * whole,
    );
    ids!.forEach((_, i) => positionIds[axis * whole + first + i] = start[axis] + i);
  }
  const alone: HeadSample = {
    ...sample,
    inputs: {
      ...inputs,
      inputIds: Int32Array.from([...inputs.inputIds.subarray(0, first), ...ids!]),
      positionIds,
    },
    spans: { ...sample.spans, question: [[first, whole]] },
  };
  const both = await attentionProfile(model, sample, { extras: ["nullQuery"] });
  const own = await attentionProfile(model, alone);
  const heads = own.shape[0] * own.shape[1];
  for (let map = 0; map < heads; map++) {
    for (let j = 0; j < first; j++) {
      assertAlmostEquals(both.nullQuery![map * first + j], own.question[map * whole + j], 1e-6);
    }
  }
  model.dispose();
});

Deno.test("hooks act on the pass: with layer 0's values zeroed, later attention changes", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenSample("qwen3_vl", "image");
  const plain = await attentionProfile(model, sample);
  const hooks: Hooks = { "blocks.0.attn.z": { onTensor: (z, k) => k.scale(z, 0) } };
  for (const asked of [[], extras]) {
    const ablated = await attentionProfile(model, sample, { hooks, extras: asked });
    const layer = plain.question.length / plain.shape[0];
    const error = (l: number) =>
      relativeError(
        ablated.question.subarray(l * layer, (l + 1) * layer),
        plain.question.subarray(l * layer, (l + 1) * layer),
      );
    assert(error(0) < 1e-6 && error(1) > 1e-3);
  }
  model.dispose();
});

Deno.test("the contrast needs a null query, and evidence before the question", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const sample = await goldenSample("qwen3_vl", "image");
  const before = kernels.tensorCount();
  const contrast = (changed: HeadSample) =>
    attentionProfile(model, changed, { extras: ["nullQuery"] });
  await assertRejects(
    () => contrast({ ...sample, nullQuery: new Int32Array(0) }),
    Error,
    'Cannot contrast sample "qwen3_vl/image": it has no null query',
  );
  const [start, end] = sample.spans.question[0];
  const spans = {
    ...sample.spans,
    question: [[start, start + 1], [start + 3, end]] as const,
    evidence: [[start + 1, start + 2]] as const,
  };
  await assertRejects(
    () => contrast({ ...sample, spans }),
    Error,
    `its evidence token ${start + 1} does not stand before the question`,
  );
  await assertRejects(
    () => contrast({ ...sample, nullQuery: Int32Array.of(1 << 20) }),
    Error,
    "the vocabulary has ids",
  );
  assertEquals(kernels.tensorCount(), before, "a failed pass left tensors behind");
  model.dispose();
});

Deno.test("other questions in one batch attend as each by itself", async () => {
  const kernels = await testKernels();
  const model = await goldenModel("qwen3_vl", kernels);
  const { nullQuery: given, ...golden } = await goldenSample("qwen3_vl", "two_images");
  const questions = [[11, 12, 13, 14, 15], [...given!]].map((ids) => Int32Array.from(ids));
  const [nullQuery, unrelatedQuestion] = questions;
  const sample: HeadSample = { ...golden, nullQuery, unrelatedQuestion };
  const before = kernels.tensorCount();
  const names = ["nullQuery", "unrelatedQuestion"] as const;
  const batched = await attentionProfile(model, sample, { extras: names });
  assertEquals(kernels.tensorCount(), before, "the pass left tensors behind");
  for (const [i, name] of names.entries()) {
    const alone = await attentionProfile(model, { ...golden, nullQuery: questions[i] }, {
      extras: ["nullQuery"],
    });
    assertNear(batched[name]!, alone.nullQuery!, 1e-6);
    assertNear(batched.question, alone.question, 1e-6);
  }
  await assertRejects(
    () => attentionProfile(model, golden, { extras: ["nullQuery"] }),
    Error,
    "it has no null query",
  );
  model.dispose();
});
