/**
 * Times of prefill under two attention functions, side by side.
 *
 * @module
 */
import type { PretrainedModel } from "../families/pretrained.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { type AttentionFunction, denseAttention } from "../nn/attention.ts";
import type { Random } from "../stats/random.ts";

/** Milliseconds of one prefill, the last row of the residual stream read back. */
async function timePrefill(
  { network }: PretrainedModel,
  prompt: PreparedPrompt,
  attention: AttentionFunction,
): Promise<number> {
  const k = network.kernels;
  const start = performance.now();
  const last = k.scope(() => {
    const residual = network.prefill(prompt, { attention });
    return k.slice(residual, [0, residual.shape[1] - 1, 0], [-1, 1, -1]);
  });
  await k.read(last);
  k.dispose(last);
  return performance.now() - start;
}

/** Times of two attention functions in interleaved rounds, in random order within a round. */
export async function interleaved(
  model: PretrainedModel,
  prompt: PreparedPrompt,
  sparse: AttentionFunction,
  rounds: number,
  random: Random,
): Promise<{ denseMs: number[]; sparseMs: number[] }> {
  const denseMs: number[] = [], sparseMs: number[] = [];
  await timePrefill(model, prompt, denseAttention); // one of each to warm up
  await timePrefill(model, prompt, sparse);
  for (let round = 0; round < rounds; round++) {
    const denseFirst = random.uniform() < 0.5;
    if (denseFirst) denseMs.push(await timePrefill(model, prompt, denseAttention));
    sparseMs.push(await timePrefill(model, prompt, sparse));
    if (!denseFirst) denseMs.push(await timePrefill(model, prompt, denseAttention));
  }
  return { denseMs, sparseMs };
}
