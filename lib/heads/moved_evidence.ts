/**
 * Is the attention on the evidence concentrated in few heads because it is the evidence? The answer
 * comes from moving the evidence: the same question, the same attention, other tokens.
 *
 * `concentrationTest` shuffles heads, which only asks whether heads differ at all; they do in a model
 * that was never trained. Here the heads stay and the place moves, so a difference that has nothing to
 * do with the evidence is the same on both sides.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { AnyModel } from "../model/network_of.ts";
import { monteCarloPValue } from "../stats/permutation.ts";
import { Random, type Seed } from "../stats/random.ts";
import { massOn } from "./attention_mass.ts";
import {
  type AttentionProfile,
  attentionProfile,
  type ProfileOptions,
} from "./attention_profile.ts";
import { type HeadSample, type SampleTokens, sampleTokens } from "./scored_sample.ts";

/** Among which tokens evidence is moved: the whole context, or the sample's foils. */
export type MoveAmong = "context" | "foils";

/** How evidence is moved. */
export interface MoveOptions {
  /**
   * Among which tokens. By default `foils` in {@link evidenceConcentration} where all samples have them,
   * and `context` otherwise.
   */
  readonly among?: MoveAmong;
  /** Other places for each sample at most; 20 by default. */
  readonly places?: number;
  /** Seed of the places; 0 by default. */
  readonly seed?: Seed;
}

/** Attention of every head on a sample's evidence, and on as many tokens elsewhere. */
export interface PlacedMasses {
  /** On the evidence (RAM), `[L, N]` row by row. */
  readonly own: Float32Array;
  /** On each of the other places, likewise. */
  readonly moved: readonly Float32Array[];
}

/**
 * Other places for the evidence: it is shifted along the tokens that it may lie among, in reading order
 * and around the end, so that it keeps its size and (but for the end) its form. Places that meet the
 * evidence do not count.
 *
 * @returns token indices of each place, at most `places`; none where the evidence fills more than half
 *
 * @example
 * ```ts
 * import { otherPlaces } from "./moved_evidence.ts";
 * import { assertEquals } from "@std/assert";
 * const tokens = { evidence: [2, 3], foils: [], context: [1, 2, 3, 4, 5] };
 * assertEquals(otherPlaces(tokens, { seed: 1 }).map((place) => place.toSorted()).toSorted(), [
 *   [1, 5],
 *   [4, 5],
 * ]);
 * ```
 */
export function otherPlaces(
  tokens: Pick<SampleTokens, "evidence" | "foils" | "context">,
  { among = "context", places = 20, seed = 0 }: MoveOptions = {},
): number[][] {
  const own = new Set(tokens.evidence);
  const line = among === "context"
    ? tokens.context
    : [...tokens.evidence, ...tokens.foils].sort((a, b) => a - b);
  const at = line.flatMap((token, i) => own.has(token) ? [i] : []);
  const shifts = new Random(seed).fork("moved evidence").permutation(line.length);
  const found: number[][] = [];
  for (const shift of shifts) {
    if (found.length === places) break;
    const place = at.map((i) => line[(i + shift) % line.length]);
    if (!place.some((token) => own.has(token))) found.push(place);
  }
  return found;
}

/**
 * Attention of every head on the evidence and on other places, from a profile.
 *
 * @throws {InputError} naming the sample, where the evidence leaves no room for another place
 */
export function placedMasses(
  profile: AttentionProfile,
  sample: Pick<HeadSample, "id">,
  options: MoveOptions = {},
): PlacedMasses {
  const { tokens, question, shape: [layers, heads, keys] } = profile;
  const places = otherPlaces(tokens, options);
  if (places.length === 0) {
    throw new InputError(
      `Cannot move the evidence of sample ${quoted(sample.id)}: its ${tokens.evidence.length} ` +
        `tokens leave no other place of their size among its ${options.among ?? "context"} tokens`,
    );
  }
  const masses = (place: readonly number[]) =>
    Float32Array.from(
      { length: layers * heads },
      (_, i) => massOn(question.subarray(i * keys, (i + 1) * keys), place),
    );
  return { own: masses(tokens.evidence), moved: places.map(masses) };
}

/** Options of {@link movedEvidenceTest}. */
export interface MovedEvidenceOptions {
  /** Share of heads that counts as top; 0.05 by default. */
  readonly fraction?: number;
  /** Random draws; 999 by default. */
  readonly draws?: number;
  /** Seed of the draws; 0 by default. */
  readonly seed?: Seed;
}

/** A statistic of the heads where the evidence is, and where it is elsewhere. */
export interface MovedStatistic {
  /** With the evidence in its place. */
  readonly observed: number;
  /** Mean with places drawn at random, the evidence's among them. */
  readonly nullMean: number;
  /** Probability of at least the observed value if the evidence were a place like any other. */
  readonly pValue: number;
}

/** Outcome of {@link evidenceConcentration}. */
export interface MovedEvidenceOutcome extends MovedEvidenceResult {
  /** Among which tokens the evidence was moved. */
  readonly among: MoveAmong;
}

/** Outcome of {@link movedEvidenceTest}. */
export interface MovedEvidenceResult {
  /** Mean attention of the top heads on the evidence: do they look there more than elsewhere? */
  readonly topMass: MovedStatistic;
  /** Share of all heads' attention on the evidence that the top heads have. */
  readonly topShare: MovedStatistic;
}

/** Mean of the largest values, and their share of the total. */
function topOf(map: Float64Array, count: number): readonly [mass: number, share: number] {
  const sorted = map.toSorted();
  const top = sorted.subarray(sorted.length - count).reduce((sum, value) => sum + value, 0);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  return [top / count, total > 0 ? top / total : 0];
}

/**
 * Tests whether the top heads' attention is due to the evidence. Null hypothesis: the evidence is a
 * place like any other, so that in each sample it could be exchanged with another place. Each draw picks
 * one of a sample's places, the evidence's included, for every sample, and takes the top heads anew from
 * the mean map, so that choosing the best heads has no advantage.
 *
 * The places of a sample share its question and context. What the test cannot see is a bias to where
 * evidence tends to stand (middle of images, end of a text) or to what it looks like: even an
 * untrained model attends a little more to words than to texture, and passes among the `context`. Among
 * `foils`, places of the evidence's own kind, it does not.
 *
 * @param samples at least 2
 * @throws {InputError} for fewer samples, or a fraction outside (0, 1]
 *
 * @example
 * ```ts
 * import { movedEvidenceTest } from "./moved_evidence.ts";
 * import { assert } from "@std/assert";
 * const looksUp = { own: Float32Array.of(0.9, 0.1), moved: [Float32Array.of(0, 0.1)] };
 * const samples = Array.from({ length: 12 }, () => looksUp);
 * assert(movedEvidenceTest(samples, { fraction: 0.5 }).topMass.pValue < 0.01);
 * ```
 */
export function movedEvidenceTest(
  samples: readonly PlacedMasses[],
  { fraction = 0.05, draws = 999, seed = 0 }: MovedEvidenceOptions = {},
): MovedEvidenceResult {
  if (samples.length < 2) {
    throw new InputError(
      `Cannot test moved evidence on ${samples.length} samples: at least 2 needed`,
    );
  }
  if (!(fraction > 0 && fraction <= 1)) {
    throw new InputError(`Cannot take the top ${fraction} of heads: fraction must be in (0, 1]`);
  }
  const size = samples[0].own.length, count = Math.max(1, Math.round(fraction * size));
  const random = new Random(seed).fork("moved evidence test");
  const statistic = (pick: (sample: PlacedMasses) => Float32Array) => {
    const sums = new Float64Array(size);
    for (const sample of samples) pick(sample).forEach((value, i) => sums[i] += value);
    return topOf(sums.map((sum) => sum / samples.length), count);
  };
  const observed = statistic(({ own }) => own);
  const nulls = Array.from({ length: draws }, () =>
    statistic(({ own, moved }) => {
      const place = random.integer(moved.length + 1);
      return place === 0 ? own : moved[place - 1];
    }));
  const outcome = (part: 0 | 1): MovedStatistic => {
    const values = nulls.map((value) => value[part]);
    return {
      observed: observed[part],
      nullMean: values.reduce((sum, value) => sum + value, 0) / draws,
      pValue: monteCarloPValue(observed[part], values),
    };
  };
  return { topMass: outcome(0), topShare: outcome(1) };
}

/**
 * {@link movedEvidenceTest} on a model: one pass for each sample. The evidence is moved among the foils
 * where all samples have enough of them, else among the context; the result says which.
 *
 * @throws {InputError} naming the sample that cannot be scored, or whose evidence cannot be moved
 *
 * @example
 * ```ts
 * import { evidenceConcentration } from "./moved_evidence.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2, 3, 4, 5].map((i) => plantedSample(1, i));
 * const { topMass, among } = await evidenceConcentration(model, samples, { fraction: 0.1 });
 * assert(topMass.pValue < 0.05 && among === "foils");
 * model.dispose();
 * ```
 */
export async function evidenceConcentration(
  model: AnyModel,
  samples: readonly HeadSample[],
  options: MovedEvidenceOptions & MoveOptions & Omit<ProfileOptions, "extras"> = {},
): Promise<MovedEvidenceOutcome> {
  const { fraction, draws, seed = 0, places, hooks, attention } = options;
  const roomAmongFoils = (sample: HeadSample) =>
    otherPlaces(sampleTokens(sample), { among: "foils", places: 1 }).length > 0;
  const among = options.among ?? (samples.every(roomAmongFoils) ? "foils" : "context");
  const placed: PlacedMasses[] = [];
  for (const [i, sample] of samples.entries()) {
    const profile = await attentionProfile(model, sample, { hooks, attention });
    placed.push(placedMasses(profile, sample, { among, places, seed: `${seed}/${i}` }));
  }
  return { ...movedEvidenceTest(placed, { fraction, draws, seed }), among };
}
