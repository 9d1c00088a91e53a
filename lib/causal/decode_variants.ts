/**
 * Greedy decoding of many variants of a model at once.
 *
 * @module
 */
import type { Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import type { KvCache } from "../model/kv_cache.ts";
import { SharedPrefix } from "../model/shared_prefix.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import { checkVariants, type Variant } from "./head_mask.ts";
import { intervene, promptContext } from "./intervene.ts";
import { type AnswerSample, batchSize, scopeStart, type SweepOptions } from "./sweep.ts";

/** How variants are decoded. */
export interface DecodeVariantsOptions extends SweepOptions {
  /** Tokens to generate at most. */
  readonly maxNewTokens: number;
  /** Tokens that end an answer; the config's by default. An empty list never stops. */
  readonly stopTokenIds?: readonly number[];
}

/**
 * The greedy answers of every variant, without the token that ends them and without the rules of
 * `generation_config.json` (a penalty would mix with what the masks do). Variants run as one batch
 * on a shared KV cache; in scope `answer` this holds everything before the question.
 *
 * @returns token ids by variant, in their order
 * @throws {InputError} for masks that cannot be applied, no tokens to generate, or in scope `answer`
 * no question
 */
export async function decodeVariants(
  model: AnyModel,
  sample: Omit<AnswerSample, "answerIds">,
  variants: readonly Variant[],
  options: DecodeVariantsOptions,
): Promise<number[][]> {
  const { maxNewTokens } = options;
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    throw new InputError(
      `Cannot generate with maxNewTokens ${maxNewTokens}: wanted a whole number of at least 1`,
    );
  }
  const start = scopeStart(sample, options.scope ?? "answer");
  const network = networkOf(model);
  const prompt = { inputIds: sample.inputs.inputIds, spans: sample.spans };
  checkVariants(variants, network.grid, promptContext(prompt, start));
  using prefix = new SharedPrefix(network, sample.inputs, start, options);
  const rows = prefix.rest.embeddings.shape[1];
  const most = batchSize(network, rows, prompt.inputIds.length, 1, options.batchRows);
  const answers: number[][] = [];
  for (let i = 0; i < variants.length; i += most) {
    const group = variants.slice(i, i + most);
    const attention = intervene(network, group, prompt, {
      from: start,
      attention: options.attention,
    });
    const cache = network.newCache(prefix.cache);
    try {
      answers.push(
        ...await decodeBatch(network, prefix, { ...options, attention }, group.length, cache, {
          next: sample.inputs.nextPosition,
          stop: new Set(options.stopTokenIds ?? network.config.eosTokenIds),
        }),
      );
    } finally {
      cache.dispose();
    }
  }
  return answers;
}

/** Decodes one batch until every row has ended. */
async function decodeBatch(
  model: VisionLanguageModel,
  prefix: SharedPrefix,
  { maxNewTokens, attention }: DecodeVariantsOptions,
  batch: number,
  cache: KvCache,
  { next, stop }: { readonly next: number; readonly stop: ReadonlySet<number> },
): Promise<number[][]> {
  const { kernels: k, decoder } = model;
  const { rest: { embeddings, deepstack }, restPositions } = prefix;
  const axes = restPositions.length / embeddings.shape[1];
  const answers = Array.from({ length: batch }, (): number[] => []);
  const ended = new Array<boolean>(batch).fill(false);
  /** The likeliest token of each row `[B, 1]`, and the sum of its probabilities: 1, or not a number. */
  const best = (residual: Tensor) => {
    const logits = decoder.logits(residual, {}, true); // [B, 1, V]
    return [k.argMax(logits), k.sum(k.softmax(logits), 2)];
  };
  let [choice, total] = k.scope(() => {
    const wide = (x: Tensor) => batch === 1 ? x : k.broadcastBatch(x, batch);
    const options = { cache, attention, deepstack: deepstack.map(wide), lastRows: 1 };
    return best(decoder.forward(wide(embeddings), restPositions, options));
  });
  for (let step = 0;; step++) {
    const ids = await k.read(choice) as Int32Array;
    const sums = await k.read(total);
    k.dispose(choice, total);
    const bad = sums.findIndex((sum) => Number.isNaN(sum));
    if (bad >= 0) {
      throw new InputError(
        `Cannot choose token ${
          step + 1
        } of variant ${bad} of the batch: the logits are not numbers; ` +
          "the checkpoint's weights, the sample's media or an intervention hold values that are not " +
          "numbers or too large",
      );
    }
    ids.forEach((id, row) => {
      ended[row] ||= stop.has(id);
      if (!ended[row]) answers[row].push(id);
    });
    if (step + 1 === maxNewTokens || ended.every(Boolean)) return answers;
    [choice, total] = k.scope(() => {
      const own = k.reshape(decoder.embed(Int32Array.from(ids)), [batch, 1, -1]);
      const positions = new Int32Array(axes).fill(next + step);
      return best(decoder.forward(own, positions, { cache, attention }));
    });
  }
}
