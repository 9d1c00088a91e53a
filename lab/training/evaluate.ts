/**
 * Evaluation of an exported model on held-out contexts: exact match by domain and length, with heads
 * removed or restricted where asked.
 *
 * A context is read once and all its questions follow as one batch on its cache, each at the
 * positions that it would have alone. Whether a whole answer is right is seen from the best token at
 * every place of the right answer, its end included: greedy decoding gives exactly that answer if
 * and only if all of them are right.
 * @module
 */
import type { HeadId } from "../../lib/common/head_id.ts";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import type { Media } from "../../lib/model/model_inputs.ts";
import type { VisionConfig } from "../../lib/model/config.ts";
import { type AnyModel, networkOf } from "../../lib/model/network_of.ts";
import type { AttentionFunction } from "../../lib/nn/attention.ts";
import { type AskedQuestion, contextIds, type TrainingContext } from "./batches.ts";
import { silencingHooks } from "./head_treatment.ts";
import { type ImageLayout, patchGridsOf, sequenceLayout, sequenceLength } from "./layout.ts";
import { questionTokens, tokenIds } from "./token_format.ts";

/** How the model is changed while it answers. */
export interface AnswerOptions {
  /** Heads whose output is set to zero, at context and question alike. */
  readonly without?: readonly HeadId[];
  /** Heads whose output is set to zero from the question on: the context is read by all. */
  readonly withoutFromQuestion?: readonly HeadId[];
  /** Attention function of the decoder; dense by default. */
  readonly attention?: AttentionFunction;
  /**
   * Told the attention `[Q, N, rows, S]` of the questions' tokens at each layer; blocks are aligned at
   * their first token and `rows` are those of the longest question.
   */
  readonly onPattern?: (layer: number, pattern: Tensor, kernels: Kernels) => void;
}

/**
 * A context that can be asked: its pixels and questions. Where it has no pixels, the words of its cells
 * stand in their places, as in text-only pretraining.
 */
export type AskableContext =
  & Pick<TrainingContext, "pixels" | "questions">
  & Partial<Pick<TrainingContext, "labels">>;

/** Pixels as the model takes them. */
function mediaOf(pixels: Float32Array, images: ImageLayout, vision: VisionConfig): Media {
  const grids = patchGridsOf(images.grids, vision.spatialMergeSize, 1);
  const width = vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2;
  const values = { data: pixels, shape: [pixels.length / width, width] };
  const grid = { data: Int32Array.from(grids.flat()), shape: [grids.length, 3] };
  return images.format === "video"
    ? { pixel_values_videos: values, video_grid_thw: grid }
    : { pixel_values: values, image_grid_thw: grid };
}

/** Ids of a context, with words at the visual places where there are no pixels. */
function inputIdsOf(images: ImageLayout, { pixels, labels }: AskableContext, visual: Int32Array) {
  const ids = Int32Array.from(contextIds(images));
  if (!pixels) labels!.forEach((word, cell) => ids[visual[cell]] = word);
  return ids;
}

/** The blocks of all questions as one array of ids, filled up with pad tokens. */
function questionBlocks(questions: readonly AskedQuestion[]) {
  const tokens = questions.map(({ question, answer }) => questionTokens(question, answer));
  const block = Math.max(...tokens.map(({ ids }) => ids.length)) - 1;
  const ids = new Int32Array(tokens.length * block).fill(tokenIds.pad);
  tokens.forEach((own, q) => ids.set(own.ids.slice(0, -1), q * block));
  return { tokens, block, ids };
}

/**
 * Which questions of a context the model answers exactly.
 *
 * @returns `[questions]`
 */
export async function answerContext(
  model: AnyModel,
  images: ImageLayout,
  context: AskableContext,
  options: AnswerOptions = {},
): Promise<boolean[]> {
  const network = networkOf(model), { kernels: k, decoder, config } = network;
  const { tokens, block, ids } = questionBlocks(context.questions);
  const count = tokens.length;
  const layout = sequenceLayout(images, block, 1);
  const length = sequenceLength(layout);
  const positions = (start: number, end: number) =>
    Int32Array.from(
      { length: 3 * (end - start) },
      (_, i) =>
        layout.positionIds[
          Math.floor(i / (end - start)) * length + start + i % (end - start)
        ],
    );
  const media = context.pixels ? mediaOf(context.pixels, images, config.vision!) : {};
  const silenced = options.without ?? [];
  const hooks = silencingHooks(silenced, config.text.numAttentionHeads);
  const fromQuestion = silencingHooks(
    [...silenced, ...options.withoutFromQuestion ?? []],
    config.text.numAttentionHeads,
  );
  const cache = network.newCache();
  const own = network.newCache(cache);
  try {
    k.dispose(network.prefill({
      inputIds: inputIdsOf(images, context, layout.visual),
      positionIds: positions(0, layout.context),
      nextPosition: 0,
      media,
    }, { cache, hooks, attention: options.attention }));
    const rows = Math.max(...tokens.map(({ questionEnd }) => questionEnd)) + 1;
    const { onPattern } = options;
    const best = k.scope(() => {
      const embeddings = k.reshape(decoder.embed(ids), [count, block, config.text.hiddenSize]);
      const residual = decoder.forward(embeddings, positions(layout.context, length), {
        cache: own,
        hooks: network.runHooks(fromQuestion),
        attention: options.attention,
        patternRows: onPattern &&
          { rows: Array.from({ length: rows }, (_, i) => i), onPattern },
      });
      return k.argMax(decoder.logits(residual)); // [Q, block]
    });
    const found = await k.read(best);
    k.dispose(best);
    return tokens.map(({ ids: wanted, answerStart }, q) => {
      for (let i = answerStart; i < wanted.length; i++) {
        if (found[q * block + i - 1] !== wanted[i]) return false;
      }
      return true;
    });
  } finally {
    own.dispose();
    cache.dispose();
  }
}
