/**
 * Prompts of samples with their embeddings, kept for runs that ask the same questions several times.
 *
 * @module
 */
import type { PretrainedModel } from "../families/pretrained.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import type { EmbeddedPrompt } from "../model/run_options.ts";
import { type AnySample, samplePrompt } from "./samples.ts";

/** A prompt, with its embeddings where there is room for them. */
export interface StoredPrompt {
  /** The prompt. */
  readonly prompt: PreparedPrompt;
  /** Its embeddings, which belong to the store; absent beyond the store's limit. */
  readonly embedded?: EmbeddedPrompt;
}

/**
 * Prepares and embeds the prompt of each sample once: images go through the vision tower once,
 * however many attention functions answer. Dispose of it to free the embeddings.
 */
export class PromptStore implements Disposable {
  readonly #stored = new Map<AnySample, StoredPrompt & { embedded: EmbeddedPrompt }>();
  #bytes = 0;

  /**
   * An empty store.
   *
   * @param limit bytes of embeddings to hold; samples beyond are prepared anew each time
   * @param reuse where features of media that several samples show are kept; nowhere by default
   */
  constructor(
    readonly model: PretrainedModel,
    readonly limit = 256e6,
    readonly reuse?: ReuseCache,
  ) {}

  /**
   * The prompt of a sample.
   *
   * @throws {InputError} that names the sample, if its images or evidence cannot be used
   */
  async get(sample: AnySample): Promise<StoredPrompt> {
    const known = this.#stored.get(sample);
    if (known) return known;
    const { reuse } = this;
    const prompt = await samplePrompt(this.model, sample, { reuse });
    if (this.#bytes >= this.limit) return { prompt };
    const embedded = this.model.network.embedPrompt(prompt, null, { reuse });
    const found = { prompt, embedded };
    this.#stored.set(sample, found);
    for (const { shape } of [embedded.embeddings, ...embedded.deepstack]) {
      this.#bytes += 4 * shape.reduce((a, b) => a * b, 1);
    }
    return found;
  }

  /** Frees the embeddings. */
  [Symbol.dispose](): void {
    for (const { embedded: { embeddings, deepstack } } of this.#stored.values()) {
      this.model.network.kernels.dispose(embeddings, ...deepstack);
    }
    this.#stored.clear();
    this.#bytes = 0;
  }
}
