/**
 * Scaled rotary embeddings: how a model that was trained on short sequences turns the positions of long
 * ones.
 *
 * Each kind gives the inverse frequencies of a sequence and a factor of its cosines and sines. They work
 * on one axis of positions and on three alike. Rounding follows PyTorch's, step by step in float32.
 * Source: transformers 5.23 `modeling_rope_utils.py`.
 * @module
 */

/** One way to scale. */
export interface RopeScaling {
  /** Its name, `rope_type` in `config.json`. */
  readonly kind: string;
  /** The numbers that it is made of. */
  readonly parameters: Readonly<Record<string, number | boolean | readonly number[]>>;
  /** Cosines and sines are multiplied by this. */
  readonly attentionFactor: number;
  /**
   * Inverse frequencies, `[headDim / 2]`.
   *
   * @param base the model's rotary embedding
   * @param extent largest position of the sequence, plus one
   */
  frequencies(base: RopeBase, extent: number): Float32Array;
}

/** A rotary embedding without scaling. */
export interface RopeBase {
  /** Size of a head. */
  readonly headDim: number;
  /** Base of the frequencies. */
  readonly ropeTheta: number;
}

const f = Math.fround;

/** theta^(i/count), rounded to float32 as transformers computes it. */
function wavelengths({ headDim, ropeTheta }: RopeBase): Float32Array {
  const count = headDim / 2;
  return Float32Array.from({ length: count }, (_, i) => ropeTheta ** f(i / count));
}

/**
 * The frequencies without scaling, theta^(-i/count) for `headDim / 2` of them.
 *
 * @example
 * ```ts
 * import { plainFrequencies } from "./rope_scaling.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals([...plainFrequencies({ headDim: 4, ropeTheta: 4 })], [1, 0.5]);
 * ```
 */
export function plainFrequencies(base: RopeBase): Float32Array {
  return wavelengths(base).map((x) => 1 / x);
}

/** Positions are divided by a factor. */
export function linearScaling(factor: number): RopeScaling {
  return {
    kind: "linear",
    parameters: { factor },
    attentionFactor: 1,
    frequencies: (base) => plainFrequencies(base).map((x) => x / factor),
  };
}

/**
 * The base grows with the sequence once that is longer than what the model was trained on.
 *
 * @param factor how fast it grows
 * @param maxPositions longest sequence that is left alone
 */
export function dynamicScaling(factor: number, maxPositions: number): RopeScaling {
  return {
    kind: "dynamic",
    parameters: { factor, maxPositions },
    attentionFactor: 1,
    frequencies({ headDim, ropeTheta }, extent) {
      const growth = factor * Math.max(extent, maxPositions) / maxPositions - (factor - 1);
      const grown = ropeTheta * growth ** (headDim / (headDim - 2));
      return plainFrequencies({ headDim, ropeTheta: extent > maxPositions ? grown : ropeTheta });
    },
  };
}

/** Numbers of {@link yarnScaling}. */
export interface YarnParameters {
  /** How many times longer sequences become. */
  readonly factor: number;
  /** Longest sequence of the training. */
  readonly originalMaxPositions: number;
  /** Factor of cosines and sines; 0.1 ln(factor) + 1 by default. */
  readonly attentionFactor?: number;
  /** Turns over the original length from which on a frequency is left alone; 32 by default. */
  readonly betaFast?: number;
  /** Turns below which positions are divided by the factor; 1 by default. */
  readonly betaSlow?: number;
  /** With `mscaleAllDim`: the default of `attentionFactor` is the quotient of both factors' ones. */
  readonly mscale?: number;
  /** See `mscale`. */
  readonly mscaleAllDim?: number;
  /** Whether the bounds between both kinds of frequencies are whole numbers; true by default. */
  readonly truncate?: boolean;
}

/**
 * YaRN: high frequencies stay, low ones are divided by the factor, with a ramp between (Peng et al.
 * 2023, arXiv 2309.00071).
 */
export function yarnScaling(parameters: YarnParameters): RopeScaling {
  const { factor, originalMaxPositions, betaFast = 32, betaSlow = 1 } = parameters;
  const { mscale = 0, mscaleAllDim = 0, truncate = true } = parameters;
  const grown = (scale: number) => factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  const usual = mscale && mscaleAllDim ? grown(mscale) / grown(mscaleAllDim) : grown(1);
  return {
    kind: "yarn",
    parameters: { ...parameters },
    attentionFactor: parameters.attentionFactor ?? usual,
    frequencies(base) {
      const { headDim, ropeTheta } = base;
      const place = (turns: number) =>
        headDim * Math.log(originalMaxPositions / (turns * 2 * Math.PI)) /
        (2 * Math.log(ropeTheta));
      const whole = (x: number, round: (x: number) => number) => truncate ? round(x) : x;
      const low = Math.max(whole(place(betaFast), Math.floor), 0);
      const end = Math.min(whole(place(betaSlow), Math.ceil), headDim - 1);
      const high = low === end ? end + 0.001 : end;
      return wavelengths(base).map((wavelength, i) => {
        const ramp = Math.min(1, Math.max(0, f(f(i - f(low)) / f(high - low))));
        const kept = f(1 - ramp); // share of the frequency as it is
        const divided = f(1 / f(factor * wavelength));
        return f(divided * f(1 - kept)) + f(f(1 / wavelength) * kept);
      });
    },
  };
}

/** Numbers of {@link llama3Scaling}. */
export interface Llama3Parameters {
  /** What low frequencies are divided by. */
  readonly factor: number;
  /** Wavelengths above the original length divided by this are divided. */
  readonly lowFreqFactor: number;
  /** Wavelengths below the original length divided by this stay. */
  readonly highFreqFactor: number;
  /** Longest sequence of the training. */
  readonly originalMaxPositions: number;
}

/** Llama 3.1's: low frequencies are divided, high ones stay, those between are blended. */
export function llama3Scaling(parameters: Llama3Parameters): RopeScaling {
  const { factor, lowFreqFactor, highFreqFactor, originalMaxPositions } = parameters;
  return {
    kind: "llama3",
    parameters: { ...parameters },
    attentionFactor: 1,
    frequencies: (base) =>
      plainFrequencies(base).map((frequency) => {
        const wavelength = f(2 * Math.PI / frequency);
        if (wavelength < originalMaxPositions / highFreqFactor) return frequency;
        if (wavelength > originalMaxPositions / lowFreqFactor) return frequency / factor;
        const smooth = f(
          f(f(originalMaxPositions / wavelength) - lowFreqFactor) /
            (highFreqFactor - lowFreqFactor),
        );
        return f(f(f(1 - smooth) * frequency) / factor) + f(smooth * frequency);
      }),
  };
}

/** Numbers of {@link longScaling}. */
export interface LongParameters {
  /** Divisors of the frequencies of short sequences, `[headDim / 2]`. */
  readonly shortFactor: readonly number[];
  /** Those of longer ones. */
  readonly longFactor: readonly number[];
  /** Longest sequence that counts as short. */
  readonly originalMaxPositions: number;
  /** How many times longer sequences become. */
  readonly factor: number;
  /** Factor of cosines and sines; sqrt(1 + ln(factor) / ln(original length)) by default. */
  readonly attentionFactor?: number;
}

/** LongRoPE: a divisor for each frequency, of one list for short and another for long sequences. */
export function longScaling(parameters: LongParameters): RopeScaling {
  const { shortFactor, longFactor, originalMaxPositions, factor } = parameters;
  const usual = factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(originalMaxPositions));
  return {
    kind: "longrope",
    parameters: { ...parameters },
    attentionFactor: parameters.attentionFactor ?? usual,
    frequencies(base, extent) {
      const divisors = extent > originalMaxPositions ? longFactor : shortFactor;
      return wavelengths(base).map((wavelength, i) => 1 / f(f(divisors[i]) * wavelength));
    },
  };
}
