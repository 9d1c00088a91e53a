/**
 * From samples of a data set to prompts that a model can be measured on.
 *
 * @module
 */

import type { BoundedCache } from "../common/bounded_cache.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import type { PretrainedModel } from "../families/pretrained.ts";
import { questionMessages } from "../inputs/messages.ts";
import type { PreparedPrompt } from "../inputs/processor.ts";
import { evidenceTokens, UnseenEvidenceError } from "../inputs/evidence.ts";
import { spansOf, tokensOf, type TokenSpan } from "../inputs/token_spans.ts";
import { type FolderSample, loadSampleOnce } from "../data/folder_data_set.ts";
import type { Sample } from "../data/sample.ts";
import { UnusableSampleError } from "../data/unusable.ts";
import type { HeadSample } from "../heads/scored_sample.ts";
import type { RuleNeed } from "../heads/scoring_rules.ts";
import type { LazyHeadSample } from "./find_heads.ts";
import type { Json } from "./journal.ts";
import { checkSamples, type LazySample } from "./lazy_sample.ts";
import { sampleDigest } from "./sample_digest.ts";

/** A sample in memory, or one of a folder whose images are read when its turn comes. */
export type AnySample = Sample | FolderSample;

/** How samples become prompts. */
export interface PromptOptions {
  /**
   * A null (content-free) query such as "N/A" for samples without one, which then take one more pass
   * over the question's tokens; none by default.
   */
  readonly nullQuery?: string;
}

/** What a prompt is for. */
export interface EvidenceOptions {
  /** Whether evidence that the model does not see makes a sample unusable; not by default. */
  readonly needsEvidence?: boolean;
  /** Where images and what is made of them are kept for other prompts; nowhere by default. */
  readonly reuse?: ReuseCache;
}

/** A sample with its images. */
async function inMemory(sample: AnySample, memory?: BoundedCache): Promise<Sample> {
  return "folder" in sample ? await loadSampleOnce(sample, memory) : sample;
}

/**
 * The prompt of a sample: one user turn with the media in order, then the question, and its evidence
 * as tokens; none where the model sees nothing of it, which only scores of heads need.
 *
 * @throws {UnusableSampleError} that names the sample, if its images or evidence cannot be used
 */
export async function samplePrompt(
  model: PretrainedModel,
  sample: AnySample,
  { needsEvidence = false, reuse }: EvidenceOptions = {},
): Promise<PreparedPrompt> {
  try {
    const memory = reuse?.memory;
    const loaded = await inMemory(sample, memory);
    const { question, evidence } = loaded, messages = questionMessages(loaded);
    try {
      return await model.prepare(messages, { question, evidence, memory });
    } catch (error) {
      if (needsEvidence || !(error instanceof UnseenEvidenceError)) throw error;
      return await model.prepare(messages, { question, memory });
    }
  } catch (error) {
    throw UnusableSampleError.of(sample.id, error);
  }
}

/** A sample's names, its prompt, and what the prompt's tokens are. */
export async function promptedSample(
  model: PretrainedModel,
  sample: AnySample,
  options: EvidenceOptions = {},
): Promise<Pick<HeadSample, "id" | "domain" | "spans"> & { readonly inputs: PreparedPrompt }> {
  const inputs = await samplePrompt(model, sample, options);
  return { id: sample.id, domain: sample.domain, inputs, spans: inputs.spans };
}

/** Paths of a sample's media; none for images in memory. */
function mediaOf(sample: AnySample): string[] {
  if (!("folder" in sample)) return [];
  return (sample.images ?? sample.video.frames).map((name) => `${sample.folder}/${name}`);
}

/**
 * Samples that are prepared when their turn comes.
 *
 * @param settings how all of them become prompts; part of a run's identity
 */
export function lazily<T>(
  samples: readonly AnySample[],
  load: (sample: AnySample, reuse?: ReuseCache) => Promise<T>,
  settings: Json = null,
): LazySample<T>[] {
  checkSamples(samples);
  return samples.map((sample) => ({
    id: sample.id,
    domain: sample.domain,
    load: (reuse) => load(sample, reuse),
    digest: () => Promise.resolve(sampleDigest(sample)),
    settings,
    media: mediaOf(sample),
  }));
}

/** How samples become prompts, where that is not as the checkpoint's files say. */
export function promptSettings(
  { processor }: PretrainedModel,
  { nullQuery }: PromptOptions = {},
): Json {
  const overrides = Object.entries(processor.overrides).filter(([, value]) => value !== undefined);
  const settings = {
    ...(nullQuery === undefined ? {} : { nullQuery }),
    ...(overrides.length === 0 ? {} : { processor: Object.fromEntries(overrides) }),
  };
  return Object.keys(settings).length === 0 ? null : settings;
}

/** @throws {UnusableSampleError} if a sample has no tokens that heads could be scored on */
function checkSpans({ id, spans }: Pick<HeadSample, "id" | "spans">): void {
  if (tokensOf(spans.question).length === 0) {
    throw new UnusableSampleError(id, "its question has no tokens");
  }
  if (tokensOf(spans.evidence).length > 0) return;
  throw new UnusableSampleError(
    id,
    "its evidence has no tokens (a model sees some of a video's frames and may crop images: " +
      "evidence between those frames or outside of the crop is not seen)",
  );
}

/** Tokens of what the model sees of a sample's foils. */
function foilSpans(
  { id, foils = [] }: AnySample,
  prompt: PreparedPrompt,
): readonly TokenSpan[] {
  try {
    return spansOf(foils.flatMap((foil) => {
      try {
        return evidenceTokens(prompt, foil);
      } catch (error) {
        if (error instanceof UnseenEvidenceError) return [];
        throw error;
      }
    }));
  } catch (error) {
    throw UnusableSampleError.of(id, error);
  }
}

/** What the scores need of a sample and it says, before it is loaded. */
function offersOf(sample: AnySample, { nullQuery }: PromptOptions): RuleNeed[] {
  return [
    ...sample.null === undefined && nullQuery === undefined ? [] : ["nullQuery" as const],
    ...sample.unrelated === undefined ? [] : ["unrelatedQuestion" as const],
    ...sample.foils?.length ? ["foils" as const] : [],
  ];
}

/**
 * Samples for `findHeads`, each prepared when its turn comes. Loading throws an
 * {@link UnusableSampleError} for one that cannot be used.
 *
 * @example
 * ```ts
 * import { headSamples } from "./samples.ts";
 * import { fromPretrained } from "../families/pretrained.ts";
 * import { domainOf } from "../../lab/synthetic/domains.ts";
 * import { assert } from "@std/assert";
 * using model = await fromPretrained("tests/golden/qwen3_vl");
 * const sample = domainOf("scene").generate(1, {
 *   cellsPerSide: 4,
 *   images: 1,
 *   difficulty: 1,
 *   split: "test",
 * });
 * const [lazy] = headSamples(model, [sample]);
 * assert((await lazy.load()).spans.evidence.length > 0);
 * ```
 */
export function headSamples(
  model: PretrainedModel,
  samples: readonly AnySample[],
  options: PromptOptions = {},
): LazyHeadSample[] {
  const nullQuery = options.nullQuery === undefined
    ? undefined
    : model.processor.tokenizer.encode(options.nullQuery, { addSpecialTokens: false });
  const lazy = lazily(samples, async (sample, reuse): Promise<HeadSample> => {
    const prompted = await promptedSample(model, sample, { needsEvidence: true, reuse });
    checkSpans(prompted);
    const { inputs } = prompted;
    const other = (question?: string) =>
      question === undefined ? undefined : model.processor.otherQuestion(inputs, question);
    return {
      ...prompted,
      grids: inputs.grids,
      nullQuery: other(sample.null) ?? nullQuery,
      unrelatedQuestion: other(sample.unrelated),
      foilSpans: foilSpans(sample, inputs),
    };
  }, promptSettings(model, options));
  return lazy.map((one, i) => ({ ...one, offers: offersOf(samples[i], options) }));
}
