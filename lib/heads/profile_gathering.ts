/**
 * How the question's attention is spread over a prompt, gathered layer by layer while a pass runs.
 *
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { ModelConfig } from "../model/config.ts";
import type { PatternRequest } from "../model/decoder_pass.ts";
import { headAt, headName } from "../common/head_id.ts";
import { type HeadSample, type SampleTokens, sampleTokens } from "./scored_sample.ts";

/** Questions that may take the question's place after the same context, by their names in samples. */
export const otherQuestions: readonly OtherQuestion[] = ["nullQuery", "unrelatedQuestion"];

/** One of {@link otherQuestions}. */
export type OtherQuestion = "nullQuery" | "unrelatedQuestion";

/** What the pass computes only when asked, because it costs time. */
export type ProfileExtra = "argMax" | "contextArgMax" | "valueNorms" | OtherQuestion;

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
   * Attention of the null query on the P tokens before the question, averaged over its tokens:
   * `[L, N, P]`; null unless asked for.
   */
  readonly nullQuery: Float32Array | null;
  /** The same of a question about something else: `[L, N, P]`; null unless asked for. */
  readonly unrelatedQuestion: Float32Array | null;
  /** For each of the R question tokens the token that it attends most: `[L, N, R]`; null unless asked. */
  readonly argMax: Int32Array | null;
  /** The same among the context tokens: `[L, N, R]`; null unless asked. */
  readonly contextArgMax: Int32Array | null;
  /**
   * Length of what each token's value becomes in the residual stream, `[L, N, S]`; absent unless asked.
   */
  readonly valueNorms?: Float32Array;
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
type Gathered = Record<
  keyof Omit<AttentionProfile, "shape" | "tokens" | "valueNorms">,
  LayerRows
>;

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

/** One sample's profile in the making. After an error anywhere, `free` frees what it holds. */
export class ProfileGathering {
  /** The sample's tokens by role. */
  readonly tokens: SampleTokens;
  /** Positions whose patterns are needed, ascending: the question's tokens and the prompt's last. */
  readonly rows: readonly number[];
  readonly #kernels: Kernels;
  readonly #extras: ReadonlySet<ProfileExtra>;
  readonly #gathered: Gathered;

  /** @throws {InputError} naming the sample: see `sampleTokens` */
  constructor(kernels: Kernels, readonly sample: HeadSample, extras: readonly ProfileExtra[]) {
    this.#kernels = kernels;
    this.#extras = new Set(extras);
    this.tokens = sampleTokens(sample);
    const { question, promptEnd } = this.tokens;
    this.rows = question.at(-1) === promptEnd ? question : [...question, promptEnd];
    this.#gathered = {
      question: new LayerRows(kernels),
      lastQuestion: new LayerRows(kernels),
      promptEnd: new LayerRows(kernels),
      nullQuery: new LayerRows(kernels),
      unrelatedQuestion: new LayerRows(kernels),
      argMax: new LayerRows(kernels),
      contextArgMax: new LayerRows(kernels),
    };
  }

  /**
   * What the pass is asked for.
   *
   * @param first position of the pass's first row
   */
  request(first = 0): PatternRequest {
    return {
      rows: this.rows.map((row) => row - first),
      onPattern: (_layer, pattern) =>
        gatherPattern(this.#kernels, pattern, this.tokens, this.#gathered, this.#extras),
    };
  }

  /** Attention of another question on what stands before it, of one layer, `[1, N, P]`. */
  addOther(question: OtherQuestion, mean: Tensor): void {
    this.#gathered[question].add(mean);
  }

  /**
   * The profile, after all layers ran.
   *
   * @throws {InputError} naming the sample, if the attention is not a number
   */
  async finish(
    { text: { numHiddenLayers, numAttentionHeads } }: ModelConfig,
  ): Promise<AttentionProfile> {
    const gathered = this.#gathered, extras = this.#extras;
    const floats = async (part: keyof Gathered) => await gathered[part].read() as Float32Array;
    const integers = async (part: "argMax" | "contextArgMax") =>
      extras.has(part) ? await gathered[part].read() as Int32Array : null;
    const other = async (part: OtherQuestion) => extras.has(part) ? await floats(part) : null;
    const profile: AttentionProfile = {
      shape: [numHiddenLayers, numAttentionHeads, this.sample.inputs.inputIds.length],
      tokens: this.tokens,
      question: await floats("question"),
      lastQuestion: await floats("lastQuestion"),
      promptEnd: await floats("promptEnd"),
      nullQuery: await other("nullQuery"),
      unrelatedQuestion: await other("unrelatedQuestion"),
      argMax: await integers("argMax"),
      contextArgMax: await integers("contextArgMax"),
    };
    checkFiniteProfile(this.sample, profile);
    return profile;
  }

  /** Frees what it holds. */
  free(): void {
    for (const part of Object.values(this.#gathered)) part.free();
  }
}
