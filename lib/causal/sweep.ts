/**
 * Sweeps: many variants of a model on one sample, with everything shared that is the same.
 *
 * The vision tower runs once. In scope `answer` heads are changed from the question on only, so the
 * tokens before it run once and their keys and values are shared by all variants; in scope `all` they
 * are changed everywhere. Below the first layer that a variant changes, the run without changes is
 * gone on with. Variants run in batches.
 * @module
 */
import type { Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { tokensOf, type TokenSpans } from "../inputs/token_spans.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import { SharedPrefix } from "../model/shared_prefix.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { checkVariants, firstLayer, type Variant } from "./head_mask.ts";
import { intervene, promptContext } from "./intervene.ts";

/** A sample whose answer is known. */
export interface AnswerSample {
  /** Unique in its data set. */
  readonly id: string;
  /** The prompt. */
  readonly inputs: ModelInputs;
  /** Its parts; scope `answer` needs the question's. */
  readonly spans: TokenSpans;
  /** The right answer's tokens, with the one that ends it if that counts. */
  readonly answerIds: Int32Array;
}

/**
 * Where heads are changed: from the question's first token on (`answer`), or at every position
 * (`all`).
 */
export type Scope = "answer" | "all";

/** What a variant makes of a sample. */
export interface VariantOutcome {
  /** Log-probability of the whole right answer, in nats; at least -87 for each token. */
  readonly logProb: number;
  /** Whether greedy decoding gives exactly the right answer. */
  readonly correct: boolean;
  /** Log-probability of each token of the answer, given those before it. */
  readonly tokenLogProbs: readonly number[];
  /** The likeliest token at each place of the answer, given the right tokens before it. */
  readonly likeliest: readonly number[];
  /** Log-probability of each token of `watched` in the place of the answer's first. */
  readonly watched?: readonly number[];
}

/** How a sweep is run. */
export interface SweepOptions {
  /** Where heads are changed; `answer` by default. */
  readonly scope?: Scope;
  /** Rows of a batch, over all its variants, at most; 2048 by default. More takes more memory. */
  readonly batchRows?: number;
  /** The attention function that heads have otherwise; dense by default. */
  readonly attention?: AttentionFunction;
  /** Tokens that might stand in the place of the answer's first, to be told of too; none by default. */
  readonly watched?: readonly number[];
  /** Where prefixes and features of media are kept for other samples; nowhere by default. */
  readonly reuse?: ReuseCache;
}

/** Numbers in the largest tensor of a batch (scores of an attention block, or logits) at most. */
const largestTensor = 1 << 24;

/**
 * The first token at which a scope changes heads.
 *
 * @throws {InputError} naming the sample, in scope `answer` without question tokens
 */
export function scopeStart(sample: Pick<AnswerSample, "id" | "spans">, scope: Scope): number {
  if (scope === "all") return 0;
  const [first] = tokensOf(sample.spans.question);
  if (first !== undefined) return first;
  throw new InputError(
    `Cannot ablate sample ${quoted(sample.id)} from the question on: its question has no tokens`,
  );
}

/**
 * A prompt with the tokens of an answer, as far as the model must read them: all but the last.
 *
 * @throws {InputError} naming the sample, if there is no answer
 */
export function withAnswer({ id, inputs, answerIds }: AnswerSample): ModelInputs {
  if (answerIds.length === 0) {
    throw new InputError(`Cannot score sample ${quoted(id)}: its answer has no tokens`);
  }
  const tokens = inputs.inputIds.length, more = answerIds.length - 1;
  const axes = inputs.positionIds.length / tokens;
  const positionIds = new Int32Array(axes * (tokens + more));
  for (let axis = 0; axis < axes; axis++) {
    const start = axis * (tokens + more);
    positionIds.set(inputs.positionIds.subarray(axis * tokens, (axis + 1) * tokens), start);
    for (let i = 0; i < more; i++) positionIds[start + tokens + i] = inputs.nextPosition + i;
  }
  return {
    inputIds: Int32Array.from([...inputs.inputIds, ...answerIds.subarray(0, more)]),
    positionIds,
    nextPosition: inputs.nextPosition + more,
    media: inputs.media,
  };
}

/** @throws {InputError} for a token that the vocabulary lacks */
function checkWatched(watched: readonly number[], vocabulary: number): void {
  const wrong = watched.find((token) =>
    !Number.isInteger(token) || token < 0 || token >= vocabulary
  );
  if (wrong === undefined) return;
  throw new InputError(
    `Cannot watch token ${wrong}: the vocabulary has ids 0 to ${vocabulary - 1}`,
  );
}

/** How many variants run together. */
export function batchSize(
  model: VisionLanguageModel,
  rows: number,
  keys: number,
  answers: number,
  batchRows = 2048,
): number {
  const { numAttentionHeads, vocabSize } = model.config.text;
  const scores = numAttentionHeads * Math.min(rows, 256) * keys;
  const limit = Math.min(largestTensor / scores, largestTensor / (answers * vocabSize));
  return Math.max(1, Math.floor(Math.min(batchRows / rows, limit)));
}

/** Reads off the right answer from logits `[B, A, V]`. */
async function outcomesOf(
  model: VisionLanguageModel,
  { id, answerIds }: AnswerSample,
  watched: readonly number[],
  logits: Tensor,
): Promise<VariantOutcome[]> {
  const k = model.kernels;
  const [batch, places, vocabulary] = logits.shape;
  const wanted = Int32Array.from([
    ...Array.from({ length: batch * places }, (_, i) => i * vocabulary + answerIds[i % places]),
    ...Array.from({ length: batch }, (_, row) => row * places * vocabulary)
      .flatMap((start) => watched.map((token) => start + token)),
  ]);
  const [right, best] = k.scope(() => {
    const probabilities = k.reshape(k.softmax(logits), [batch * places * vocabulary, 1]);
    return [k.gather(probabilities, k.tensor(wanted, [wanted.length])), k.argMax(logits)];
  });
  k.dispose(logits);
  const probability = await k.read(right), likeliest = await k.read(best);
  k.dispose(right, best);
  return Array.from({ length: batch }, (_, row) => {
    const own = (from: ArrayLike<number>) =>
      Array.from({ length: places }, (_, i) => from[row * places + i]);
    // float32 knows no smaller probability than e^-87
    const logOf = (p: number) => Math.log(Math.max(p, Math.exp(-87)));
    const tokenLogProbs = own(probability).map(logOf);
    const logProb = tokenLogProbs.reduce((sum, value) => sum + value, 0);
    if (Number.isNaN(logProb)) {
      throw new InputError(
        `Cannot score sample ${quoted(id)}: the answer's probability is not a number; the ` +
          "checkpoint's weights or the sample's media hold values that are not numbers",
      );
    }
    const tokens = own(likeliest);
    return {
      logProb,
      correct: tokens.every((token, i) => token === answerIds[i]),
      tokenLogProbs,
      likeliest: tokens,
      ...watched.length === 0 ? {} : {
        watched: watched.map((_, i) =>
          logOf(probability[batch * places + row * watched.length + i])
        ),
      },
    };
  });
}

/**
 * Runs every variant on a sample and says what becomes of its answer. The variant without masks is
 * the model as it is.
 *
 * Equal, within float rounding, to one whole run for each variant.
 *
 * @param variants masks of each variant; in scope `answer` they act from the question on
 * @returns one outcome per variant, in their order
 * @throws {InputError} for masks that cannot be applied, or a sample without an answer or (in scope
 * `answer`) without a question
 *
 * @example
 * ```ts
 * import { zeroHeads } from "./head_mask.ts";
 * import { sweep } from "./sweep.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const [whole, ablated] = await sweep(model, plantedSample(1, 0), [[], zeroHeads(retrievalHeads)]);
 * assert(whole.correct && ablated.logProb < whole.logProb - 1);
 * model.dispose();
 * ```
 */
export async function sweep(
  model: AnyModel,
  sample: AnswerSample,
  variants: readonly Variant[],
  options: SweepOptions = {},
): Promise<VariantOutcome[]> {
  const network = networkOf(model), { kernels: k, decoder, grid: { layers } } = network;
  const start = scopeStart(sample, options.scope ?? "answer");
  const prompt = { inputIds: sample.inputs.inputIds, spans: sample.spans };
  const context = promptContext(prompt, start), { watched = [] } = options;
  checkWatched(watched, network.config.text.vocabSize);
  checkVariants(variants, network.grid, context);
  const inputs = withAnswer(sample);
  const places = sample.answerIds.length;
  using prefix = new SharedPrefix(network, inputs, start, options);
  const { rest: { embeddings, deepstack }, restPositions } = prefix;
  const rows = embeddings.shape[1];
  const most = batchSize(network, rows, inputs.inputIds.length, places, options.batchRows);

  /** Runs layers on residual streams after the shared prefix. */
  const run = (residual: Tensor, fromLayer: number, toLayer: number, group: readonly Variant[]) => {
    const cache = start > 0 ? network.newCache(prefix.cache) : null;
    try {
      const out = decoder.forward(residual, restPositions, {
        ...{ fromLayer, toLayer, deepstack, cache },
        lastRows: toLayer === layers ? places : undefined,
        attention: group.length > 0
          ? intervene(network, group, prompt, { from: start, attention: options.attention })
          : options.attention,
      });
      return toLayer === layers ? decoder.logits(out) : out;
    } finally {
      cache?.dispose();
    }
  };

  const first = variants.map((variant) => firstLayer(variant, layers));
  const changed = [...variants.keys()].filter((i) => first[i] < layers)
    .sort((a, b) => first[a] - first[b] || a - b);
  const unchanged = [...variants.keys()].filter((i) => first[i] === layers);
  const outcomes: VariantOutcome[] = [];
  let layer = 0, residual = embeddings; // of the run without changes
  try {
    while (changed.length > 0) {
      const group = changed.splice(0, most);
      const from = first[group[0]];
      if (from > layer) {
        const next = k.keep(k.scope(() => run(residual, layer, from, [])));
        if (residual !== embeddings) k.dispose(residual);
        [layer, residual] = [from, next];
      }
      const logits = k.keep(k.scope(() => {
        const wide = group.length === 1 ? residual : k.broadcastBatch(residual, group.length);
        return run(wide, layer, layers, group.map((i) => variants[i]));
      }));
      const found = await outcomesOf(network, sample, watched, logits);
      group.forEach((variant, i) => outcomes[variant] = found[i]);
    }
    if (unchanged.length > 0) {
      const logits = k.keep(k.scope(() => run(residual, layer, layers, [])));
      const [found] = await outcomesOf(network, sample, watched, logits);
      for (const variant of unchanged) outcomes[variant] = found;
    }
  } finally {
    if (residual !== embeddings) k.dispose(residual);
  }
  return outcomes;
}
