/**
 * The pass: one prefill of a sample that keeps, for every head, how the question's attention is
 * spread over the prompt, and no attention map. Memory grows linearly with the prompt.
 *
 * @module
 */
import type { Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { Hooks } from "../hooks/hook_point.ts";
import type { ReuseCache } from "../model/reuse_cache.ts";
import { SharedPrefix } from "../model/shared_prefix.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import {
  type AttentionProfile,
  type OtherQuestion,
  otherQuestions,
  type ProfileExtra,
  ProfileGathering,
} from "./profile_gathering.ts";
import type { HeadSample, SampleTokens } from "./scored_sample.ts";
import { valueNorms } from "./value_norms.ts";

export type { AttentionProfile, ProfileExtra } from "./profile_gathering.ts";

/** How the pass is run. */
export interface ProfileOptions {
  /** What to compute besides; nothing by default. */
  readonly extras?: readonly ProfileExtra[];
  /** Hooks, e.g. an ablation under which attention is watched. */
  readonly hooks?: Hooks;
  /** Attention function of the decoder; dense by default. */
  readonly attention?: AttentionFunction;
  /** Where prefixes and features of media are kept for other samples; with hooks they are not. */
  readonly reuse?: ReuseCache;
}

/** A question that takes the place of the sample's own. */
interface OtherTokens {
  readonly question: OtherQuestion;
  readonly ids: Int32Array;
}

/** Runs other questions after the shared context, in one batch, and gathers their mean attention. */
function runOthers(
  prefix: SharedPrefix,
  others: readonly OtherTokens[],
  options: ProfileOptions,
  into: ProfileGathering,
): void {
  const { model, restPositions, length } = prefix;
  const { kernels: k, decoder } = model;
  const cache = model.newCache(prefix.cache);
  const axes = restPositions.length / prefix.rest.embeddings.shape[1];
  const first = restPositions[0]; // a question's tokens advance all axes together
  const rows = Math.max(...others.map(({ ids }) => ids.length));
  const positions = Int32Array.from({ length: axes * rows }, (_, i) => first + i % rows);
  const padded = new Int32Array(others.length * rows); // no token sees those that follow it
  others.forEach(({ ids }, i) => padded.set(ids, i * rows));
  try {
    k.scope(() => {
      const embeddings = k.reshape(decoder.embed(padded), [others.length, rows, -1]);
      const onPattern = (_layer: number, pattern: Tensor) =>
        others.forEach(({ question, ids }, i) => {
          const own = k.slice(pattern, [i, 0, 0, 0], [1, -1, ids.length, length]);
          into.addOther(question, k.scale(k.sum(own, 2), 1 / ids.length));
        });
      decoder.forward(embeddings, positions, {
        cache,
        attention: options.attention,
        hooks: model.runHooks(options.hooks),
        patternRows: { rows: Array.from({ length: rows }, (_, row) => row), onPattern },
      });
    });
  } finally {
    cache.dispose();
  }
}

/**
 * Runs a sample once and keeps how the question's attention is spread, for every head.
 *
 * What stands before the question runs first and may be kept for the next sample on the same media;
 * then the question. Where other questions are asked for (a null query, an unrelated question), they
 * follow the same context in one batch. Value norms take one more pass.
 *
 * @throws {InputError} naming the sample: see {@link sampleTokens}; if the attention is not a number;
 * if another question is asked for and the sample has none, or its evidence does not stand before the
 * question
 */
export async function attentionProfile(
  model: AnyModel,
  sample: HeadSample,
  options: ProfileOptions = {},
): Promise<AttentionProfile> {
  const network = networkOf(model), { kernels: k, decoder } = network;
  const gathering = new ProfileGathering(k, sample, options.extras ?? []);
  const { tokens } = gathering;
  try {
    const others = otherTokens(sample, tokens, options.extras ?? []);
    if (others.length > 0 || !options.hooks) {
      const { attention, reuse } = options, hooks = network.runHooks(options.hooks);
      const run = { hooks, attention, reuse };
      using prefix = new SharedPrefix(network, sample.inputs, tokens.question[0], run);
      const cache = network.newCache(prefix.cache);
      try {
        k.scope(() => {
          decoder.forward(prefix.rest.embeddings, prefix.restPositions, {
            ...{ cache, attention, deepstack: prefix.rest.deepstack },
            hooks: network.runHooks(options.hooks),
            patternRows: gathering.request(prefix.length),
          });
        });
      } finally {
        cache.dispose();
      }
      if (others.length > 0) runOthers(prefix, others, options, gathering);
    } else { // hooks expect all rows at once
      const { hooks, attention } = options;
      k.dispose(
        network.prefill(sample.inputs, { hooks, attention, patternRows: gathering.request() }),
      );
    }
    const profile = await gathering.finish(network.config);
    if (!options.extras?.includes("valueNorms")) return profile;
    return { ...profile, valueNorms: await valueNorms(network, sample.inputs) };
  } finally {
    gathering.free();
  }
}

/** What other questions are called in messages. */
const otherNames: Readonly<Record<OtherQuestion, string>> = {
  nullQuery: "null query",
  unrelatedQuestion: "unrelated question",
};

/** The tokens of the other questions that are asked for, checked. */
function otherTokens(
  sample: HeadSample,
  tokens: SampleTokens,
  extras: readonly ProfileExtra[],
): OtherTokens[] {
  const name = `sample ${quoted(sample.id)}`;
  const found = otherQuestions.filter((question) => extras.includes(question)).map((question) => {
    const ids = sample[question];
    if (ids && ids.length > 0) return { question, ids };
    throw new InputError(
      `Cannot contrast ${name}: it has no ${otherNames[question]}, wanted at least 1 token`,
    );
  });
  const late = tokens.evidence.find((token) => token >= tokens.question[0]);
  if (found.length > 0 && late !== undefined) {
    throw new InputError(
      `Cannot contrast ${name}: its evidence token ${late} does not stand before the question, ` +
        `which begins at token ${tokens.question[0]}`,
    );
  }
  return found;
}
