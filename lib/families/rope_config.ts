/**
 * The rotary embedding of a decoder's config: published files have `rope_theta` and `rope_scaling` for
 * it, transformers 5 has one object `rope_parameters`.
 *
 * Source: transformers 5.23 `modeling_rope_utils.py` (`RotaryEmbeddingConfigMixin`).
 * @module
 */
import { InputError } from "../common/errors.ts";
import { JsonReader } from "../common/json_reader.ts";
import type { RopeConfig } from "../nn/rope.ts";
import {
  dynamicScaling,
  linearScaling,
  llama3Scaling,
  longScaling,
  type RopeScaling,
  yarnScaling,
} from "../nn/rope_scaling.ts";

/** What the rest of the config says. */
interface RopeContext {
  readonly headDim: number;
  readonly maxPositions: number;
}

/** Reads the numbers of one kind of scaling. */
type ReadScaling = (rope: JsonReader, context: RopeContext) => RopeScaling | undefined;

/** A number that may be missing. */
function optional(rope: JsonReader, key: string): number | undefined {
  return rope.has(key) ? rope.number(key) : undefined;
}

/** A number above 0. */
function positive(rope: JsonReader, key: string, fallback?: number): number {
  const value = rope.number(key, fallback);
  if (value > 0) return value;
  throw rope.error(key, "a number above 0");
}

/** Longest sequence of the training. */
function originalLength(rope: JsonReader, { maxPositions }: RopeContext): number {
  return rope.count("original_max_position_embeddings", maxPositions);
}

/** The kinds of `rope_type`. */
const kinds: Readonly<Record<string, ReadScaling>> = {
  default: (rope) => {
    rope.ignore("factor", "original_max_position_embeddings");
    return undefined;
  },
  linear: (rope) => {
    rope.ignore("original_max_position_embeddings");
    return linearScaling(positive(rope, "factor"));
  },
  dynamic: (rope, { maxPositions }) => {
    rope.ignore("original_max_position_embeddings");
    return dynamicScaling(positive(rope, "factor"), maxPositions);
  },
  yarn: (rope, context) => {
    const originalMaxPositions = originalLength(rope, context);
    return yarnScaling({
      originalMaxPositions,
      factor: positive(rope, "factor", context.maxPositions / originalMaxPositions),
      attentionFactor: optional(rope, "attention_factor"),
      betaFast: optional(rope, "beta_fast") || undefined, // 0 is the default, as in transformers
      betaSlow: optional(rope, "beta_slow") || undefined,
      mscale: optional(rope, "mscale"),
      mscaleAllDim: optional(rope, "mscale_all_dim"),
      truncate: rope.boolean("truncate", true),
    });
  },
  llama3: (rope, context) =>
    llama3Scaling({
      factor: positive(rope, "factor"),
      lowFreqFactor: positive(rope, "low_freq_factor"),
      highFreqFactor: positive(rope, "high_freq_factor"),
      originalMaxPositions: originalLength(rope, context),
    }),
  longrope: (rope, context) => {
    const originalMaxPositions = originalLength(rope, context);
    const half = context.headDim / 2;
    return longScaling({
      originalMaxPositions,
      shortFactor: rope.numbers("short_factor", half),
      longFactor: rope.numbers("long_factor", half),
      factor: positive(rope, "factor", context.maxPositions / originalMaxPositions),
      attentionFactor: optional(rope, "attention_factor"),
    });
  },
};

/** Names of older files. */
const olderNames: Readonly<Record<string, string>> = { mrope: "default", su: "longrope" };

/**
 * Reads the rotary embedding.
 *
 * @param text the object with the decoder's keys
 * @param headDim size of a head
 * @param maxPositions `max_position_embeddings`
 * @param defaults base where the file has none, and whether positions have three axes
 * @throws {InputError} for missing, impossible or unsupported values
 */
export function readRope(
  text: JsonReader,
  headDim: number,
  maxPositions: number,
  defaults: { readonly theta?: number; readonly mrope?: "interleaved" | "runs" },
): RopeConfig {
  const published = !text.has("rope_parameters");
  const key = published ? "rope_scaling" : "rope_parameters";
  if (published) text.ignore("rope_scaling"); // may be null
  const rope = text.has(key) ? text.object(key) : new JsonReader({}, `${text.where} ${key}`);
  const theta = (published ? text : rope).number("rope_theta", defaults.theta);
  if (!published && text.has("rope_theta")) text.require("rope_theta", theta);
  rope.require("partial_rotary_factor", 1);
  const names = [...Object.keys(kinds), ...Object.keys(olderNames)];
  const named = rope.oneOf("rope_type", names, rope.oneOf("type", names, "default"));
  const kind = olderNames[named] ?? named;
  const same = names.filter((name) => (olderNames[name] ?? name) === kind);
  for (const key of ["rope_type", "type"]) rope.equivalent(key, same);
  const ropeScaling = kinds[kind](rope, { headDim, maxPositions });
  return {
    headDim,
    ropeTheta: theta,
    ...readSections(rope, headDim, defaults.mrope),
    ...ropeScaling ? { ropeScaling } : {},
  };
}

/** Which frequencies belong to which axis of positions. */
function readSections(
  rope: JsonReader,
  headDim: number,
  mrope?: "interleaved" | "runs",
): Pick<RopeConfig, "mropeSection" | "mropeInterleaved"> {
  if (!mrope) return { mropeSection: null, mropeInterleaved: false };
  const section = rope.integers(
    "mrope_section",
    mrope === "interleaved" ? [24, 20, 20] : undefined,
  );
  if (section.length !== 3 || section.reduce((a, b) => a + b, 0) !== headDim / 2) {
    throw new InputError(
      `Cannot use mrope_section [${section}] of ${rope.where}: wanted three numbers that add up ` +
        `to head_dim / 2 = ${headDim / 2}`,
    );
  }
  const interleaved = mrope === "interleaved";
  rope.require("mrope_interleaved", interleaved);
  return {
    mropeSection: [section[0], section[1], section[2]],
    mropeInterleaved: interleaved,
  };
}
