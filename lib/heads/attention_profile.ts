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
import { SharedPrefix } from "../model/shared_prefix.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { AttentionFunction } from "../nn/attention.ts";
import { type AttentionProfile, type ProfileExtra, ProfileGathering } from "./profile_gathering.ts";
import type { HeadSample, SampleTokens } from "./scored_sample.ts";

export type { AttentionProfile, ProfileExtra } from "./profile_gathering.ts";

/** How the pass is run. */
export interface ProfileOptions {
  /** What to compute besides; nothing by default. */
  readonly extras?: readonly ProfileExtra[];
  /** Hooks, e.g. an ablation under which attention is watched. */
  readonly hooks?: Hooks;
  /** Attention function of the decoder; dense by default. */
  readonly attention?: AttentionFunction;
}

/** Runs the null query after the shared context and gathers its mean attention. */
function runNullQuery(
  prefix: SharedPrefix,
  ids: Int32Array,
  options: ProfileOptions,
  into: ProfileGathering,
): void {
  const { model, restPositions, length } = prefix;
  const { kernels: k, decoder } = model;
  const cache = model.newCache(prefix.cache);
  const axes = restPositions.length / prefix.rest.embeddings.shape[1];
  const first = restPositions[0]; // a question's tokens advance all axes together
  const positions = Int32Array.from(
    { length: axes * ids.length },
    (_, i) => first + i % ids.length,
  );
  try {
    k.scope(() => {
      const embeddings = k.reshape(decoder.embed(ids), [1, ids.length, -1]);
      const onPattern = (_layer: number, pattern: Tensor) => {
        const before = k.slice(k.sum(pattern, 2), [0, 0, 0], [-1, -1, length]);
        into.addNullQuery(k.scale(before, 1 / ids.length));
      };
      decoder.forward(embeddings, positions, {
        cache,
        attention: options.attention,
        hooks: model.runHooks(options.hooks),
        patternRows: { rows: Array.from(ids.keys()), onPattern },
      });
    });
  } finally {
    cache.dispose();
  }
}

/**
 * Runs a sample once and keeps how the question's attention is spread, for every head.
 *
 * Where the contrast is asked for, the context runs once and both questions after it.
 *
 * @throws {InputError} naming the sample: see {@link sampleTokens}; if the attention is not a number;
 * if the contrast is asked for and the sample has no null query, or its evidence does not stand
 * before the question
 */
export async function attentionProfile(
  model: AnyModel,
  sample: HeadSample,
  options: ProfileOptions = {},
): Promise<AttentionProfile> {
  const network = networkOf(model), { kernels: k, decoder } = network;
  const gathering = new ProfileGathering(k, sample, options.extras ?? []);
  const { tokens, rows } = gathering;
  try {
    if (options.extras?.includes("nullQuery")) {
      const ids = checkNullQuery(sample, tokens);
      using prefix = new SharedPrefix(network, sample.inputs, tokens.question[0], {
        hooks: network.runHooks(options.hooks),
        attention: options.attention,
      });
      const cache = network.newCache(prefix.cache);
      try {
        k.scope(() => {
          decoder.forward(prefix.rest.embeddings, prefix.restPositions, {
            cache,
            deepstack: prefix.rest.deepstack,
            attention: options.attention,
            hooks: network.runHooks(options.hooks),
            patternRows: gathering.request(prefix.length),
          });
        });
      } finally {
        cache.dispose();
      }
      runNullQuery(prefix, ids, options, gathering);
    } else {
      // of the last layer nothing is needed but these rows; hooks, though, expect all rows
      const lastRows = options.hooks ? undefined : sample.inputs.inputIds.length - rows[0];
      const { hooks, attention } = options;
      const request = { hooks, attention, lastRows, patternRows: gathering.request() };
      k.dispose(network.prefill(sample.inputs, request));
    }
    return await gathering.finish(network.config);
  } finally {
    gathering.free();
  }
}

/** The tokens of the null query, checked. */
function checkNullQuery(sample: HeadSample, tokens: SampleTokens): Int32Array {
  const name = `sample ${quoted(sample.id)}`;
  if (!sample.nullQuery || sample.nullQuery.length === 0) {
    throw new InputError(
      `Cannot contrast ${name}: it has no null query, wanted at least 1 token`,
    );
  }
  const late = tokens.evidence.find((token) => token >= tokens.question[0]);
  if (late !== undefined) {
    throw new InputError(
      `Cannot contrast ${name}: its evidence token ${late} does not stand before the question, ` +
        `which begins at token ${tokens.question[0]}`,
    );
  }
  return sample.nullQuery;
}
