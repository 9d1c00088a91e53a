/**
 * Adapters learn to read what a projector makes of photographs, from answers about albums. The vision network and the
 * projector stay as they are.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { Random } from "../../lib/stats/random.ts";
import { DecoderAdapters } from "./decoder_adapters.ts";
import { Optimiser } from "./optimiser.ts";
import type { NamedOutputs } from "./projector_folds.ts";
import { drawnAlbum, validationLoss } from "./projector_through.ts";
import { type AnsweredPrompt, ThroughDecoder } from "./through_decoder.ts";
import { runValidated, type ValidatedRun } from "./validated_run.ts";
import { WeightVariables } from "./weight_variables.ts";

/** A prompt with what enters the decoder for its images. */
interface ShownPrompt extends AnsweredPrompt {
  /** `[visual tokens, D]`. */
  readonly shown: tf.Tensor2D;
}

/** What albums are drawn from, and how often. */
export interface AlbumSource {
  readonly outputs: NamedOutputs;
  /** Share of the albums. */
  readonly share: number;
}

/** How adapters are trained. */
export interface AdapterRun extends Omit<ValidatedRun, "warmUp"> {
  /** Rank of what is added to each matrix. */
  readonly rank: number;
  /** Pictures of an album. */
  readonly pictures: number;
  /** Places of each picture that are shown in a step of training, drawn anew: what is learnt of few holds for all. */
  readonly places: number;
  /** Albums of a validation. */
  readonly albums: number;
  readonly seed: number;
  /** Told every step: the mean loss of the answers in nats. */
  readonly onStep?: (step: number, loss: number) => void;
}

/** Rate of AdamW: what is usual for adapters of a small rank. */
const rates = { muonRate: 0, adamRate: 1e-3, adamDecay: 0, betas: [0.9, 0.99] as const };

/** The source that a number from 0 to 1 falls on. */
function drawnSource(sources: readonly AlbumSource[], at: number): NamedOutputs {
  let left = at * sources.reduce((sum, { share }) => sum + share, 0);
  for (const { outputs, share } of sources) if ((left -= share) < 0) return outputs;
  return sources.at(-1)!.outputs;
}

/**
 * Trains adapters, or goes on; they are left as they were best on the validation's views, or as they are at the end.
 *
 * @param names of the words in the outputs
 * @param sources what is trained on
 * @param validation what is judged by, if anything is kept for it
 * @returns the adapters, the caller's
 */
export async function trainAdapters(
  model: PretrainedModel,
  names: readonly string[],
  sources: readonly AlbumSource[],
  validation: NamedOutputs | null,
  run: AdapterRun,
): Promise<DecoderAdapters> {
  const random = new Random(`adapters ${run.seed}`);
  const adapters = new DecoderAdapters(model.network, run.rank, random.fork(0));
  const through = new ThroughDecoder<ShownPrompt>(
    model.network,
    { parameters: new WeightVariables(() => false), features: ({ shown }) => tf.clone(shown) },
    adapters,
  );
  const draw = async (from: NamedOutputs, places: number, own: Random): Promise<ShownPrompt> => {
    const { pictures } = run;
    const shape = { pictures, places, choosing: true };
    const { views, prompt } = await drawnAlbum(model, from, names, shape, own);
    return { ...prompt, shown: somePlaces(from, views, places, own) };
  };
  const validate = validation === null
    ? undefined
    : () =>
      validationLoss(run.albums, async (own) => {
        const prompt = await draw(validation, validation.cells, own);
        const losses = await through.losses(prompt);
        prompt.shown.dispose();
        return losses;
      });
  const gradients = async (step: number) => {
    const own = random.fork(step + 1);
    const prompt = await draw(drawnSource(sources, own.uniform()), run.places, own);
    const { loss, gradients } = await through.gradients(prompt);
    prompt.shown.dispose();
    run.onStep?.(step, loss);
    return gradients;
  };
  const optimiser = new Optimiser(adapters.parameters(), { ...rates, clipNorm: 1 });
  await runValidated(
    { variables: adapters, optimiser, gradients, validate },
    { ...run, warmUp: 10 },
  );
  return adapters;
}

/** Outputs at some places of each view, in their order, `[views * places, D]`; the caller's. */
function somePlaces(
  { data, cells, channels }: NamedOutputs,
  views: Int32Array,
  places: number,
  random: Random,
): tf.Tensor2D {
  const rows = new Float32Array(views.length * places * channels);
  views.forEach((view, n) => {
    const chosen = Array.from(random.permutation(cells)).slice(0, places).sort((a, b) => a - b);
    chosen.forEach((cell, i) => {
      const from = (view * cells + cell) * channels;
      rows.set(data.subarray(from, from + channels), (n * places + i) * channels);
    });
  });
  return tf.tensor2d(rows, [views.length * places, channels]);
}
