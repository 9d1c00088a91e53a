/**
 * Rotary position embeddings: one-dimensional, multimodal (M-RoPE, chunked or interleaved) and the
 * two-dimensional one of the vision towers.
 *
 * @module
 */
import type { Kernels, Tensor } from "./kernels.ts";
import { plainFrequencies, type RopeBase, type RopeScaling } from "./rope_scaling.ts";

/** How the frequencies of a decoder are assigned to the position axes. */
export interface RopeConfig extends RopeBase {
  /** Frequencies per axis (time, height, width); null for one-dimensional positions. */
  readonly mropeSection: readonly [number, number, number] | null;
  /** Qwen3-VL interleaves the axes (t h w t h w …); Qwen2-VL has them in runs. */
  readonly mropeInterleaved: boolean;
  /** Scaling for long sequences; none by default. */
  readonly ropeScaling?: RopeScaling;
}

/** Cosine and sine tables, `[T, H]` each, in rotate-half layout. */
export interface RopeTables {
  /** `[T, H]` */
  readonly cos: Tensor;
  /** `[T, H]` */
  readonly sin: Tensor;
}

/**
 * Which position axis (0 t, 1 h, 2 w) each of the `headDim / 2` frequencies uses.
 *
 * Source: transformers `modeling_qwen3_vl.py` `apply_interleaved_mrope` and `modeling_qwen2_vl.py`
 * `apply_multimodal_rotary_pos_emb`.
 *
 * @example
 * ```ts
 * import { frequencyAxes } from "./rope.ts";
 * import { assertEquals } from "@std/assert";
 * const config = { headDim: 16, ropeTheta: 1e4, mropeSection: [4, 2, 2], mropeInterleaved: true } as const;
 * assertEquals(frequencyAxes(config), [0, 1, 2, 0, 1, 2, 0, 0]);
 * ```
 */
export function frequencyAxes(config: RopeConfig): number[] {
  const half = config.headDim / 2;
  const section = config.mropeSection;
  return Array.from({ length: half }, (_, i) => {
    if (!section) return 0;
    if (config.mropeInterleaved) {
      const axis = i % 3;
      return axis > 0 && i < 3 * section[axis] ? axis : 0;
    }
    return i < section[0] ? 0 : i < section[0] + section[1] ? 1 : 2;
  });
}

/**
 * Rotary tables of a run of tokens.
 *
 * @param positionIds `[axes, T]` row by row, with 3 axes (time, height, width) or 1
 * @param length T
 * @param extent largest position of the whole sequence plus one, where these tokens are its beginning;
 *   theirs by default. Some scalings depend on it.
 * @returns tables `[T, H]` in float32, owned by the caller
 */
export function ropeTables(
  k: Kernels,
  config: RopeConfig,
  positionIds: Int32Array,
  length: number,
  extent: number = extentOf(positionIds),
): RopeTables {
  const axes = positionIds.length / length;
  const { headDim, ropeScaling } = config;
  const half = headDim / 2;
  const axisOf = frequencyAxes(config);
  const cos = new Float32Array(length * headDim);
  const sin = new Float32Array(length * headDim);
  const frequency = ropeScaling?.frequencies(config, extent) ?? plainFrequencies(config);
  const factor = ropeScaling?.attentionFactor ?? 1;
  for (let t = 0; t < length; t++) {
    for (let i = 0; i < half; i++) {
      const position = positionIds[(axes === 1 ? 0 : axisOf[i]) * length + t];
      const angle = Math.fround(position * frequency[i]);
      setAngle(cos, sin, t * headDim + i, half, angle, factor);
    }
  }
  return { cos: k.tensor(cos, [length, headDim]), sin: k.tensor(sin, [length, headDim]) };
}

/** Largest position plus one. */
export function extentOf(positionIds: Int32Array): number {
  return positionIds.reduce((most, position) => Math.max(most, position), -1) + 1;
}

/**
 * Rotary tables of a vision tower: half of the frequencies turn with the row, half with the column.
 *
 * @param coordinates row and column of each patch, `[P, 2]`
 * @param headDim size of a vision head; must be a multiple of 4
 */
export function visionRopeTables(
  k: Kernels,
  coordinates: Int32Array,
  headDim: number,
  theta = 10000,
): RopeTables {
  const length = coordinates.length / 2;
  const half = headDim / 2;
  const quarter = half / 2;
  const frequency = plainFrequencies({ headDim: half, ropeTheta: theta });
  const cos = new Float32Array(length * headDim);
  const sin = new Float32Array(length * headDim);
  for (let p = 0; p < length; p++) {
    for (let i = 0; i < half; i++) {
      const position = coordinates[2 * p + (i < quarter ? 0 : 1)];
      setAngle(cos, sin, p * headDim + i, half, Math.fround(position * frequency[i % quarter]));
    }
  }
  return { cos: k.tensor(cos, [length, headDim]), sin: k.tensor(sin, [length, headDim]) };
}

/** Writes the angle's cosine and sine, times a factor, at `at` and half a head further on. */
function setAngle(
  cos: Float32Array,
  sin: Float32Array,
  at: number,
  half: number,
  angle: number,
  factor = 1,
): void {
  cos[at] = cos[at + half] = Math.fround(Math.cos(angle)) * factor;
  sin[at] = sin[at + half] = Math.fround(Math.sin(angle)) * factor;
}

/**
 * Folds a norm's gain and a factor into rotary tables, so that
 * `rotate(x, foldGain(tables, g, f)) = f * rotate(g * x, tables)` at no cost per head.
 *
 * @param gain `[H]` or null
 * @param factor such as 1/sqrt(H) for queries
 */
export function foldGain(
  k: Kernels,
  tables: RopeTables,
  gain: Tensor | null,
  factor: number,
): RopeTables {
  if (!gain) {
    return factor === 1
      ? tables
      : { cos: k.scale(tables.cos, factor), sin: k.scale(tables.sin, factor) };
  }
  const half = gain.shape[0] / 2;
  const own = k.scale(k.cast(gain, "float32"), factor);
  // rotateHalf moves x[i + H/2] to place i, and its gain with it
  const rolled = k.concat([k.slice(own, [half], [half]), k.slice(own, [0], [half])], 0);
  return { cos: k.mul(tables.cos, own), sin: k.mul(tables.sin, rolled) };
}
