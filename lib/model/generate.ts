/**
 * Decoding: greedy or seeded sampling, token by token with a KV cache.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import { Random } from "../stats/random.ts";
import { checkAttention, checkInputs } from "./check_inputs.ts";
import type { ModelConfig } from "./config.ts";
import {
  type DecodingRules,
  drawCandidates,
  type DrawRules,
  ruledScores,
  type TokenHistory,
} from "./decoding_rules.ts";
import type { KvCache } from "./kv_cache.ts";
import type { ModelInputs } from "./model_inputs.ts";
import type { EmbeddedPrompt, RunOptions } from "./run_options.ts";
import type { VisionLanguageModel } from "./vision_language_model.ts";

/**
 * What of `generation_config.json` is followed besides its stop tokens. `auto` (default): its rules if it
 * is written for greedy decoding; if it asks for draws (`do_sample`), its rules belong to these, and
 * decoding is greedy without them. `follow`: everything, as transformers' `generate` does by itself, so
 * also draws. `ignore`: nothing.
 */
export type GenerationConfigUse = "auto" | "follow" | "ignore";

/** How to choose each next token. Rules given here go before those of `generation_config.json`. */
export interface GenerateOptions extends RunOptions, DecodingRules {
  /** Tokens to generate at most. */
  readonly maxNewTokens: number;
  /** What of the checkpoint's `generation_config.json` is followed; `auto` by default. */
  readonly generationConfig?: GenerationConfigUse;
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

/** How tokens are chosen: greedily where there is no temperature. */
export interface Decoding {
  /** Rules in force. */
  readonly rules: DecodingRules;
  /** Whether tokens are drawn. */
  readonly draws: boolean;
}

/** Rules with values, without options of other kinds. */
const ruleNames: readonly (keyof DecodingRules)[] = [
  ...["temperature", "topK", "topP", "minP", "typicalP", "epsilonCutoff", "etaCutoff"] as const,
  ...["repetitionPenalty", "noRepeatNgramSize", "badWordsIds", "minNewTokens"] as const,
  ...["suppressTokens", "beginSuppressTokens"] as const,
];

/**
 * The rules in force: those of `generation_config.json` as far as they are followed, and over them those
 * of the options.
 *
 * @throws {InputError} naming a setting that would have to be followed and is not supported
 */
export function decodingOf(
  { generation }: Pick<ModelConfig, "generation">,
  options: DecodingRules & Pick<GenerateOptions, "generationConfig">,
): Decoding {
  const use = options.generationConfig ?? "auto";
  const followed = generation && (use === "follow" || use === "auto" && !generation.doSample);
  if (followed && generation.unsupported.length > 0) {
    throw new InputError(
      `Cannot decode as generation_config.json says: ${generation.unsupported.join(", ")} ` +
        `${generation.unsupported.length === 1 ? "is" : "are"} not supported; set ` +
        'generationConfig to "ignore" (--generation-config ignore) to decode without its settings',
    );
  }
  const given = ruleNames.filter((name) => options[name] !== undefined)
    .map((name) => [name, options[name]]);
  const rules: DecodingRules = {
    ...followed ? generation.rules : {},
    ...Object.fromEntries(given),
  };
  const draws = options.temperature === undefined
    ? Boolean(followed && generation.doSample)
    : options.temperature > 0;
  return { rules, draws };
}

/**
 * A token drawn from scores `[V]`.
 *
 * @param scores logits, -Infinity for tokens that may not be chosen
 */
export function drawToken(scores: Float32Array, rules: DrawRules, random: Random): number {
  const kept = drawCandidates(scores, rules);
  let draw = random.uniform();
  for (const { id, probability } of kept) {
    draw -= probability;
    if (draw <= 0) return id;
  }
  return kept[kept.length - 1].id;
}

/**
 * The token chosen from logits `[V]`: the first of the largest, or a draw.
 *
 * @throws {InputError} for logits that are not numbers, or where the rules leave no token
 */
export function chooseToken(
  logits: Float32Array,
  { rules, draws }: Decoding,
  history: TokenHistory,
  random: Random,
): number {
  const scores = ruledScores(logits, rules, history);
  let best = -1;
  for (let i = 0; i < scores.length; i++) {
    if (Number.isNaN(scores[i])) {
      throw new InputError(
        `Cannot choose token ${history.ids.length - history.promptLength + 1} of the answer: the ` +
          `logits are not numbers; the checkpoint's weights, the media or a hook hold values that ` +
          "are not numbers or too large",
      );
    }
    if (scores[i] > (best < 0 ? -Infinity : scores[best])) best = i;
  }
  if (best < 0) throw new InputError("Cannot choose a token: the rules of decoding leave none");
  return draws ? drawToken(scores, rules, random) : best;
}

/** Bounds of the numbers among the options: least, whether it is allowed itself, most, whole numbers. */
const bounds: Readonly<Record<string, readonly [least: number, most: number, wanted: string]>> = {
  temperature: [0, Infinity, "0 (greedy) or more"],
  topP: [Number.MIN_VALUE, 1, "a number above 0 and at most 1"],
  minP: [0, 1, "a number from 0 to 1"],
  typicalP: [Number.MIN_VALUE, 1, "a number above 0 and at most 1"],
  epsilonCutoff: [0, 1, "a number from 0 to 1"],
  etaCutoff: [0, 1, "a number from 0 to 1"],
  repetitionPenalty: [Number.MIN_VALUE, Infinity, "a number above 0"],
  maxNewTokens: [1, Infinity, "a whole number of at least 1"],
  topK: [1, Infinity, "a whole number of at least 1"],
  noRepeatNgramSize: [0, Infinity, "a whole number of at least 0"],
  minNewTokens: [0, Infinity, "a whole number of at least 0"],
  seed: [0, Infinity, "a whole number of at least 0"],
};

/** Checks what a caller may get wrong. */
function checkOptions(options: unknown): void {
  if (!isRecord(options)) {
    throw new InputError(
      `Cannot generate with ${kindOf(options)}: wanted an object such as { maxNewTokens: 64 }`,
    );
  }
  const bad = (name: string, wanted: string) =>
    new InputError(`Cannot generate with ${name} ${kindOf(options[name])}: wanted ${wanted}`);
  for (const [name, [least, most, wanted]] of Object.entries(bounds)) {
    const value = options[name];
    if (value === undefined && name !== "maxNewTokens") continue;
    const whole = !wanted.includes("whole") || Number.isInteger(value);
    const valid = typeof value === "number" && value >= least && value <= most && whole;
    if (!valid) throw bad(name, wanted);
  }
  for (const name of ["stopTokenIds", "suppressTokens", "beginSuppressTokens"]) {
    const value = options[name];
    if (value === undefined || (Array.isArray(value) && value.every(Number.isInteger))) continue;
    throw bad(name, "a list of token ids");
  }
  const use = options.generationConfig ?? "auto";
  if (!["auto", "follow", "ignore"].includes(use as string)) {
    throw bad("generationConfig", '"auto", "follow" or "ignore"');
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
 * Generates tokens one by one, up to and with a stop token, as transformers' `generate` does: greedily
 * unless asked for draws, by the rules of the options and of `generation_config.json`
 * ({@link GenerationConfigUse}). Draws are seeded; they are not PyTorch's.
 *
 * The cache keeps what the attention function needs: under hybrid attention, local heads hold their
 * sink and window only. Where a hook wants scores or patterns, it keeps everything.
 *
 * @param inputs prompt
 * @param cache an empty cache to fill, a fresh one by default; freed at the end
 * @throws {InputError} for impossible options, inputs of another form, a cache that is not empty, and
 *   logits that are not numbers
 */
export async function* generate(
  model: VisionLanguageModel,
  inputs: ModelInputs,
  options: GenerateOptions,
  cache?: KvCache,
): AsyncGenerator<GeneratedToken> {
  checkOptions(options);
  checkInputs(inputs, model.config);
  checkAttention(options.attention);
  if (cache && cache.length > 0) {
    throw new InputError(
      `Cannot generate with a cache of ${cache.length} positions: the prompt is run from its start; ` +
        "give an empty cache (model.newCache()) or none",
    );
  }
  const decoding = decodingOf(model.config, options);
  yield* decode(model, inputs, options, decoding, cache ?? cacheFor(model, options));
}

/** Decodes with checked options; the cache is freed at the end. */
async function* decode(
  model: VisionLanguageModel,
  inputs: ModelInputs,
  options: GenerateOptions,
  decoding: Decoding,
  cache: KvCache,
): AsyncGenerator<GeneratedToken> {
  const { kernels: k, decoder } = model;
  const hooks = model.runHooks(options.hooks);
  const random = new Random(options.seed ?? 0);
  const stop = new Set(options.stopTokenIds ?? model.config.eosTokenIds);
  const ids = [...inputs.inputIds];
  const history: TokenHistory = { ids, promptLength: ids.length, stop };
  const axes = inputs.positionIds.length / inputs.inputIds.length;
  try {
    let logits = k.scope(() => {
      const residual = model.prefill(inputs, { ...options, runHooks: hooks, cache });
      return decoder.logits(residual, { hooks }, true); // [1, 1, V]
    });
    for (let step = 0; step < options.maxNewTokens; step++) {
      const values = await k.read(logits) as Float32Array;
      k.dispose(logits);
      const id = chooseToken(values, decoding, history, random);
      ids.push(id);
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
