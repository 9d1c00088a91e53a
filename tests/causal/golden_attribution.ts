/**
 * Golden models and prompts, as the tests of attribution use them.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { AnswerSample } from "../../lib/causal/sweep.ts";
import type { TokenSpans } from "../../lib/inputs/token_spans.ts";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { goldenCase, goldenModel, testKernels } from "../suites/golden.ts";

/** A golden prompt with an answer of two tokens, whose last tokens are taken for its question. */
export async function goldenSample(family: string, name: string): Promise<AnswerSample> {
  const { inputs } = await goldenCase(family, name);
  const tokens = inputs.inputIds.length;
  const spans: TokenSpans = {
    ...{ system: [], visual: [[2, 3]], evidence: [], answer: [] },
    question: [[tokens - 6, tokens]],
  };
  return { id: `${family} ${name}`, inputs, spans, answerIds: Int32Array.of(7, 11) };
}

/** Runs a test of a model, and finds what it leaves behind. */
export async function withGolden(
  family: string,
  name: string,
  body: (model: Awaited<ReturnType<typeof goldenModel>>, sample: AnswerSample) => Promise<void>,
  kernels?: Kernels,
): Promise<void> {
  const k = kernels ?? await testKernels(), model = await goldenModel(family, k);
  const before = k.tensorCount();
  await body(model, await goldenSample(family, name));
  assertEquals(k.tensorCount(), before, "tensors left behind");
  model.dispose();
}
