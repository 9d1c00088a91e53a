/**
 * Training of a vision tower through a frozen language model: the answer's loss goes back through the decoder to
 * what the tower gave, and from there into the tower's weights.
 *
 * The decoder runs on its own kernels with gradients by layers (`lib/model/decoder_gradients.ts`); none of its
 * weights has a gradient. The tower runs on the training kernels, under TensorFlow.js's tape.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { answerLogProb } from "../../lib/causal/paths/metric.ts";
import { InputError } from "../../lib/common/errors.ts";
import { DecoderGradients } from "../../lib/model/decoder_gradients.ts";
import { ImageTower } from "../../lib/model/image_tower.ts";
import type { ModelInputs } from "../../lib/model/model_inputs.ts";
import type { VisionLanguageModel } from "../../lib/model/vision_language_model.ts";
import type { Gradients } from "./optimiser.ts";
import { asTfjs } from "./tensors.ts";
import { trainingKernels } from "./training_kernels.ts";
import type { WeightVariables } from "./weight_variables.ts";

/** A prompt with images, whose end are the answer's tokens but the last. */
export interface AnsweredPrompt {
  readonly inputs: ModelInputs;
  /** Tokens of the answer, the first of which the token before the prompt's end (or the end itself) predicts. */
  readonly answerIds: Int32Array;
}

/** What one prompt gives. */
export interface PromptGradients {
  /** Cross entropy of the answer, in nats for each of its tokens. */
  readonly loss: number;
  /** Gradients of the loss by the name of the tower's weight, of those that it depends on; the caller's. */
  readonly gradients: Gradients;
}

/** A vision tower in front of a decoder that stays as it is. */
export class ThroughDecoder {
  readonly #tower: ImageTower;

  /**
   * Takes a model's decoder, and a tower in the place of the model's own.
   *
   * @param parameters weights of the tower, named as in `ImageTower`
   * @param scale what the tower's features are multiplied by before they enter the decoder
   * @throws {InputError} for a model without an image tower
   */
  constructor(
    readonly network: VisionLanguageModel,
    readonly parameters: WeightVariables,
    readonly scale = 1,
  ) {
    const { imageTower } = network.config;
    if (!imageTower) {
      throw new InputError("Cannot train through this model: it has no tower for images");
    }
    this.#tower = new ImageTower(trainingKernels(), imageTower, parameters.weights(), {
      images: () => null,
    });
  }

  /** The loss of an answer and its gradients, or only the loss. */
  async gradients({ inputs, answerIds }: AnsweredPrompt): Promise<PromptGradients> {
    const places = [...inputs.inputIds.keys()].filter((i) =>
      inputs.inputIds[i] === this.network.config.imageTokenId
    );
    const embeddings = await this.#embed(inputs, places);
    const { loss, slope } = await this.#decoderSlope(inputs, answerIds, embeddings);
    const width = this.network.config.text.hiddenSize;
    const own = new Float32Array(places.length * width);
    places.forEach((place, i) =>
      own.set(slope.subarray(place * width, (place + 1) * width), i * width)
    );
    return { loss, gradients: this.#towerGradients(inputs, own) };
  }

  /** The tower's features, `[visual tokens, D]`, as they enter the decoder. */
  #features({ media }: ModelInputs): tf.Tensor2D {
    const { images } = this.#tower.encodeMedia(media);
    return tf.mul(asTfjs<tf.Tensor2D>(images!.features), this.scale);
  }

  /** What enters the decoder, `[T * D]`. */
  async #embed(inputs: ModelInputs, places: readonly number[]): Promise<Float32Array> {
    const { kernels: k, decoder, config: { text: { hiddenSize: width } } } = this.network;
    const words = k.scope(() => k.keep(k.cast(decoder.embed(inputs.inputIds), "float32")));
    const embeddings = Float32Array.from(await k.read(words));
    k.dispose(words);
    const features = tf.tidy(() => this.#features(inputs).dataSync());
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

  /** The loss and its gradient with respect to what enters the decoder. */
  async #decoderSlope(
    { inputIds, positionIds }: ModelInputs,
    answerIds: Int32Array,
    embeddings: Float32Array,
  ): Promise<{ loss: number; slope: Float32Array }> {
    const { kernels: k, config: { text: { hiddenSize } } } = this.network;
    const input = k.tensor(embeddings, [1, inputIds.length, hiddenSize]);
    try {
      using pass = new DecoderGradients(this.network, {
        embedded: { embeddings: input, deepstack: [] },
        positionIds,
        lastRows: answerIds.length,
      });
      const logits = pass.logits();
      const data = await k.read(logits) as Float32Array, size = logits.shape[2];
      k.dispose(logits);
      const rows = Array.from(answerIds, (_, i) => data.subarray(i * size, (i + 1) * size));
      const share = -1 / answerIds.length;
      const dLogits = new Float32Array(data.length);
      answerLogProb.gradient(rows, answerIds).forEach((row, i) =>
        dLogits.set(row.map((value) => share * value), i * size)
      );
      const dy = k.tensor(dLogits, [1, answerIds.length, size]);
      const back = pass.backward(dy, [], () => {});
      const slope = Float32Array.from(await k.read(back));
      k.dispose(dy, back);
      return { loss: share * answerLogProb.of(rows, answerIds), slope };
    } finally {
      k.dispose(input);
    }
  }

  /** Gradients of the tower's weights from that of its features. */
  #towerGradients(inputs: ModelInputs, slope: Float32Array): Gradients {
    const trained = this.parameters.parameters();
    return tf.tidy(() => {
      const { grads } = tf.variableGrads(() => {
        const features = this.#features(inputs);
        return tf.sum(tf.mul(features, tf.tensor(slope, features.shape))) as tf.Scalar;
      }, trained.map(({ variable }) => variable));
      return Object.fromEntries(
        trained.filter(({ variable }) => grads[variable.name] as tf.Tensor | null)
          .map(({ name, variable }) => [name, grads[variable.name]]),
      );
    });
  }
}

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
