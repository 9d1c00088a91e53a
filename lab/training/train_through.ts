/**
 * The short phase through the language model: a vision tower that was aligned to captions learns from the answers'
 * loss on pages of photographs.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { blockGrids } from "../pages/photograph_page.ts";
import { listedCaptions, photographSample } from "../pages/photograph_samples.ts";
import type { Photograph } from "../pages/photographs.ts";
import { withAnswer } from "../../lib/causal/sweep.ts";
import { breather } from "../../lib/common/notebook.ts";
import { promptedSample } from "../../lib/experiments/samples.ts";
import { loadCheckpoint, saveCheckpoint } from "./checkpoints.ts";
import { Optimiser } from "./optimiser.ts";
import { rateAt } from "./schedule.ts";
import {
  type AnsweredPrompt,
  imageTowerInTraining,
  meanGradients,
  ThroughDecoder,
} from "./through_decoder.ts";
import type { WeightVariables } from "./weight_variables.ts";

/** How the phase is run. */
export interface ThroughRun {
  /** File for the state: an interrupted run goes on from it. */
  readonly checkpoint: string;
  readonly steps: number;
  /** Prompts of a step. */
  readonly prompts: number;
  /** Steps between two savings. */
  readonly saveEvery: number;
  /** Told every step: its mean loss in nats for each token of an answer. */
  readonly onStep?: (step: number, loss: number) => void;
  /** Stops after the current step. */
  readonly signal?: AbortSignal;
}

/** Rates of Muon and AdamW: a fifth of the alignment's, since the tower is to be moved, not learnt anew. */
const rates = { muonRate: 2e-3, adamRate: 1.4e-4 };

/** Asks for the captions of the whole page: every name is an answer of one prompt. */
export const listQuestion = "List the photographs.";

/**
 * A prompt to learn from: of three, two list all captions, and one asks for the letter of a name.
 *
 * @param seed which
 */
export async function photographPrompt(
  model: PretrainedModel,
  photographs: readonly Photograph[],
  seed: number,
): Promise<AnsweredPrompt> {
  const question = seed % 3 === 2 ? "which" as const : "what" as const;
  const grid = blockGrids[Math.floor(seed / 3) % blockGrids.length];
  const { sample, names, begun, candidates, asked } = photographSample(seed, photographs, {
    ...{ question, grid, split: "train", set: "through the decoder" },
  });
  const listed = question === "what";
  const asks = listed ? { ...sample, question: listQuestion } : sample;
  const { id, inputs, spans } = await promptedSample(model, asks);
  const ids = (text: string) => model.processor.tokenizer.encode(text, { addSpecialTokens: false });
  if (listed) {
    const answerIds = Int32Array.from(ids(listedCaptions(names)));
    return { inputs: withAnswer({ id, inputs, spans, answerIds }), answerIds };
  }
  const answerIds = Int32Array.from([...ids(begun), ...ids(candidates[asked])]);
  const prompt = withAnswer({ id, inputs, spans, answerIds });
  return { inputs: prompt, answerIds: answerIds.slice(-1) };
}

/** Trains a tower through a model's decoder, or goes on training. */
export async function trainThrough(
  model: PretrainedModel,
  parameters: WeightVariables,
  scale: number,
  photographs: readonly Photograph[],
  { checkpoint, steps, prompts, saveEvery, onStep, signal }: ThroughRun,
): Promise<void> {
  const tower = imageTowerInTraining(model.network, parameters, scale);
  const through = new ThroughDecoder(model.network, tower);
  const optimiser = new Optimiser(parameters.parameters(), {
    ...{ ...rates, adamDecay: 0, muonDecay: 0, betas: [0.9, 0.99], clipNorm: 1 },
  });
  let step = 0;
  if (await Deno.stat(checkpoint).then(() => true, () => false)) {
    step = (await loadCheckpoint(checkpoint, parameters, optimiser)).step as number;
  }
  const warmUp = Math.min(3, steps);
  const schedule = { warmUp, holdUntil: warmUp, end: steps, floor: 0.1 };
  const breathe = breather();
  while (step < steps && !signal?.aborted) {
    const found = [];
    for (let i = 0; i < prompts; i++) {
      const prompt = await photographPrompt(model, photographs, step * prompts + i);
      found.push(await through.gradients(prompt));
    }
    const gradients = meanGradients(found.map((own) => own.gradients));
    optimiser.step(gradients, rateAt(schedule, step));
    tf.dispose(gradients as unknown as tf.TensorContainer);
    onStep?.(step, found.reduce((sum, { loss }) => sum + loss, 0) / prompts);
    step++;
    await breathe();
    if (step % saveEvery === 0 || step === steps || signal?.aborted) {
      await saveCheckpoint(checkpoint, parameters, optimiser, { step });
    }
  }
  optimiser.dispose();
}
