/**
 * The pass: one prefill of a sample that keeps, for every head, how the question's attention is
 * spread over the prompt, and no attention map. Memory grows linearly with the prompt.
 *
 * @module
 */
import type { Kernels, Tensor } from "../backend/kernels.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { Hooks } from "../hooks/hook_point.ts";
import { SharedPrefix } from "../model/shared_prefix.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { headAt, headName } from "./head_id.ts";
import { type HeadSample, type SampleTokens, sampleTokens } from "./scored_sample.ts";

/** What the pass computes only when asked, because it costs time. */
export type ProfileExtra = "argMax" | "contextArgMax" | "contentless";

/** How the question's attention of every head is spread over the S tokens of a prompt. */
export interface AttentionProfile {
  /** L, N, S. */
  readonly shape: readonly [layers: number, heads: number, keys: number];
  /** The sample's tokens by role. */
  readonly tokens: SampleTokens;
  /** Attention on each token, averaged over question tokens: `[L, N, S]`. */
  readonly question: Float32Array;
  /** Attention of the last question token: `[L, N, S]`. */
  readonly lastQuestion: Float32Array;
  /** Attention of the prompt's last token: `[L, N, S]`. */
  readonly promptEnd: Float32Array;
  /**
   * Attention of a question without content on the P tokens before the question, averaged over its
   * tokens: `[L, N, P]`; null unless asked for.
   */
  readonly contentless: Float32Array | null;
  /** For each of the R question tokens the token that it attends most: `[L, N, R]`; null unless asked. */
  readonly argMax: Int32Array | null;
  /** The same among the context tokens: `[L, N, R]`; null unless asked. */
  readonly contextArgMax: Int32Array | null;
}

/** How the pass is run. */
export interface ProfileOptions {
  /** What to compute besides; nothing by default. */
  readonly extras?: readonly ProfileExtra[];
  /** Hooks, e.g. an ablation under which attention is watched. */
  readonly hooks?: Hooks;
  /** Attention function of the decoder; dense by default. */
  readonly attention?: AttentionFunction;
}

/** Small results by layer, read out together at the end. */
class LayerRows {
  readonly #rows: Tensor[] = [];

  constructor(readonly kernels: Kernels) {}

  /** Keeps `[1, N, ..]` of one layer. */
  add(x: Tensor): void {
    this.#rows.push(this.kernels.keep(x));
  }

  /** All layers, `[L, N, ..]`; frees the tensors. */
  async read(): Promise<Float32Array | Int32Array> {
    const all = this.kernels.concat(this.#rows, 0);
    this.free();
    try {
      return await this.kernels.read(all);
    } finally {
      this.kernels.dispose(all);
    }
  }

  /** Frees the tensors. */
  free(): void {
    this.kernels.dispose(...this.#rows.splice(0));
  }
}

/** Where the parts of a profile gather while the layers run. */
type Gathered = Record<keyof Omit<AttentionProfile, "shape" | "tokens">, LayerRows>;

/** Takes what is wanted from the pattern `[1, N, rows, S]` of one layer. */
function gatherPattern(
  k: Kernels,
  pattern: Tensor,
  tokens: SampleTokens,
  into: Gathered,
  extras: ReadonlySet<ProfileExtra>,
): void {
  const [, heads, rows, keys] = pattern.shape;
  const questions = tokens.question.length;
  const row = (index: number) =>
    k.reshape(k.slice(pattern, [0, 0, index, 0], [-1, -1, 1, -1]), [1, heads, keys]);
  const own = questions === rows
    ? pattern
    : k.slice(pattern, [0, 0, 0, 0], [-1, -1, questions, -1]);
  into.question.add(k.scale(k.sum(own, 2), 1 / questions));
  into.lastQuestion.add(row(questions - 1));
  into.promptEnd.add(row(rows - 1));
  if (extras.has("argMax")) into.argMax.add(k.argMax(own));
  if (extras.has("contextArgMax")) {
    const outside = new Float32Array(keys).fill(-2); // below any probability
    for (const token of tokens.context) outside[token] = 0;
    into.contextArgMax.add(k.argMax(k.add(own, k.tensor(outside, [keys]))));
  }
}

/** Runs the question without content after the shared context and gathers its mean attention. */
function runContentless(
  prefix: SharedPrefix,
  ids: Int32Array,
  options: ProfileOptions,
  into: LayerRows,
): void {
  const { model, restPositions, length } = prefix;
  const { kernels: k, decoder } = model;
  const cache = model.newCache(prefix.cache);
  const axes = restPositions.length / prefix.rest.embeddings.shape[1];
  const first = restPositions[0]; // a question's tokens advance all axes together
  const positions = Int32Array.from(
    { length: axes * ids.length },
    (_, i) => first + i % ids.length,
  );
  try {
    k.scope(() => {
      const embeddings = k.reshape(decoder.embed(ids), [1, ids.length, -1]);
      const onPattern = (_layer: number, pattern: Tensor) => {
        const before = k.slice(k.sum(pattern, 2), [0, 0, 0], [-1, -1, length]);
        into.add(k.scale(before, 1 / ids.length));
      };
      decoder.forward(embeddings, positions, {
        cache,
        attention: options.attention,
        hooks: model.runHooks(options.hooks),
        patternRows: { rows: Array.from(ids.keys()), onPattern },
      });
    });
  } finally {
    cache.dispose();
  }
}

/** Throws if any head's attention is not a number. */
function checkFiniteProfile(sample: HeadSample, profile: AttentionProfile): void {
  const [, heads, keys] = profile.shape;
  const bad = profile.question.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return;
  throw new InputError(
    `Cannot score sample ${quoted(sample.id)}: the attention of head ` +
      `${headName(headAt(Math.floor(bad / keys), heads))} is ${profile.question[bad]}; the ` +
      "checkpoint's weights or the sample's media hold values that are not numbers",
  );
}

/**
 * Runs a sample once and keeps how the question's attention is spread, for every head.
 *
 * Where the contrast is asked for, the context runs once and both questions after it.
 *
 * @throws {InputError} naming the sample: see {@link sampleTokens}; if the attention is not a number;
 * if the contrast is asked for and the sample has no question without content, or its evidence does
 * not stand before the question
 */
export async function attentionProfile(
  model: VisionLanguageModel,
  sample: HeadSample,
  options: ProfileOptions = {},
): Promise<AttentionProfile> {
  const { kernels: k, decoder } = model;
  const tokens = sampleTokens(sample);
  const extras = new Set(options.extras);
  const keys = sample.inputs.inputIds.length;
  const rows = tokens.question.at(-1) === tokens.promptEnd
    ? tokens.question
    : [...tokens.question, tokens.promptEnd];
  const gathered: Gathered = {
    question: new LayerRows(k),
    lastQuestion: new LayerRows(k),
    promptEnd: new LayerRows(k),
    contentless: new LayerRows(k),
    argMax: new LayerRows(k),
    contextArgMax: new LayerRows(k),
  };
  const onPattern = (_layer: number, pattern: Tensor) =>
    gatherPattern(k, pattern, tokens, gathered, extras);
  try {
    if (extras.has("contentless")) {
      const ids = checkContentless(sample, tokens);
      using prefix = new SharedPrefix(model, sample.inputs, tokens.question[0], {
        hooks: model.runHooks(options.hooks),
        attention: options.attention,
      });
      const cache = model.newCache(prefix.cache);
      try {
        k.scope(() => {
          decoder.forward(prefix.rest.embeddings, prefix.restPositions, {
            cache,
            deepstack: prefix.rest.deepstack,
            attention: options.attention,
            hooks: model.runHooks(options.hooks),
            patternRows: { rows: rows.map((row) => row - prefix.length), onPattern },
          });
        });
      } finally {
        cache.dispose();
      }
      runContentless(prefix, ids, options, gathered.contentless);
    } else {
      // of the last layer nothing is needed but these rows; hooks, though, expect all rows
      const lastRows = options.hooks ? undefined : keys - rows[0];
      const { hooks, attention } = options;
      const request = { hooks, attention, lastRows, patternRows: { rows, onPattern } };
      k.dispose(model.prefill(sample.inputs, request));
    }
    const floats = async (part: keyof Gathered) => await gathered[part].read() as Float32Array;
    const integers = async (part: "argMax" | "contextArgMax") =>
      extras.has(part) ? await gathered[part].read() as Int32Array : null;
    const { numHiddenLayers, numAttentionHeads } = model.config.text;
    const profile: AttentionProfile = {
      shape: [numHiddenLayers, numAttentionHeads, keys],
      tokens,
      question: await floats("question"),
      lastQuestion: await floats("lastQuestion"),
      promptEnd: await floats("promptEnd"),
      contentless: extras.has("contentless") ? await floats("contentless") : null,
      argMax: await integers("argMax"),
      contextArgMax: await integers("contextArgMax"),
    };
    checkFiniteProfile(sample, profile);
    return profile;
  } finally {
    for (const part of Object.values(gathered)) part.free();
  }
}

/** The tokens of the question without content, checked. */
function checkContentless(sample: HeadSample, tokens: SampleTokens): Int32Array {
  const name = `sample ${quoted(sample.id)}`;
  if (!sample.contentless || sample.contentless.length === 0) {
    throw new InputError(
      `Cannot contrast ${name}: it has no question without content, wanted at least 1 token`,
    );
  }
  const late = tokens.evidence.find((token) => token >= tokens.question[0]);
  if (late !== undefined) {
    throw new InputError(
      `Cannot contrast ${name}: its evidence token ${late} does not stand before the question, ` +
        `which begins at token ${tokens.question[0]}`,
    );
  }
  return sample.contentless;
}
