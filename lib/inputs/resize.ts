/**
 * Resizing of 8-bit images with an antialiased filter, bit for bit as torchvision does it.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { cutOut } from "./canvas.ts";
import { maxImagePixels, type RgbImage } from "./image.ts";

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

/** A larger image of one colour, on which the image lies. */
export interface Canvas {
  /** In pixels. */
  readonly width: number;
  /** In pixels. */
  readonly height: number;
  /** Column of the image's first column. */
  readonly left: number;
  /** Row of the image's first row. */
  readonly top: number;
  /** Red, green and blue around the image. */
  readonly color: readonly [red: number, green: number, blue: number];
}

/** Integer weights of one axis: output `i` sums `count[i]` sources from `first[i]` on. */
interface AxisWeights {
  readonly first: Int32Array;
  /** How many sources each output reads. */
  readonly count: Int32Array;
  /** Where the weights of each output begin in `weights`. */
  readonly start: Int32Array;
  /** Fixed point. */
  readonly weights: Int32Array;
  /** Sum of the weights of each output that fall beside the image, onto the canvas. */
  readonly beside: Int32Array;
  /** Sum of all weights of each output. */
  readonly total: Int32Array;
  /** Binary digits after the point. */
  readonly precision: number;
}

/**
 * Weights of one axis in 16-bit fixed point with as many digits as the largest weight leaves.
 *
 * Source: ATen `UpSampleKernel.cpp`, `_compute_index_ranges_int16_weights`.
 *
 * @param input pixels of the canvas along the axis
 * @param offset first pixel of the canvas that shows the image
 * @param length pixels of the image along the axis
 */
function axisWeights(
  filter: ResizeFilter,
  input: number,
  output: number,
  offset: number,
  length: number,
): AxisWeights {
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
  const start = new Int32Array(output), beside = new Int32Array(output);
  const total = new Int32Array(output);
  for (let i = 0; i < output; i++) {
    const from = Math.min(Math.max(offset - first[i], 0), count[i]);
    const to = Math.min(Math.max(offset + length - first[i], from), count[i]);
    for (let j = 0; j < count[i]; j++) {
      total[i] += weights[i * taps + j];
      if (j < from || j >= to) beside[i] += weights[i * taps + j];
    }
    start[i] = i * taps + from;
    first[i] += from - offset;
    count[i] = to - from;
  }
  return { first, count, start, weights, beside, total, precision };
}

/** Resizes along the rows: `[height, input, 3]` to `[height, output, 3]`. */
function resizeRows(
  source: Uint8Array,
  height: number,
  input: number,
  output: number,
  axis: AxisWeights,
  [red, green, blue]: Canvas["color"],
): Uint8Array {
  const { first, count, start, weights, beside, precision } = axis;
  const out = new Uint8ClampedArray(height * output * 3); // clamps to 0 … 255
  const half = 1 << (precision - 1);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < output; x++, to += 3) {
      let from = (y * input + first[x]) * 3;
      const rest = beside[x];
      // Math.imul and | 0: sums are below 2^31, and so stay whole numbers for the compiler
      let r = half + rest * red | 0, g = half + rest * green | 0, b = half + rest * blue | 0;
      for (let j = start[x], end = j + count[x]; j < end; j++, from += 3) {
        const weight = weights[j];
        r = r + Math.imul(weight, source[from]) | 0;
        g = g + Math.imul(weight, source[from + 1]) | 0;
        b = b + Math.imul(weight, source[from + 2]) | 0;
      }
      out[to] = r >> precision;
      out[to + 1] = g >> precision;
      out[to + 2] = b >> precision;
    }
  }
  return new Uint8Array(out.buffer);
}

/** What {@link resizeRows} makes of a row of one colour, `[output, 3]`. */
function plainRow({ total, precision }: AxisWeights, color: Canvas["color"]): Uint8ClampedArray {
  const half = 1 << (precision - 1);
  return Uint8ClampedArray.from(
    { length: total.length * 3 },
    (_, i) => half + total[Math.floor(i / 3)] * color[i % 3] >> precision,
  );
}

/**
 * Resizes along the columns: `[input, width, 3]` to `[output, width, 3]`.
 *
 * @param plain the row beside the image, `[width, 3]`
 */
function resizeColumns(
  source: Uint8Array,
  width: number,
  output: number,
  axis: AxisWeights,
  plain: Uint8ClampedArray,
): Uint8Array {
  const { first, count, start, weights, beside, precision } = axis;
  const stride = width * 3;
  const out = new Uint8ClampedArray(output * stride);
  const sums = new Int32Array(stride);
  for (let y = 0; y < output; y++) {
    const half = 1 << (precision - 1), rest = beside[y];
    if (rest === 0) sums.fill(half);
    else for (let i = 0; i < stride; i++) sums[i] = half + rest * plain[i];
    for (let j = 0; j < count[y]; j++) {
      const weight = weights[start[y] + j], from = (first[y] + j) * stride;
      for (let i = 0; i < stride; i++) sums[i] += Math.imul(weight, source[from + i]);
    }
    for (let i = 0, to = y * stride; i < stride; i++) out[to + i] = sums[i] >> precision;
  }
  return new Uint8Array(out.buffer);
}

/** Throws unless the sides of a result are possible and it fits into memory. */
function checkResult(image: RgbImage, width: number, height: number): void {
  for (const [side, pixels] of [["width", width], ["height", height]] as const) {
    if (!Number.isInteger(pixels) || pixels < 1) {
      throw new InputError(`Cannot resize to ${side} ${pixels}: it must be a whole number above 0`);
    }
  }
  const most = Math.max(height, image.height) * width; // also between the two directions
  if (most <= maxImagePixels) return;
  throw new InputError(
    `Cannot resize an image of ${image.width} x ${image.height} to ${width} x ${height} pixels: ` +
      `at most ${maxImagePixels} pixels in all; cut it to a less extreme shape`,
  );
}

/**
 * Resizes an image: first along the rows, rounded and clamped to 8 bits, then along the columns,
 * rounded and clamped again. When it shrinks, the filter is widened (antialiasing).
 *
 * @param image image to resize
 * @param width of the result, in pixels
 * @param height of the result, in pixels
 * @param filter cubic convolution with a = -0.5, or a triangle
 * @returns a new image, or `image` itself if nothing changes
 * @throws {InputError} if a side is not a positive whole number, or the result too large for memory
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
  checkResult(image, width, height);
  let { data } = image;
  const none = [0, 0, 0] as const;
  if (width !== image.width) {
    const axis = axisWeights(filter, image.width, width, 0, image.width);
    data = resizeRows(data, image.height, image.width, width, axis, none);
  }
  if (height !== image.height) {
    const axis = axisWeights(filter, image.height, height, 0, image.height);
    data = resizeColumns(data, width, height, axis, new Uint8ClampedArray(0));
  }
  return data === image.data ? image : { width, height, data };
}

/**
 * Resizes an image that lies on a canvas of one colour, without making the canvas: a strip of
 * 60,000 x 1 pixels on a square takes kilobytes, not 10 GB.
 *
 * @returns exactly what {@link resizeImage} makes of the canvas with the image on it
 * @throws {InputError} as {@link resizeImage}
 */
export function resizeOnCanvas(
  image: RgbImage,
  canvas: Canvas,
  width: number,
  height: number,
  filter: ResizeFilter = "bicubic",
): RgbImage {
  checkResult(image, width, height);
  const { left, top, color } = canvas;
  if (width === canvas.width || height === canvas.height) { // one direction stays as it is
    const whole = cutOut(image, -left, -top, canvas.width, canvas.height, color);
    return resizeImage(whole, width, height, filter);
  }
  const across = axisWeights(filter, canvas.width, width, left, image.width);
  const down = axisWeights(filter, canvas.height, height, top, image.height);
  const rows = resizeRows(image.data, image.height, image.width, width, across, color);
  const data = resizeColumns(rows, width, height, down, plainRow(across, color));
  return { width, height, data };
}
