/**
 * How a checkpoint is loaded and asked, and what an answer is.
 *
 * @module
 */
import type { DTypeChoice } from "../backend/create_kernels.ts";
import type { BackendChoice } from "../backend/select.ts";
import type { PreparedPrompt, PrepareOptions, Processor } from "../inputs/processor.ts";
import type { ProcessorOverrides } from "../inputs/processor_overrides.ts";
import type { ModelConfig } from "../model/config.ts";
import type { GenerateOptions } from "../model/generate.ts";
import type { StrictnessOptions } from "../weights/checkpoint_rules.ts";
import type { ResolveOptions } from "../weights/hub.ts";

/** How a checkpoint is loaded. */
export interface LoadOptions
  extends Omit<ResolveOptions, "weights" | "check" | "onProgress">, StrictnessOptions {
  /** Backend; the one that runs, or the fastest, by default. */
  readonly backend?: BackendChoice;
  /** Element type of weights and matrix products; `auto` by default. */
  readonly dtype?: DTypeChoice;
  /**
   * Whether weights that a GGUF file holds in blocks are turned into plain numbers of the element type
   * when they are read. By default they stay in their blocks on native TensorFlow, and products read
   * these: less memory and less to read for each token, for the same numbers.
   */
  readonly unpack?: boolean;
  /**
   * Settings of the processor in place of those in the checkpoint's files, as transformers'
   * `AutoProcessor.from_pretrained(…, max_pixels=…)`.
   */
  readonly processor?: ProcessorOverrides;
  /**
   * Called when everything but the weights is there, before they are read: what it throws ends the
   * loading, so that a prompt that cannot be used is told at once.
   */
  readonly beforeWeights?: (parts: LoadedParts) => void | Promise<void>;
  /** Told how many bytes of how many are downloaded (first use of a hub id) and then read. */
  readonly onProgress?: (stage: "download" | "read", done: number, total: number) => void;
  /**
   * Told in one sentence of keys in the checkpoint's files that nobody knows and that were passed
   * over. Nothing is printed by default; `PretrainedModel.warnings` holds the same.
   */
  readonly onWarning?: (text: string) => void;
}

/** What of a checkpoint is there before its weights are. */
export interface LoadedParts {
  /** Messages to model inputs. */
  readonly processor: Processor;
  /** Sizes and switches. */
  readonly config: ModelConfig;
}

/** How a question is asked. */
export interface AskOptions extends Partial<GenerateOptions>, PrepareOptions {
  /** Called with the text so far each time that it grows. */
  readonly onText?: (text: string) => void;
}

/** An answered question. */
export interface Answer {
  /** The answer as text. */
  readonly answer: string;
  /** Its tokens, without the one that ends it. */
  readonly tokenIds: readonly number[];
  /** The prompt as the model saw it, with spans and grids. */
  readonly prompt: PreparedPrompt;
  /**
   * Words of the question that are not in the vocabulary, so that the model saw a placeholder in their
   * place; most tokenizers spell every word, and there are none.
   */
  readonly unknownWords: readonly string[];
}
