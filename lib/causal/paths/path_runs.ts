/**
 * The runs of path patching on one sample: both prompts, then paths in batches.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import { type AttentionFunction, denseAttention } from "../../nn/attention.ts";
import type { Tensor } from "../../nn/kernels.ts";
import type { ModelInputs } from "../../model/model_inputs.ts";
import type { SharedPrefix } from "../../model/shared_prefix.ts";
import type { VisionLanguageModel } from "../../model/vision_language_model.ts";
import { type AnswerSample, withAnswer } from "../sweep.ts";
import { answerLogProb, type AnswerMetric } from "./metric.ts";
import {
  checkReceivers,
  type PathReceivers,
  type PathSenders,
  receivingLayers,
  rowsAt,
} from "./nodes.ts";
import { receiving } from "./receive.ts";
import { RecordedRun } from "./recorded_run.ts";
import { takeRows } from "./rows.ts";
import { type RecordedPair, send } from "./send.ts";

/** Where paths lead, and what is measured. */
export interface PathRequest {
  /** The prompt, with the right answer; everything is as in its run but what arrives on the paths. */
  readonly clean: AnswerSample;
  /** The prompt from whose run the senders are taken: as many tokens, at the same positions. */
  readonly corrupted: ModelInputs;
  /** Where the paths end. */
  readonly receivers: PathReceivers;
  /** What is measured; the answer's log-probability by default. */
  readonly metric?: AnswerMetric;
  /**
   * Whether feed-forward networks between sender and receiver answer to what they see, which makes
   * paths through them part of the path (Wang et al.; by default), or give what they give on the clean
   * prompt.
   */
  readonly mlps?: "recomputed" | "held";
  /** The attention function of all heads; dense by default. */
  readonly attention?: AttentionFunction;
}

/** A request with its runs. */
export class PathRuns implements Disposable {
  readonly pair: RecordedPair;
  readonly metric: AnswerMetric;
  readonly inputs: ModelInputs;
  readonly #answers: number;

  /** @throws {InputError} for what cannot be sent or received, or prompts that do not match */
  constructor(readonly network: VisionLanguageModel, readonly request: PathRequest) {
    const { clean, corrupted, receivers, attention, mlps = "recomputed" } = request;
    checkReceivers(receivers, network.grid);
    this.metric = request.metric ?? answerLogProb;
    this.inputs = withAnswer(clean);
    const other = withAnswer({ ...clean, inputs: corrupted });
    checkPair(`patch paths of sample ${quoted(clean.id)}`, this.inputs, other);
    this.#answers = clean.answerIds.length;
    const run = (inputs: ModelInputs) =>
      new RecordedRun(network, inputs, { attention, mlps: mlps === "held" });
    const first = run(this.inputs);
    try {
      this.pair = {
        clean: first,
        corrupted: run(other),
        positionIds: this.inputs.positionIds,
        tokens: this.inputs.inputIds.length,
      };
    } catch (error) {
      first[Symbol.dispose]();
      throw error;
    }
  }

  /** Rows that predict the answer. */
  get answerRows(): number[] {
    const { tokens } = this.pair;
    return Array.from({ length: this.#answers }, (_, i) => tokens - this.#answers + i);
  }

  /** The metric of the last rows of a residual stream `[B, rows, D]`, by variant. */
  async measure(residual: Tensor): Promise<number[]> {
    const { kernels: k, decoder, config: { text: { vocabSize } } } = this.network;
    const places = this.#answers, rows = residual.shape[1];
    const last = Array.from({ length: places }, (_, i) => rows - places + i);
    const logits = k.scope(() => decoder.logits(takeRows(k, residual, 1, last)));
    const data = await k.read(logits) as Float32Array;
    const batch = logits.shape[0];
    k.dispose(logits);
    const { id, answerIds } = this.request.clean;
    return Array.from({ length: batch }, (_, b) => {
      const own = Array.from({ length: places }, (_, i) => {
        const start = (b * places + i) * vocabSize;
        return data.slice(start, start + vocabSize);
      });
      const value = this.metric.of(own, answerIds);
      if (Number.isFinite(value)) return value;
      throw new InputError(
        `Cannot measure the ${this.metric.name} of sample ${quoted(id)}: it is ${value}; the ` +
          "checkpoint's weights or the sample's media hold values that are not numbers",
      );
    });
  }

  /** The metric on both prompts. */
  async ends(): Promise<{ clean: number; corrupted: number }> {
    const [clean] = await this.measure(this.pair.clean.residuals.at(-1)!);
    const [corrupted] = await this.measure(this.pair.corrupted.residuals.at(-1)!);
    return { clean, corrupted };
  }

  /** Tokens that receive; of the logits those that predict the answer. */
  receivingRows(): number[] {
    const { request: { receivers }, pair: { tokens } } = this;
    if (receivers === "logits") return this.answerRows;
    const rows = new Set(receivers.flatMap(({ at }) => rowsAt(at, tokens)));
    return [...rows].sort((a, b) => a - b);
  }

  /**
   * The metric for each variant.
   *
   * @param rows tokens that are run in the senders' half, at least those that receive
   * @param prefix tokens before the receivers, run already
   * @param lastRows how many last rows of the last layer are run; all by default
   */
  async run(
    variants: readonly PathSenders[],
    rows: readonly number[],
    prefix: SharedPrefix | null = null,
    lastRows?: number,
  ): Promise<number[]> {
    const { network, pair, request: { receivers, attention = denseAttention } } = this;
    const { kernels: k, decoder, grid: { layers } } = network;
    const sent = send(network, pair, variants, receivers, rows);
    const { residual, inputs } = sent;
    const cache = prefix ? network.newCache(prefix.cache) : null;
    try {
      if (residual || receivers === "logits") return await this.measure(residual!);
      const fromLayer = receivingLayers(receivers, layers)[0];
      const first = prefix?.length ?? 0, { tokens } = pair;
      const rest = Array.from({ length: tokens - first }, (_, i) => first + i);
      const out = k.scope(() => {
        const of = (x: Tensor) => takeRows(k, x, 1, rest);
        const start = k.broadcastBatch(of(pair.clean.residuals[fromLayer]), variants.length);
        return decoder.forward(start, prefix?.restPositions ?? pair.positionIds, {
          ...{ fromLayer, cache, deepstack: pair.clean.deepstack.map(of) },
          lastRows,
          attention: receiving(attention, receivers, sent, rows, tokens),
        });
      });
      try {
        return await this.measure(out);
      } finally {
        k.dispose(out);
      }
    } finally {
      cache?.dispose();
      k.dispose(residual, ...[...inputs.values()].flatMap((own) => Object.values(own)));
    }
  }

  /** Frees both runs. */
  [Symbol.dispose](): void {
    this.pair.clean[Symbol.dispose]();
    this.pair.corrupted[Symbol.dispose]();
  }
}

/**
 * Checks that two prompts can be compared token by token.
 *
 * @param action what cannot be done otherwise, for messages
 * @throws {InputError} unless tokens of both prompts stand at the same positions
 */
export function checkPair(action: string, clean: ModelInputs, corrupted: ModelInputs): void {
  const [own, other] = [clean.inputIds.length, corrupted.inputIds.length];
  if (own !== other) {
    throw new InputError(
      `Cannot ${action}: with its answer it has ${own} tokens, the corrupted prompt has ${other}; ` +
        "wanted as many",
    );
  }
  if (String(clean.positionIds) === String(corrupted.positionIds)) return;
  throw new InputError(
    `Cannot ${action}: the corrupted prompt's tokens stand at other positions; wanted images of ` +
      "the same size",
  );
}
