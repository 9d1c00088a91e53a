/**
 * Decoding: greedy or seeded sampling, token by token with a KV cache.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { Random } from "../stats/random.ts";
import type { KvCache } from "./kv_cache.ts";
import type { ModelInputs } from "./model_inputs.ts";
import type { EmbeddedPrompt, RunOptions, VisionLanguageModel } from "./vision_language_model.ts";

/** How to choose each next token. */
export interface GenerateOptions extends RunOptions {
  /** Tokens to generate at most. */
  readonly maxNewTokens: number;
  /** 0 (default) is greedy; else logits are divided by it and a token is drawn. */
  readonly temperature?: number;
  /** Draw among the most likely tokens that together hold this probability; 1 by default. */
  readonly topP?: number;
  /** Draw among this many most likely tokens; all by default. */
  readonly topK?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: number;
  /** Tokens that end the answer; the config's by default. An empty list never stops. */
  readonly stopTokenIds?: readonly number[];
  /** The prompt's embeddings if they are there already; hooks before the decoder then do not fire. */
  readonly embedded?: EmbeddedPrompt;
  /** Keep the logits of every step. */
  readonly keepLogits?: boolean;
  /** Stops the decoding from outside. */
  readonly signal?: AbortSignal;
}

/** One generated token. */
export interface GeneratedToken {
  /** Its id. */
  readonly id: number;
  /** Whether it ends the answer; it is then the last token and no part of the text. */
  readonly isStop: boolean;
  /** Logits from which it was chosen, `[V]`, if asked for. */
  readonly logits: Float32Array | null;
}

/** The next token from logits `[V]`, by the options' rule. */
export function chooseToken(
  logits: Float32Array,
  options: GenerateOptions,
  random: Random,
): number {
  const temperature = options.temperature ?? 0;
  let best = 0;
  for (let i = 1; i < logits.length; i++) if (logits[i] > logits[best]) best = i;
  if (temperature === 0) return best;
  const order = Uint32Array.from(logits.keys()).sort((a, b) => logits[b] - logits[a]);
  const kept = order.subarray(0, Math.min(options.topK ?? order.length, order.length));
  const weights = Float64Array.from(
    kept,
    (i) => Math.exp((logits[i] - logits[best]) / temperature),
  );
  const total = weights.reduce((a, b) => a + b, 0);
  let nucleus = 0, mass = 0;
  while (nucleus < weights.length && mass < (options.topP ?? 1) * total) mass += weights[nucleus++];
  let draw = random.uniform() * mass;
  for (let i = 0; i < nucleus; i++) {
    draw -= weights[i];
    if (draw <= 0) return kept[i];
  }
  return kept[Math.max(0, nucleus - 1)];
}

/** Checks what a caller may get wrong. */
function checkOptions(options: GenerateOptions): void {
  const { maxNewTokens, temperature = 0, topP = 1, topK } = options;
  const bad = (name: string, value: unknown, wanted: string) => {
    throw new InputError(`Cannot generate with ${name} ${value}: wanted ${wanted}`);
  };
  if (!Number.isInteger(maxNewTokens) || maxNewTokens < 1) {
    bad("maxNewTokens", maxNewTokens, "a whole number of at least 1");
  }
  if (!(temperature >= 0)) bad("temperature", temperature, "0 (greedy) or more");
  if (!(topP > 0 && topP <= 1)) bad("topP", topP, "a number above 0 and at most 1");
  if (topK !== undefined && (!Number.isInteger(topK) || topK < 1)) {
    bad("topK", topK, "a whole number of at least 1");
  }
}

/** A cache as short as the options allow. @throws {InputError} for unknown hook names */
function cacheFor(model: VisionLanguageModel, options: GenerateOptions): KvCache {
  const hooks = model.runHooks(options.hooks);
  const shown = Array.from(
    { length: model.config.text.numHiddenLayers },
    (_, layer) => ["attn.scores", "attn.pattern"].map((point) => `blocks.${layer}.${point}`),
  ).flat();
  const whole = shown.some((name) => hooks?.wants(name));
  return model.newCache(null, whole ? undefined : options.attention);
}

/**
 * Generates tokens one by one, up to and with a stop token, as transformers' `generate` does.
 *
 * The cache keeps what the attention function needs: under hybrid attention, local heads hold their
 * sink and window only. Where a hook wants scores or patterns, it keeps everything.
 *
 * @param inputs prompt
 * @param cache an empty cache to fill, a fresh one by default; freed at the end
 * @throws {InputError} for impossible options
 */
export async function* generate(
  model: VisionLanguageModel,
  inputs: ModelInputs,
  options: GenerateOptions,
  cache: KvCache = cacheFor(model, options),
): AsyncGenerator<GeneratedToken> {
  checkOptions(options);
  const { kernels: k, decoder } = model;
  const hooks = model.runHooks(options.hooks);
  const random = new Random(options.seed ?? 0);
  const stop = new Set(options.stopTokenIds ?? model.config.eosTokenIds);
  const axes = inputs.positionIds.length / inputs.inputIds.length;
  try {
    let logits = k.scope(() => {
      const residual = model.prefill(inputs, { ...options, runHooks: hooks, cache });
      return decoder.logits(residual, { hooks }, true); // [1, 1, V]
    });
    for (let step = 0; step < options.maxNewTokens; step++) {
      const values = await k.read(logits) as Float32Array;
      k.dispose(logits);
      const id = chooseToken(values, options, random);
      if (options.signal?.aborted) return;
      const isStop = stop.has(id);
      yield { id, isStop, logits: options.keepLogits ? values : null };
      if (isStop || step + 1 === options.maxNewTokens) return;
      logits = k.scope(() => {
        const embeddings = k.reshape(decoder.embed(Int32Array.of(id)), [1, 1, -1]);
        const positions = new Int32Array(axes).fill(inputs.nextPosition + step);
        const seen = hooks?.apply("embed", embeddings, cache.length) ?? embeddings;
        const residual = decoder.forward(seen, positions, { ...options, hooks, cache });
        return decoder.logits(residual, { hooks }, true);
      });
    }
  } finally {
    cache.dispose();
  }
}
