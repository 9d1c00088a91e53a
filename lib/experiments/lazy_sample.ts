/**
 * Samples that are loaded when their turn comes, and the units of work that they are.
 *
 * @module
 */
import { digestOf } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { isRecord, kindOf } from "../common/values.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import type { Json } from "./journal.ts";

/** A sample that is loaded when its turn comes, so that images need not all be in memory. */
export interface LazySample<T> {
  /** Unique in its data set. */
  readonly id: string;
  /** Name of its domain. */
  readonly domain: string;
  /** Loads it; what other samples may have in common with it is kept in the cache. */
  readonly load: (reuse?: ReuseCache) => Promise<T>;
  /**
   * Digest of all that the sample is: question, answer, choices, evidence and the bytes of its media.
   * Without it the loaded sample is digested, which takes a load also where its result is known.
   */
  readonly digest?: () => Promise<string>;
  /** How samples become prompts, where that is the same for all of a run: part of its identity. */
  readonly settings?: Json;
  /** Its media by path, which other samples may have in common with it. */
  readonly media?: readonly string[];
}

/** A unit of work at hand. */
export interface OpenUnit<Row> {
  /** Digest of what its result depends on, beyond what holds for the whole run. */
  readonly digest: string;
  /** Digest of its sample alone, where its result depends on more. */
  readonly sample?: string;
  /** Does the work. */
  readonly work: () => Promise<Row>;
}

/** One unit of work: what can be finished and noted by itself, usually a sample. */
export interface Unit<Row> {
  /** Unique in the run. */
  readonly key: string;
  /** Takes it up, without working yet. */
  readonly open: () => Promise<OpenUnit<Row>>;
  /** Media by path, which other units may have in common with it. */
  readonly media?: readonly string[];
  /** Tokens of its prompt, where it has one; takes a load. */
  readonly tokens?: () => Promise<number | null>;
}

/** Whether a sample has yet to be loaded. */
function isLazy<T extends object>(sample: T | LazySample<T>): sample is LazySample<T> {
  return "load" in sample;
}

/** Tokens of a sample's prompt; null for samples without one. */
function promptLength(sample: object): number | null {
  const { inputs } = sample as { readonly inputs?: { readonly inputIds?: ArrayLike<number> } };
  return inputs?.inputIds?.length ?? null;
}

/**
 * Samples as units of work, one each.
 *
 * @param work makes the row of a loaded sample
 * @param reuse where loaded media are kept for other samples; nowhere by default
 */
export function sampleUnits<T extends { readonly id: string; readonly domain: string }, Row>(
  samples: readonly (T | LazySample<T>)[],
  work: (sample: T, id: string, domain: string) => Promise<Row>,
  reuse?: ReuseCache,
): Unit<Row>[] {
  return samples.map((sample) => {
    const { id, domain } = sample;
    const open = async (): Promise<OpenUnit<Row>> => {
      if (isLazy(sample) && sample.digest) {
        const digest = await sample.digest();
        return { digest, work: async () => await work(await sample.load(reuse), id, domain) };
      }
      const loaded = isLazy(sample) ? await sample.load(reuse) : sample;
      return { digest: digestOf(loaded), work: () => work(loaded, id, domain) };
    };
    const tokens = async () => promptLength(isLazy(sample) ? await sample.load(reuse) : sample);
    return { key: id, open, tokens, media: isLazy(sample) ? sample.media : undefined };
  });
}

/**
 * Checks that somebody who writes without types passed samples.
 *
 * @param made what makes samples with prompts of samples, where such are wanted
 * @throws {InputError} for something else
 */
export function checkSamples(samples: unknown, made?: string): void {
  const wanted = made === undefined
    ? 'a list of them, such as await listSamples("shipped")'
    : `${made}(model, samples)`;
  if (!Array.isArray(samples)) {
    throw new InputError(`Cannot use ${kindOf(samples)} as samples: wanted ${wanted}`);
  }
  for (const sample of samples) {
    if (isRecord(sample) && (made === undefined || "load" in sample || isRecord(sample.inputs))) {
      continue;
    }
    const without = isRecord(sample) ? " without a prompt" : "";
    throw new InputError(`Cannot use ${kindOf(sample)}${without} as a sample: wanted ${wanted}`);
  }
}

/** How the samples of a run become prompts, where they say so. */
export function sampleSettings(samples: readonly (object | LazySample<object>)[]): Json {
  const [first] = samples;
  return first && "settings" in first ? first.settings as Json ?? null : null;
}
