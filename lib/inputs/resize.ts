/**
 * Resizing of 8-bit pictures with an antialiased filter, bit for bit as torchvision does it.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RgbImage } from "./image.ts";

/** A resampling filter: `resample` 3 and 2 of Hugging Face's processor files. */
export type ResizeFilter = "bicubic" | "bilinear";

/** Half width of each filter in source pixels when it is not widened. */
const supports: Readonly<Record<ResizeFilter, number>> = { bicubic: 2, bilinear: 1 };

function filterWeight(filter: ResizeFilter, distance: number): number {
  const x = Math.abs(distance), a = -0.5;
  if (filter === "bilinear") return x < 1 ? 1 - x : 0;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0;
}

/** Integer weights of one axis: output `i` sums `taps` sources from `first[i]` on. */
interface AxisWeights {
  readonly first: Int32Array;
  /** How many sources each output reads. */
  readonly count: Int32Array;
  /** `[outputs, taps]`, fixed point. */
  readonly weights: Int32Array;
  readonly taps: number;
  /** Binary digits after the point. */
  readonly precision: number;
}

/**
 * Weights of one axis in 16-bit fixed point with as many digits as the largest weight leaves.
 *
 * Source: ATen `UpSampleKernel.cpp`, `_compute_index_ranges_int16_weights`.
 */
function axisWeights(filter: ResizeFilter, input: number, output: number): AxisWeights {
  const scale = input / output;
  const widen = Math.max(scale, 1);
  const support = supports[filter] * widen;
  const taps = Math.ceil(support) * 2 + 1;
  const first = new Int32Array(output), count = new Int32Array(output);
  const exact = new Float64Array(output * taps);
  let largest = 0;
  for (let i = 0; i < output; i++) {
    const center = scale * (i + 0.5);
    const low = Math.max(Math.trunc(center - support + 0.5), 0);
    const size = Math.min(Math.min(Math.trunc(center + support + 0.5), input) - low, taps);
    let total = 0;
    for (let j = 0; j < size; j++) {
      const weight = filterWeight(filter, (j + low - center + 0.5) / widen);
      exact[i * taps + j] = weight;
      total += weight;
    }
    for (let j = 0; j < size; j++) {
      exact[i * taps + j] /= total;
      largest = Math.max(largest, exact[i * taps + j]);
    }
    first[i] = low;
    count[i] = size;
  }
  let precision = 0;
  while (precision < 22 && Math.trunc(0.5 + largest * 2 ** (precision + 1)) < 2 ** 15) precision++;
  const weights = Int32Array.from(
    exact,
    (weight) => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** precision),
  );
  return { first, count, weights, taps, precision };
}

/** Resizes along the rows: `[height, input, 3]` to `[height, output, 3]`. */
function resizeRows(
  source: Uint8Array,
  height: number,
  input: number,
  output: number,
  axis: AxisWeights,
): Uint8Array {
  const { first, count, weights, taps, precision } = axis;
  const out = new Uint8ClampedArray(height * output * 3); // clamps to 0 … 255
  const half = 1 << (precision - 1);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < output; x++, to += 3) {
      let from = (y * input + first[x]) * 3;
      let r = half, g = half, b = half;
      for (let j = x * taps, end = j + count[x]; j < end; j++, from += 3) {
        const weight = weights[j];
        r += weight * source[from];
        g += weight * source[from + 1];
        b += weight * source[from + 2];
      }
      out[to] = r >> precision;
      out[to + 1] = g >> precision;
      out[to + 2] = b >> precision;
    }
  }
  return new Uint8Array(out.buffer);
}

/** Resizes along the columns: `[input, width, 3]` to `[output, width, 3]`. */
function resizeColumns(
  source: Uint8Array,
  width: number,
  output: number,
  axis: AxisWeights,
): Uint8Array {
  const { first, count, weights, taps, precision } = axis;
  const stride = width * 3;
  const out = new Uint8ClampedArray(output * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < output; y++) {
    sums.fill(1 << (precision - 1));
    for (let j = 0; j < count[y]; j++) {
      const weight = weights[y * taps + j], from = (first[y] + j) * stride;
      for (let i = 0; i < stride; i++) sums[i] += weight * source[from + i];
    }
    for (let i = 0, to = y * stride; i < stride; i++) out[to + i] = sums[i] >> precision;
  }
  return new Uint8Array(out.buffer);
}

/**
 * Resizes a picture: first along the rows, rounded and clamped to 8 bits, then along the columns,
 * rounded and clamped again. When it shrinks, the filter is widened (antialiasing).
 *
 * @param image picture to resize
 * @param width of the result, in pixels
 * @param height of the result, in pixels
 * @param filter cubic convolution with a = -0.5, or a triangle
 * @returns a new picture, or `image` itself if nothing changes
 * @throws {InputError} if a side is not a positive whole number
 *
 * @example
 * ```ts
 * import { resizeImage } from "./resize.ts";
 * import { assertEquals } from "@std/assert";
 * const grey = { width: 2, height: 2, data: new Uint8Array(12).fill(7) };
 * assertEquals(resizeImage(grey, 3, 1).data, new Uint8Array(9).fill(7));
 * ```
 */
export function resizeImage(
  image: RgbImage,
  width: number,
  height: number,
  filter: ResizeFilter = "bicubic",
): RgbImage {
  for (const [side, pixels] of [["width", width], ["height", height]] as const) {
    if (!Number.isInteger(pixels) || pixels < 1) {
      throw new InputError(`Cannot resize to ${side} ${pixels}: it must be a whole number above 0`);
    }
  }
  let { data } = image;
  if (width !== image.width) {
    const axis = axisWeights(filter, image.width, width);
    data = resizeRows(data, image.height, image.width, width, axis);
  }
  if (height !== image.height) {
    data = resizeColumns(data, width, height, axisWeights(filter, image.height, height));
  }
  return data === image.data ? image : { width, height, data };
}
