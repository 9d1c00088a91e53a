/**
 * Training of a vision tower, or of a part of one, through a language model: the loss of answers goes back through the
 * decoder to what the tower gave, and from there into the weights that are trained.
 *
 * The decoder runs on its own kernels with gradients by layers (`lib/model/decoder_gradients.ts`); its weights stay, but
 * for adapters where there are some. The tower runs under TensorFlow.js's tape.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../lib/common/errors.ts";
import { DecoderGradients } from "../../lib/model/decoder_gradients.ts";
import { ImageTower } from "../../lib/model/image_tower.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import { answerLoss } from "./answer_loss.ts";
import { adapterPoints, type DecoderAdapters } from "./decoder_adapters.ts";
import type { Gradients } from "./optimiser.ts";
import { asTfjs } from "./tensors.ts";
import { trainingKernels } from "./training_kernels.ts";
import type { WeightVariables } from "./weight_variables.ts";

/** A prompt with images and the tokens that are to be answered in it. */
export interface AnsweredPrompt {
  readonly inputs: ModelInputs;
  /** Tokens of the answer, or of several answers. */
  readonly answerIds: Int32Array;
  /** The prompt's token that predicts each, ascending; by default the prompt's last ones. */
  readonly answerRows?: Int32Array;
  /** Tokens that each is chosen from, where it is: see {@link answerLoss}. */
  readonly answerChoices?: readonly (Int32Array | undefined)[];
}

/** What is trained: gives the features of a prompt's images on TensorFlow.js's tape. */
export interface TowerInTraining<P extends AnsweredPrompt = AnsweredPrompt> {
  /** Its weights, or those of its weights that are trained. */
  readonly parameters: WeightVariables;
  /** `[visual tokens, D]`, as they enter the decoder. */
  readonly features: (prompt: P) => tf.Tensor2D;
}

/**
 * A whole vision tower in the place of a model's own.
 *
 * @param parameters weights of the tower, named as in `ImageTower`
 * @param scale what the tower's features are multiplied by before they enter the decoder
 * @throws {InputError} for a model without an image tower
 */
export function imageTowerInTraining(
  { config: { imageTower } }: VisionLanguageModel,
  parameters: WeightVariables,
  scale = 1,
): TowerInTraining {
  if (!imageTower) {
    throw new InputError("Cannot train through this model: it has no tower for images");
  }
  const tower = new ImageTower(trainingKernels(), imageTower, parameters.weights(), {
    images: () => null,
  });
  return {
    parameters,
    features: ({ inputs: { media } }) =>
      tf.mul(asTfjs<tf.Tensor2D>(tower.encodeMedia(media).images!.features), scale),
  };
}

/** What one prompt gives. */
export interface PromptGradients {
  /** Loss of the answer, in nats for each of its tokens. */
  readonly loss: number;
  /** Gradients of the loss by the name of the weight, of those that it depends on; the caller's. */
  readonly gradients: Gradients;
}

/** A tower in training in front of a model's decoder, which stays as it is or is adapted. */
export class ThroughDecoder<P extends AnsweredPrompt = AnsweredPrompt> {
  /** Takes a model's decoder, a tower in the place of the model's own, and adapters of the decoder, if any. */
  constructor(
    readonly network: VisionLanguageModel,
    readonly tower: TowerInTraining<P>,
    readonly adapters: DecoderAdapters | null = null,
  ) {}

  /** The loss of a prompt's answers and its gradients. */
  async gradients(prompt: P): Promise<PromptGradients> {
    const places = this.#places(prompt);
    const { losses, slope, adapting } = await this.#decoderSlope(
      prompt,
      await this.#embed(prompt, places),
    );
    const width = this.network.config.text.hiddenSize;
    const own = new Float32Array(places.length * width);
    places.forEach((place, i) =>
      own.set(slope!.subarray(place * width, (place + 1) * width), i * width)
    );
    return { loss: mean(losses), gradients: { ...adapting, ...this.#towerGradients(prompt, own) } };
  }

  /** The loss of each token of the answers, in nats. */
  async losses(prompt: P): Promise<number[]> {
    const embeddings = await this.#embed(prompt, this.#places(prompt));
    return (await this.#decoderSlope(prompt, embeddings, false)).losses;
  }

  /** Where the visual tokens stand. */
  #places({ inputs: { inputIds } }: P): number[] {
    return [...inputIds.keys()].filter((i) => inputIds[i] === this.network.config.imageTokenId);
  }

  /** What enters the decoder, `[T * D]`. */
  async #embed(prompt: P, places: readonly number[]): Promise<Float32Array> {
    const { kernels: k, decoder, config: { text: { hiddenSize: width } } } = this.network;
    const words = k.scope(() => k.keep(k.cast(decoder.embed(prompt.inputs.inputIds), "float32")));
    const embeddings = Float32Array.from(await k.read(words));
    k.dispose(words);
    const features = tf.tidy(() => this.tower.features(prompt).dataSync());
    if (features.length !== places.length * width) {
      throw new InputError(
        `Cannot place ${features.length / width} image features on ${places.length} placeholder ` +
          "tokens: the numbers must be equal",
      );
    }
    places.forEach((place, i) =>
      embeddings.set(features.subarray(i * width, (i + 1) * width), place * width)
    );
    return embeddings;
  }

  /** The losses, and the gradients of their mean with respect to what enters the decoder and to its adapters. */
  async #decoderSlope(
    { inputs: { inputIds, positionIds }, answerIds, answerRows, answerChoices }: P,
    embeddings: Float32Array,
    wanted = true,
  ): Promise<{ losses: number[]; slope?: Float32Array; adapting?: Gradients }> {
    const { kernels: k, config: { text: { hiddenSize } } } = this.network;
    const count = answerIds.length, first = answerRows?.[0] ?? inputIds.length - count;
    const input = k.tensor(embeddings, [1, inputIds.length, hiddenSize]);
    using adapted = this.adapters?.adapted();
    const collector = this.adapters?.collector();
    try {
      using pass = new DecoderGradients(adapted?.network ?? this.network, {
        embedded: { embeddings: input, deepstack: [] },
        positionIds,
        lastRows: inputIds.length - first,
        rows: answerRows?.map((row) => row - first),
      });
      const logits = pass.logits();
      const data = await k.read(logits) as Float32Array, size = logits.shape[2];
      k.dispose(logits);
      const found = Array.from(
        answerIds,
        (id, i) =>
          answerLoss(data.subarray(i * size, (i + 1) * size), { id, choices: answerChoices?.[i] }),
      );
      const losses = found.map(({ loss }) => loss);
      if (!wanted) return { losses };
      const dLogits = new Float32Array(data.length);
      found.forEach(({ gradient }, i) =>
        dLogits.set(gradient.map((value) => value / count), i * size)
      );
      const dy = k.tensor(dLogits, [1, count, size]);
      const back = collector
        ? pass.backward(dy, adapterPoints, collector.visit)
        : pass.backward(dy, [], () => {});
      const slope = Float32Array.from(await k.read(back));
      k.dispose(dy, back);
      return { losses, slope, adapting: collector?.gradients };
    } finally {
      k.dispose(input);
    }
  }

  /** Gradients of the tower's weights from that of its features. */
  #towerGradients(prompt: P, slope: Float32Array): Gradients {
    const trained = this.tower.parameters.parameters();
    if (trained.length === 0) return {};
    return tf.tidy(() => {
      const { grads } = tf.variableGrads(() => {
        const features = this.tower.features(prompt);
        return tf.sum(tf.mul(features, tf.tensor(slope, features.shape))) as tf.Scalar;
      }, trained.map(({ variable }) => variable));
      return Object.fromEntries(
        trained.filter(({ variable }) => grads[variable.name] as tf.Tensor | null)
          .map(({ name, variable }) => [name, grads[variable.name]]),
      );
    });
  }
}

const mean = (values: readonly number[]) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Mean of several prompts' gradients; frees them. */
export function meanGradients(all: readonly Gradients[]): Gradients {
  const names = Object.keys(all[0] ?? {});
  const means = tf.tidy(() =>
    Object.fromEntries(
      names.map((name) => [name, tf.div(tf.addN(all.map((own) => own[name])), all.length)]),
    )
  );
  tf.dispose(all as unknown as tf.TensorContainer);
  return means;
}
