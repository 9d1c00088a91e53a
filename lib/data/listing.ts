/**
 * How much of a data set is listed, and what is told of the rest.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { FolderSample } from "./folder_sample.ts";
import { type LeftOut, UnusableSampleError } from "./unusable.ts";

/** How a data set is listed. */
export interface ListOptions {
  /** Samples of each domain at most; all by default. Nothing is read beyond what this needs. */
  readonly limit?: number;
  /** Accepted samples of each domain to go past before the first that is kept; 0 by default. */
  readonly skip?: number;
  /** Samples to keep, before they are counted; all by default. */
  readonly accept?: (sample: FolderSample) => boolean;
  /**
   * Goes on past entries that cannot be read: malformed ones, and ones whose files are missing. By
   * default they are errors, and only entries are left out that nobody could use as they are published.
   */
  readonly skipBad?: boolean;
  /** Told of each entry that is left out. */
  readonly onLeftOut?: (sample: LeftOut) => void;
}

/** Samples that were kept, counted by domain. */
export class Listing {
  /** In the order in which they were added. */
  readonly samples: FolderSample[] = [];
  /** Number of samples that were read, kept or not. */
  read = 0;
  readonly #options: ListOptions;
  readonly #counts = new Map<string, number>();

  /** Empty. */
  constructor(options: ListOptions) {
    this.#options = options;
  }

  /** Keeps a sample, if it is wanted and its domain has room. */
  add(sample: FolderSample): void {
    this.read++;
    if (this.isFull(sample.domain) || this.#options.accept?.(sample) === false) return;
    const before = this.#counts.get(sample.domain) ?? 0;
    this.#counts.set(sample.domain, before + 1);
    if (before >= (this.#options.skip ?? 0)) this.samples.push(sample);
  }

  /** Whether no more samples of a domain are wanted. */
  isFull(domain: string): boolean {
    const { limit = Infinity, skip = 0 } = this.#options;
    return (this.#counts.get(domain) ?? 0) >= skip + limit;
  }

  /**
   * Reads an entry; leaves it out where that fails and may be gone past.
   *
   * @param id the sample's
   * @param always whether an error is one that nobody could use the entry with
   */
  async attempt<T>(
    id: string,
    read: () => T | Promise<T>,
    always: (error: InputError) => boolean = () => false,
  ): Promise<T | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof InputError) || !(this.#options.skipBad || always(error))) throw error;
      const unusable = new UnusableSampleError(id, error.message);
      this.#options.onLeftOut?.(unusable.leftOut);
    }
  }
}
