/**
 * Other explanations of a head's attention, measured without any evidence: on random tokens that are
 * said twice, where nothing but repetition and position can guide a head.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { allHeads, type HeadId } from "../common/head_id.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { type AnyModel, networkOf } from "../model/network_of.ts";
import type { ModelInputs } from "../model/model_inputs.ts";
import { Random, type Seed } from "../stats/random.ts";

/** How the repeated random tokens are made. */
export interface RepeatedTokensOptions {
  /** Tokens to draw from; by default the vocabulary without the special tokens that the config names. */
  readonly tokens?: readonly number[];
  /** Token before them, such as the one with which texts begin; none by default. */
  readonly first?: number;
  /** R, tokens that are said twice; 50 by default, at most as many as there are to draw from. */
  readonly length?: number;
  /** Number of sequences; 4 by default. */
  readonly sequences?: number;
  /** Seed of the tokens; 0 by default. */
  readonly seed?: Seed;
}

/**
 * Scores of every head, `[L, N]` row by row, each a mean over the second half's rows i and over
 * sequences; R is the distance of the two times that a token is said. All lie in [0, 1].
 */
export interface RivalScores {
  /** Attention on the token after the first time: pattern[i, i - R + 1] (Olsson et al. 2022). */
  readonly induction: Float32Array;
  /** Attention on the first time: pattern[i, i - R] (duplicate-token heads, Wang et al. 2023). */
  readonly duplicate: Float32Array;
  /** Attention on the token before: pattern[i, i - 1]. */
  readonly previous: Float32Array;
  /** Attention on the sequence's first token: pattern[i, 0] (attention sinks, Xiao et al. 2024). */
  readonly sink: Float32Array;
  /** Position: mean distance that attention goes back, as a share of the way to the first token. */
  readonly distance: Float32Array;
}

/** Names of {@link RivalScores}. */
export const rivalNames = ["induction", "duplicate", "previous", "sink", "distance"] as const;

/** A prompt of text alone. */
function textInputs(ids: readonly number[], axes: number): ModelInputs {
  const length = ids.length;
  return {
    inputIds: Int32Array.from(ids),
    positionIds: Int32Array.from({ length: axes * length }, (_, i) => i % length),
    nextPosition: length,
    media: {},
  };
}

/** What is summed of the rows of a pattern: a weight for each key, `[rows, S]`. */
function weightsOf(name: typeof rivalNames[number], rows: readonly number[], R: number) {
  const size = rows[rows.length - 1] + 1;
  const weights = new Float32Array(rows.length * size);
  rows.forEach((i, row) => {
    const at = { induction: i - R + 1, duplicate: i - R, previous: i - 1, sink: 0 };
    if (name !== "distance") weights[row * size + at[name]] = 1;
    else for (let j = 0; j <= i; j++) weights[row * size + j] = (i - j) / i;
  });
  return weights;
}

/**
 * Induction, duplicate-token, previous-token and sink scores of every head, and how far back it looks,
 * on repeated random tokens.
 *
 * @throws {InputError} for fewer than 2 tokens to draw from, or lengths and numbers that are no positive
 *   whole numbers
 *
 * @example
 * ```ts
 * import { rivalScores } from "./rival_scores.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel, plantedWords } from "../../lab/planted/planted.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const kernels = createKernels("float32");
 * const { model, inductionHeads } = plantedModel(kernels, { seed: 1, inductionHeads: 1 });
 * const { induction } = await rivalScores(model, plantedWords);
 * const [{ layer, head }] = inductionHeads;
 * assert(induction[layer * 8 + head] > 0.9);
 * model.dispose();
 * ```
 */
export async function rivalScores(
  model: AnyModel,
  options: RepeatedTokensOptions = {},
): Promise<RivalScores> {
  const network = networkOf(model), { kernels: k, config, grid } = network;
  const special = new Set([config.imageTokenId, config.videoTokenId, ...config.eosTokenIds]);
  const all = Array.from({ length: config.text.vocabSize }, (_, id) => id);
  const tokens = options.tokens ?? all.filter((id) => !special.has(id));
  const { sequences = 4, seed = 0, first } = options;
  const length = Math.min(options.length ?? 50, tokens.length);
  if (!(Number.isInteger(length) && length >= 2 && Number.isInteger(sequences) && sequences >= 1)) {
    throw new InputError(
      `Cannot repeat ${length} tokens in ${sequences} sequences: wanted at least 2 different tokens ` +
        "and 1 sequence",
    );
  }
  const random = new Random(seed).fork("repeated tokens");
  const start = first === undefined ? 0 : 1;
  const rows = Array.from({ length }, (_, i) => start + length + i);
  const heads = grid.layers * grid.heads;
  const sums = Object.fromEntries(rivalNames.map((name) => [name, new Float32Array(heads)]));
  const axes = config.text.mropeSection ? 3 : 1;
  for (let sequence = 0; sequence < sequences; sequence++) {
    const said = [...random.choice(tokens.length, length)].map((i) => tokens[i]);
    const ids = [...(first === undefined ? [] : [first]), ...said, ...said];
    const kept: Tensor[] = [];
    try {
      const onPattern = (_layer: number, pattern: Tensor, kernels: Kernels) => {
        kept.push(kernels.keep(scoresOf(kernels, pattern, rows, length)));
      };
      k.dispose(network.prefill(textInputs(ids, axes), {
        lastRows: length,
        patternRows: { rows, onPattern },
      }));
      for (const [layer, tensor] of kept.entries()) {
        const values = await k.read(tensor); // [rivals, N]
        rivalNames.forEach((name, r) => {
          for (let head = 0; head < grid.heads; head++) {
            sums[name][layer * grid.heads + head] += values[r * grid.heads + head] / sequences;
          }
        });
      }
    } finally {
      k.dispose(...kept);
    }
  }
  return sums as Record<typeof rivalNames[number], Float32Array>;
}

/** Every rival's mean over rows of a pattern `[1, N, rows, S]`: `[rivals, N]`. */
function scoresOf(k: Kernels, pattern: Tensor, rows: readonly number[], length: number): Tensor {
  const [, heads, count, size] = pattern.shape;
  const flat = k.reshape(pattern, [heads, count * size]);
  const weights = rivalNames.map((name) =>
    k.reshape(k.tensor(weightsOf(name, rows, length), [count * size]), [1, count * size])
  );
  return k.concat(
    weights.map((weight) =>
      k.scale(k.reshape(k.sum(k.mul(flat, weight), 1), [1, heads]), 1 / count)
    ),
    0,
  );
}

/** What the scores say a head is: the one sort that stands out, or none. */
export type HeadKind = "retrieval" | "induction" | "duplicate" | "previous" | "sink" | "other";

/** One head's line of {@link headProfile}. */
export interface HeadProfileRow extends HeadId {
  /** Scores by name: whatever was given, and the rivals. */
  readonly scores: Readonly<Record<string, number>>;
  /** What kind of head it is. */
  readonly kind: HeadKind;
  /** Whether it is a retrieval head and has an induction or duplicate-token score above the threshold. */
  readonly both: boolean;
}

/** Options of {@link headProfile}. */
export interface HeadProfileOptions extends RepeatedTokensOptions {
  /** Scores beside the rivals, `[L, N]` each, e.g. means of `ram` and `calibrated`. */
  readonly scores?: Readonly<Record<string, ArrayLike<number>>>;
  /** The heads that count as retrieval heads, e.g. those that `detectHeads` names. */
  readonly retrievalHeads?: readonly HeadId[];
  /** Attention from which on a rival names a head; 0.3 by default. */
  readonly threshold?: number;
}

/**
 * What kind of head is it? One line for each head, with the given scores beside the rivals. A head of
 * `retrievalHeads` is a retrieval head; another goes by its largest rival, if that reaches the threshold.
 *
 * @throws {InputError} for scores of another number of heads; as {@link rivalScores}
 *
 * @example
 * ```ts
 * import { headProfile } from "./rival_scores.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel, plantedWords } from "../../lab/planted/planted.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const planted = plantedModel(createKernels("float32"), { seed: 1, inductionHeads: 2 });
 * const { retrievalHeads } = planted;
 * const rows = await headProfile(planted.model, { ...plantedWords, retrievalHeads });
 * assertEquals(rows.filter(({ kind }) => kind === "induction").length, 2);
 * planted.model.dispose();
 * ```
 */
export async function headProfile(
  model: AnyModel,
  options: HeadProfileOptions = {},
): Promise<HeadProfileRow[]> {
  const { scores = {}, retrievalHeads = [], threshold = 0.3 } = options;
  const { grid } = networkOf(model), heads = grid.layers * grid.heads;
  for (const [name, values] of Object.entries(scores)) {
    if (values.length === heads) continue;
    throw new InputError(
      `Cannot put scores "${name}" into the table: ${values.length} values, wanted ${heads}`,
    );
  }
  const rivals = await rivalScores(model, options);
  const named = new Set(retrievalHeads.map(({ layer, head }) => layer * grid.heads + head));
  const kinds = ["induction", "duplicate", "previous", "sink"] as const;
  return allHeads(grid).map((id, i) => {
    const largest = kinds.reduce((best, kind) => rivals[kind][i] > rivals[best][i] ? kind : best);
    const retrieval = named.has(i);
    const rival = rivals[largest][i] >= threshold ? largest : "other";
    return {
      ...id,
      scores: Object.fromEntries([
        ...Object.entries(scores).map(([name, values]) => [name, values[i]]),
        ...rivalNames.map((name) => [name, rivals[name][i]]),
      ]),
      kind: retrieval ? "retrieval" : rival,
      both: retrieval && Math.max(rivals.induction[i], rivals.duplicate[i]) >= threshold,
    };
  });
}
