/**
 * Models larger than memory: the weights of one layer at a time are read from disk, and several
 * prompts pass through it before the next.
 *
 * @module
 */
import { createKernels } from "../backend/create_kernels.ts";
import type { Kernels } from "../nn/kernels.ts";
import { currentBackend, useBackend } from "../backend/select.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { StagedForward } from "../model/staged_forward.ts";
import { TextDecoder } from "../model/text_decoder.ts";
import type { ForwardOptions, ForwardResult } from "../model/run_options.ts";
import { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { WeightsMap } from "../model/weights_map.ts";
import { hasVision } from "../model/config.ts";
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { type Checkpoint, openCheckpoint } from "./checkpoint.ts";
import { readWeights, storedWeights } from "./load_weights.ts";
import { matchWeights } from "./match_weights.ts";
import type { LoadOptions } from "./pretrained.ts";
import { resolveModel } from "./resolve.ts";

/** One prompt of a streamed pass. */
export interface StreamedPrompt {
  /** Model inputs. */
  readonly inputs: ModelInputs;
  /** What is asked of this prompt; see `VisionLanguageModel.forward`. */
  readonly options?: ForwardOptions;
}

/** Told which stage of how many is done: embeddings and tower, each layer, the head. */
export type StreamProgress = (done: number, stages: number) => void;

/**
 * A model whose weights stay on disk. In memory are at any time: one layer's weights (at first the
 * embedding table with the vision tower, at last the head) and the residual stream of each prompt.
 * A pass reads every weight once, however many prompts it takes along.
 */
export class StreamedModel implements Disposable {
  readonly #stored: ReadonlyMap<string, string>;

  /**
   * A model on an open checkpoint, which it closes when it is disposed of.
   *
   * @throws {InputError} for missing or extra weights
   */
  constructor(readonly kernels: Kernels, readonly checkpoint: Checkpoint) {
    const { family, config, source } = checkpoint;
    this.#stored = matchWeights(family, config, source);
  }

  /**
   * One pass over several prompts. Hooks, captures and pattern rows work as on a model in memory.
   *
   * @returns results in the order of the prompts
   * @throws {InputError} for unknown hook names, prompts that do not fit their media, misshapen weights
   */
  async forward(
    prompts: readonly StreamedPrompt[],
    onProgress?: StreamProgress,
  ): Promise<ForwardResult[]> {
    const { numHiddenLayers } = this.checkpoint.config.text;
    const runs: StagedForward[] = [];
    let done = 0;
    const advance = () => onProgress?.(++done, numHiddenLayers + 2);
    try {
      await this.#withWeights(this.#embedding(prompts), (weights) => {
        const model = this.#model(weights);
        for (const { inputs, options } of prompts) {
          const run = new StagedForward(model, inputs, options ?? {});
          runs.push(run);
          run.embed();
        }
      });
      advance();
      for (let layer = 0; layer < numHiddenLayers; layer++) {
        await this.#withWeights((role) => role.startsWith(`text.layers.${layer}.`), (weights) => {
          const decoder = this.#decoder(weights);
          for (const run of runs) run.runLayers(layer, layer + 1, decoder);
        });
        advance();
      }
      const head = runs.some((run) => run.needsHead) ? this.#head() : () => false;
      const results = await this.#withWeights(head, async (weights) => {
        const decoder = this.#decoder(weights);
        const finished: ForwardResult[] = [];
        for (const run of runs) finished.push(await run.finish(decoder));
        return finished;
      });
      advance();
      return results;
    } catch (error) {
      for (const run of runs) run.abandon();
      throw error;
    }
  }

  /** Weights of the first stage: the embedding table, and the tower where a prompt has media. */
  #embedding(prompts: readonly StreamedPrompt[]): (role: string) => boolean {
    const visual = prompts.some(({ inputs }) => Object.keys(inputs.media).length > 0);
    return (role) => role === "text.embed_tokens.weight" || visual && role.startsWith("vision.");
  }

  /** Weights of the last stage: the final norm and the head, which may be the embedding table. */
  #head(): (role: string) => boolean {
    const table = this.#stored.has("lm_head.weight")
      ? "lm_head.weight"
      : "text.embed_tokens.weight";
    return (role) => role === "text.norm.weight" || role === table;
  }

  /** Reads some weights, uses them and frees them. */
  async #withWeights<T>(
    wanted: (role: string) => boolean,
    use: (weights: WeightsMap) => T | Promise<T>,
  ): Promise<T> {
    const { family, config, source } = this.checkpoint;
    const stored = new Map([...this.#stored].filter(([role]) => wanted(role)));
    const weights = await readWeights(this.kernels, family, config, source, stored);
    try {
      return await use(weights);
    } finally {
      weights.dispose(this.kernels);
    }
  }

  #decoder(weights: WeightsMap): TextDecoder {
    const text = weights.under("text.");
    const lmHead = weights.find("lm_head.weight") ?? text.find("embed_tokens.weight");
    return new TextDecoder(this.kernels, this.checkpoint.config.text, text, lmHead);
  }

  /** The model as far as its weights are there; the tower only matters to prompts with media. */
  #model(weights: WeightsMap): VisionLanguageModel {
    const { kernels, checkpoint: { family, config } } = this;
    const vision = hasVision(config)
      ? family.buildVision(kernels, config, weights.under("vision."))
      : null;
    return new VisionLanguageModel(kernels, config, this.#decoder(weights), vision, weights);
  }

  /** Closes the checkpoint. */
  [Symbol.dispose](): void {
    this.checkpoint.source.close();
  }
}

/**
 * Opens a checkpoint for streaming, without reading its weights. Prompts are prepared with
 * `loadProcessorOf(model.checkpoint.dir)`.
 *
 * @param dirOrHubId as for `fromPretrained`
 * @throws {InputError} for a missing, damaged or unsupported checkpoint
 *
 * @example
 * ```ts
 * import { loadProcessorOf } from "./pretrained.ts";
 * import { openStreamed } from "./stream.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await openStreamed("tests/golden/qwen3_vl");
 * const processor = await loadProcessorOf(model.checkpoint.dir);
 * const inputs = await processor.prepare([{ role: "user", content: "Hello" }]);
 * const [{ logits }] = await model.forward([{ inputs }]);
 * assertEquals(logits?.shape, [1, model.checkpoint.config.text.vocabSize]);
 * ```
 */
export async function openStreamed(
  dirOrHubId: string,
  options: LoadOptions = {},
): Promise<StreamedModel> {
  const { backend, dtype = "auto", unpack, onProgress, onWarning, ...hub } = options;
  const rules = new CheckpointRules(options);
  const dir = await resolveModel(dirOrHubId, {
    ...hub,
    onProgress: ({ received, total }) => onProgress?.("download", received, total),
  }, rules);
  if (backend || !currentBackend()) await useBackend(backend ?? "auto");
  const checkpoint = await openCheckpoint(dir, rules, unpack);
  try {
    const { family, config, source } = checkpoint;
    if (rules.warning !== null) onWarning?.(rules.warning);
    return new StreamedModel(
      createKernels(dtype, storedWeights(family, config, source)),
      checkpoint,
    );
  } catch (error) {
    checkpoint.source.close();
    throw error;
  }
}
