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
  /** Attention function of the decoder; dense by default. */
  readonly attention?: AttentionFunction;
  /**
   * Told the attention `[Q, N, rows, S]` of the questions' tokens at each layer; blocks are aligned at
   * their first token and `rows` are those of the longest question.
   */
  readonly onPattern?: (layer: number, pattern: Tensor, kernels: Kernels) => void;
}

/** A context that can be asked: its images' layout and pixels. */
export type AskableContext = Pick<TrainingContext, "pixels" | "questions">;

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
  const vision = config.vision!;
  const grids = patchGridsOf(images.grids, vision.spatialMergeSize, 1);
  const width = vision.inChannels * vision.temporalPatchSize * vision.patchSize ** 2;
  const pixels = { data: context.pixels!, shape: [context.pixels!.length / width, width] };
  const grid = { data: Int32Array.from(grids.flat()), shape: [grids.length, 3] };
  const media: Media = images.format === "video"
    ? { pixel_values_videos: pixels, video_grid_thw: grid }
    : { pixel_values: pixels, image_grid_thw: grid };
  const hooks = silencingHooks(options.without ?? [], config.text.numAttentionHeads);
  const cache = network.newCache();
  const own = network.newCache(cache);
  try {
    k.dispose(network.prefill({
      inputIds: Int32Array.from(contextIds(images)),
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
        hooks: network.runHooks(hooks),
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
