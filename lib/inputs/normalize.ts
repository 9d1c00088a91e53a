/**
 * From grey levels to the numbers that vision towers take.
 *
 * @module
 */

/** How grey levels 0 … 255 are scaled: the keys of Hugging Face's processor files. */
export interface NormalizeConfig {
  /** Whether levels are multiplied by `rescaleFactor`. */
  readonly doRescale: boolean;
  /** Usually 1/255. */
  readonly rescaleFactor: number;
  /** Whether the mean is subtracted and the result divided by the deviation. */
  readonly doNormalize: boolean;
  /** Per channel. */
  readonly imageMean: readonly number[];
  /** Per channel. */
  readonly imageStd: readonly number[];
}

/**
 * The value of every grey level of every channel, `[3, 256]`, rounded as transformers' torchvision
 * processors round: the factor is folded into mean and deviation, in float32.
 *
 * @example
 * ```ts
 * import { levelTable } from "./normalize.ts";
 * import { assertAlmostEquals } from "@std/assert";
 * const half = [0.5, 0.5, 0.5];
 * const table = levelTable({
 *   doRescale: true,
 *   rescaleFactor: 1 / 255,
 *   doNormalize: true,
 *   imageMean: half,
 *   imageStd: half,
 * });
 * assertAlmostEquals(table[0], -1, 1e-6);
 * assertAlmostEquals(table[255], 1, 1e-6);
 * ```
 */
export function levelTable(config: NormalizeConfig): Float32Array<ArrayBuffer> {
  const table = new Float32Array(3 * 256);
  const factor = Math.fround(config.rescaleFactor);
  const inverse = Math.fround(1 / config.rescaleFactor);
  for (let c = 0; c < 3; c++) {
    let mean = Math.fround(config.imageMean[c]), std = Math.fround(config.imageStd[c]);
    if (config.doRescale) {
      mean = Math.fround(mean * inverse);
      std = Math.fround(std * inverse);
    }
    for (let level = 0; level < 256; level++) {
      table[256 * c + level] = config.doNormalize
        ? Math.fround(level - mean) / std
        : config.doRescale
        ? level * factor
        : level;
    }
  }
  return table;
}
