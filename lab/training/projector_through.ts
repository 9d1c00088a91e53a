/**
 * The second phase of a projector: it learns from a language model's answers about albums, while the alignment to names
 * goes on beside it. The vision network and the language model stay as they are.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { Random } from "../../lib/stats/random.ts";
import { albumPrompt, type AlbumPromptOptions, albumTurns } from "./album_prompts.ts";
import { type Gradients, Optimiser } from "./optimiser.ts";
import type { AlignmentBatch, ProjectorInTraining } from "./projector.ts";
import type { NamedFeatures } from "./projector_variables.ts";
import { type AnsweredPrompt, ThroughDecoder } from "./through_decoder.ts";
import { runValidated, type ValidatedRun } from "./validated_run.ts";

/** A prompt with the normalised features of its images. */
export interface FeaturedPrompt extends AnsweredPrompt {
  /** `[visual tokens * channels]`. */
  readonly rows: Float32Array;
}

/** How the phase is run. */
export interface ThroughRun extends Omit<ValidatedRun, "warmUp"> {
  /** Pictures of an album. */
  readonly pictures: number;
  /** What is aligned in the same step. */
  readonly alignment: AlignmentBatch;
  /** Albums of a validation. */
  readonly albums: number;
  readonly seed: number;
  /** Told every step: the mean loss of the answers in nats, and lengths of the two gradients. */
  readonly onStep?: (
    step: number,
    report: { readonly loss: number; readonly answers: number; readonly names: number },
  ) => void;
}

/** Rate of AdamW, less than the alignment's: the projector is to be moved, not learnt anew. */
const rates = { muonRate: 0, adamRate: 2.5e-4, adamDecay: 0.05, betas: [0.9, 0.99] as const };
/** Share of its channels that a picture does without: what is left is less sure, as what was never seen is. */
const lost = 0.3;

/** Length of a gradient over all weights. */
const lengthOf = (gradients: Gradients) =>
  Math.hypot(...Object.values(gradients).map((own) => tf.tidy(() => tf.norm(own).dataSync()[0])));

/** Part of a gradient that is made no longer than 1, so that neither of two drowns the other. */
const atMostOne = (part: tf.Tensor, length: number) => tf.div(part, Math.max(1, length));

/** A drawn album: the view of each picture, no two of one name. */
export function albumViews(
  { words }: Pick<NamedFeatures, "words">,
  pictures: number,
  random: Random,
): Int32Array {
  const chosen: number[] = [], taken = new Set<number>();
  while (chosen.length < pictures) {
    const view = random.integer(words.length);
    if (taken.has(words[view])) continue;
    taken.add(words[view]);
    chosen.push(view);
  }
  return Int32Array.from(chosen);
}

/**
 * A drawn album: its views, and a conversation about them whose images are yet to be filled.
 *
 * @param features what views are drawn from
 * @param names of the words in the features
 */
export async function drawnAlbum(
  model: PretrainedModel,
  features: Pick<NamedFeatures, "words">,
  names: readonly string[],
  { pictures, places, choosing }: { readonly pictures: number } & AlbumPromptOptions,
  random: Random,
): Promise<{ readonly views: Int32Array; readonly prompt: AnsweredPrompt }> {
  const views = albumViews(features, pictures, random);
  const shown = Array.from(views, (view) => names[features.words[view]]);
  const prompt = await albumPrompt(model, pictures, albumTurns(shown, random), {
    places,
    choosing,
  });
  return { views, prompt };
}

/** Mean loss of the answers about some albums, which are the same at every call. */
export async function validationLoss(
  albums: number,
  lossesOf: (random: Random) => Promise<number[]>,
): Promise<number> {
  const losses: number[] = [];
  for (let i = 0; i < albums; i++) {
    losses.push(...await lossesOf(new Random(`validation ${i} of albums`)));
  }
  return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
}

/** Trains a projector through a model's decoder, or goes on; it is left as it was best on the validation's views. */
export async function trainProjectorThrough(
  model: PretrainedModel,
  projector: ProjectorInTraining,
  names: readonly string[],
  validation: NamedFeatures,
  run: ThroughRun,
): Promise<void> {
  const { variables } = projector;
  const through = new ThroughDecoder<FeaturedPrompt>(model.network, {
    parameters: variables,
    features: ({ rows }) => projector.features(rows),
  });
  const draw = async (features: NamedFeatures, share: number, random: Random) => {
    const { views, prompt } = await drawnAlbum(model, features, names, run, random);
    return { ...prompt, rows: projector.rows(views, { of: features, lost: share, random }) };
  };
  const validate = () =>
    validationLoss(
      run.albums,
      async (random) => through.losses(await draw(validation, 0, random)),
    );
  const random = new Random(`albums through the decoder ${run.seed}`);
  const gradients = async (step: number) => {
    const own = random.fork(step);
    const { loss, gradients } = await through.gradients(
      await draw(projector.views, lost, own.fork(0)),
    );
    const aligned = projector.align(run.alignment, own.fork(1)).gradients;
    const [answers, nouns] = [lengthOf(gradients), lengthOf(aligned)];
    const sum = tf.tidy(() =>
      Object.fromEntries(
        Object.keys(aligned).map((name) => [
          name,
          tf.add(atMostOne(gradients[name], answers), atMostOne(aligned[name], nouns)),
        ]),
      )
    );
    tf.dispose([gradients, aligned] as unknown as tf.TensorContainer);
    run.onStep?.(step, { loss, answers, names: nouns });
    return sum;
  };
  const optimiser = new Optimiser(variables.parameters(), { ...rates, clipNorm: 2 });
  await runValidated({ variables, optimiser, gradients, validate }, { ...run, warmUp: 5 });
}
