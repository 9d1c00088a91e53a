/**
 * A checkpoint ready for use: model, tokenizer and processor behind one object.
 *
 * @module
 */
import { createKernels } from "../backend/create_kernels.ts";
import {
  type BackendDescription,
  backendLine,
  currentBackend,
  useBackend,
} from "../backend/select.ts";
import type { ChatMessage, QuestionParts } from "../inputs/messages.ts";
import {
  type KeyValueHead,
  keyWeight,
  outputWeight,
  queryWeight,
  unembeddingWeight,
  valueWeight,
  type WeightMatrix,
} from "../model/head_weights.ts";
import {
  loadProcessor,
  type PreparedPrompt,
  type PrepareOptions,
  type Processor,
} from "../inputs/processor.ts";
import { unknownWordsOf } from "../inputs/unknown_words.ts";
import type { ProcessorFiles } from "../inputs/processor_files.ts";
import type { ProcessorOverrides } from "../inputs/processor_overrides.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import type { ModelConfig } from "../model/config.ts";
import { generate, type GeneratedToken, type GenerateOptions } from "../model/generate.ts";
import type { KvCache } from "../model/kv_cache.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import type { ForwardOptions, ForwardResult } from "../model/run_options.ts";
import type { VisionLanguageModel } from "../model/vision_language_model.ts";
import type { HeadGrid, HeadId } from "../common/head_id.ts";
import { CheckpointRules } from "../weights/checkpoint_rules.ts";
import { checkOptions, isRecord } from "../common/values.ts";
import { askNames, loadNames } from "./known_options.ts";
import { openCheckpoint, readModelConfig } from "./checkpoint.ts";
import type { Family } from "./family.ts";
import { resolveModel } from "./resolve.ts";
import { loadModel, type LoadProgress, storedWeights } from "./load_weights.ts";
import { matchWeights } from "./match_weights.ts";
import type { Answer, AskOptions, LoadOptions } from "./pretrained_options.ts";

export type { Answer, AskOptions, LoadedParts, LoadOptions } from "./pretrained_options.ts";

/** A checkpoint in memory. Call {@link PretrainedModel.dispose} when done. */
export class PretrainedModel {
  /**
   * Made by {@link fromPretrained}.
   *
   * @param dir checkpoint directory
   * @param warnings what was passed over while its files were read, one sentence each
   */
  constructor(
    readonly dir: string,
    readonly family: Family,
    readonly processor: Processor,
    readonly network: VisionLanguageModel,
    readonly backend: BackendDescription,
    readonly warnings: readonly string[] = [],
  ) {}

  /** Sizes and switches. */
  get config(): ModelConfig {
    return this.network.config;
  }

  /** Layers and query heads of the decoder. */
  get grid(): HeadGrid {
    return this.network.grid;
  }

  /** One line that names the backend and the element type of the weights. */
  get backendLine(): string {
    return backendLine(this.backend, this.network.kernels.computeDType);
  }

  /** All hook names, in firing order. */
  get hookNames(): readonly string[] {
    return this.network.hookNames;
  }

  /** A conversation as model inputs. */
  prepare(messages: readonly ChatMessage[], options?: PrepareOptions): Promise<PreparedPrompt> {
    return this.processor.prepare(messages, options);
  }

  /** One pass over a prompt: logits and captured activations; see `VisionLanguageModel.forward`. */
  forward(inputs: ModelInputs, options?: ForwardOptions): Promise<ForwardResult> {
    return this.network.forward(inputs, options);
  }

  /** Tokens one by one, with an empty cache to fill if one is given; see `generate`. */
  generate(
    inputs: ModelInputs,
    options: GenerateOptions,
    cache?: KvCache,
  ): AsyncGenerator<GeneratedToken> {
    if (isRecord(options)) checkOptions("generate", options, askNames);
    return generate(this.network, inputs, options, cache);
  }

  /**
   * The query weights of a head, `[D, H]`: width by head dimension, as in TransformerLens. As the
   * checkpoint has them: gains of norms are not folded in, biases are left out.
   *
   * @throws {InputError} for a head that the model does not have
   *
   * @example
   * ```ts
   * import { fromPretrained } from "./pretrained.ts";
   * import { assertEquals } from "@std/assert";
   * using model = await fromPretrained("tests/golden/qwen3_vl");
   * assertEquals(model.W_Q({ layer: 1, head: 3 }).shape, [64, 32]);
   * // heads 2 and 3 share key-value head 1
   * const key = model.W_K({ layer: 1, head: 3 });
   * assertEquals(key.data, model.W_K({ layer: 1, group: 1 }).data);
   * ```
   */
  W_Q(head: HeadId): WeightMatrix {
    return queryWeight(this, head);
  }

  /**
   * The key weights that a query head reads, or those of a key-value head (`group`), `[D, H]`.
   *
   * @throws {InputError} for a head or group that the model does not have
   */
  W_K(head: KeyValueHead): WeightMatrix {
    return keyWeight(this, head);
  }

  /**
   * The value weights that a query head reads, or those of a key-value head (`group`), `[D, H]`.
   *
   * @throws {InputError} for a head or group that the model does not have
   */
  W_V(head: KeyValueHead): WeightMatrix {
    return valueWeight(this, head);
  }

  /**
   * The output weights of a head, `[H, D]`: what its output z adds to the residual stream.
   *
   * @throws {InputError} for a head that the model does not have
   */
  W_O(head: HeadId): WeightMatrix {
    return outputWeight(this, head);
  }

  /**
   * The unembedding, `[D, V]`, or its columns for some tokens; the final norm's gain is not folded in.
   *
   * @throws {InputError} for tokens outside the vocabulary
   */
  W_U(tokens?: readonly number[]): WeightMatrix {
    return unembeddingWeight(this, tokens);
  }

  /**
   * A KV cache, to pass to {@link PretrainedModel.generate} and to look at.
   *
   * @param attention if given, the cache keeps only what this attention function needs
   */
  newCache(attention?: AttentionFunction): KvCache {
    return this.network.newCache(null, attention);
  }

  /**
   * Answers one question on images or a video, greedily unless a temperature is given.
   *
   * @throws {InputError} for images that cannot be used and impossible options
   *
   * @example
   * ```ts
   * import { fromPretrained } from "./pretrained.ts";
   * const model = await fromPretrained("tests/golden/qwen3_vl");
   * const { answer } = await model.ask(
   *   { images: ["image_image0.png"], question: "What is this?" },
   *   { mediaDir: "tests/golden/qwen3_vl/expected", maxNewTokens: 4 },
   * );
   * if (typeof answer !== "string") throw new Error("no answer");
   * model.dispose();
   * ```
   */
  async ask(question: QuestionParts, options: AskOptions = {}): Promise<Answer> {
    checkOptions("ask", options, askNames satisfies Record<keyof AskOptions, true>);
    const prompt = await this.processor.prepareQuestion(question, options);
    return await this.answer(prompt, options);
  }

  /**
   * Answers a prompt that is prepared, as {@link PretrainedModel.ask} does.
   *
   * @throws {InputError} for impossible options
   */
  async answer(
    prompt: PreparedPrompt,
    options: Omit<AskOptions, keyof PrepareOptions> = {},
  ): Promise<Answer> {
    const tokenIds: number[] = [];
    const text = () => this.processor.tokenizer.decode(tokenIds, { skipSpecialTokens: true });
    for await (
      const { id, isStop } of this.generate(prompt, { maxNewTokens: 64, ...options })
    ) {
      if (isStop) break;
      tokenIds.push(id);
      options.onText?.(text());
    }
    const unknownWords = unknownWordsOf(prompt, this.processor.tokenizer);
    return { answer: text().trim(), tokenIds, prompt, unknownWords };
  }

  /** Frees the weights. */
  dispose(): void {
    this.network.dispose();
  }

  /** Frees the weights at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.dispose();
  }
}

/**
 * Loads a checkpoint in Hugging Face's layout, or GGUF files.
 *
 * The weights stay in memory until the model is freed: declare it with `using`, or call `dispose()`.
 *
 * @param dirOrHubId a shipped model such as `mini`, a directory, a GGUF file, or an id such as
 *   `Qwen/Qwen3-VL-4B-Instruct`, which is downloaded once into the cache that Python's huggingface_hub
 *   uses
 * @param options element type, backend and what else may be chosen; all have defaults
 * @throws {InputError} for a missing, damaged or unsupported checkpoint
 *
 * @example
 * ```ts
 * import { fromPretrained } from "./pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * assertEquals(model.config.text.numHiddenLayers, 4);
 * ```
 */
export async function fromPretrained(
  dirOrHubId: string,
  options: LoadOptions = {},
): Promise<PretrainedModel> {
  checkOptions(
    "load a model",
    options,
    loadNames satisfies Record<keyof LoadOptions, true>,
    { device: "backend", deviceMap: "backend", torchDtype: "dtype" },
  );
  const { backend, dtype = "auto", onProgress, onWarning, processor: overrides, ...rest } = options;
  const { beforeWeights, unpack, ...hub } = rest;
  const rules = new CheckpointRules(options);
  const dir = await resolveModel(dirOrHubId, {
    ...hub,
    onProgress: ({ received, total }) => onProgress?.("download", received, total),
  }, rules);
  const processor = await loadProcessorOf(dir, rules, overrides);
  const { family, config, source } = await openCheckpoint(dir, rules, unpack);
  using _open = source;
  await beforeWeights?.({ processor, config });
  const description = !backend && currentBackend() || await useBackend(backend ?? "auto");
  const kernels = createKernels(dtype, storedWeights(family, config, source));
  matchWeights(family, config, source, rules);
  const progress: LoadProgress = (done, total) => onProgress?.("read", done, total);
  const network = await loadModel(kernels, family, config, source, progress, dir);
  const warnings = rules.warning === null ? [] : [rules.warning];
  for (const warning of warnings) onWarning?.(warning);
  return new PretrainedModel(dir, family, processor, network, description, warnings);
}

/** The processor of a checkpoint directory alone, without weights or backend. */
export async function loadProcessorOf(
  dir: string,
  rules: CheckpointRules = new CheckpointRules(),
  overrides: ProcessorOverrides = {},
): Promise<Processor> {
  const { family, config } = await readModelConfig(dir, rules);
  const recipe = (files: ProcessorFiles) => family.readInputs(files, config);
  return await loadProcessor(dir, recipe, rules, overrides);
}
