/**
 * Convolutions as the kernels take them: a batch norm and factors of channels folded in, channels last.
 *
 * Source: Ioffe and Szegedy, "Batch normalization" (2015): once trained it multiplies each channel by
 * gain / sqrt(variance + eps) and shifts it, which the convolution before it can do as well.
 * @module
 */
import type { ConvNetworkConfig, ConvolutionConfig } from "./conv_config.ts";
import { convolutionsOf } from "./conv_network.ts";

/** The stored weights of a convolution and of what it becomes. */
export interface StoredConvolution {
  /** `<name>.weight`, `[out, in or 1, kernel, kernel]`. */
  readonly weight: Float32Array;
  /** `<name>.bias`, where it has one. */
  readonly bias: Float32Array | null;
  /** The factors of channels that come last, `[out, 1, 1]`, where there are any. */
  readonly scale?: Float32Array | null;
  /** The batch norm's, where one follows. */
  readonly norm: {
    readonly weight: Float32Array;
    readonly bias: Float32Array;
    readonly running_mean: Float32Array;
    readonly running_var: Float32Array;
  } | null;
}

/** A convolution for the kernels. */
export interface FoldedConvolution {
  /** In the order of `ConvolutionCall.kernel`. */
  readonly kernel: Float32Array;
  /** Its shape. */
  readonly shape: readonly number[];
  /** `[out]`; null for none. */
  readonly bias: Float32Array | null;
}

/**
 * Folds the norm and the factors into the convolution and puts its channels last. Where there is nothing
 * to do the result shares the stored numbers.
 *
 * @example
 * ```ts
 * import { foldConvolution } from "./folded_convolution.ts";
 * import { assertEquals } from "@std/assert";
 * const one = (value: number) => Float32Array.of(value);
 * const { kernel, bias } = foldConvolution(
 *   {
 *     ...{ name: "c", kernel: 1, stride: 1, padding: "same", inputs: 1, outputs: 1 },
 *     ...{ depthwise: false, bias: false, norm: { name: "n", eps: 0 } },
 *   },
 *   {
 *     weight: one(3),
 *     bias: null,
 *     norm: { weight: one(2), bias: one(5), running_mean: one(1), running_var: one(4) },
 *   },
 * );
 * assertEquals([kernel[0], bias![0]], [3, 4]); // 2 (3 x - 1) / 2 + 5
 * ```
 */
export function foldConvolution(
  { kernel: side, inputs, outputs, depthwise, norm }: ConvolutionConfig,
  stored: StoredConvolution,
): FoldedConvolution {
  const scaled = Boolean(norm || stored.scale);
  const scales = new Float64Array(outputs).fill(1);
  let bias = stored.bias && Float32Array.from(stored.bias);
  if (norm && stored.norm) {
    const own = stored.norm;
    bias = Float32Array.from({ length: outputs }, (_, o) => {
      scales[o] = own.weight[o] / Math.sqrt(own.running_var[o] + norm.eps);
      return own.bias[o] + scales[o] * ((stored.bias?.[o] ?? 0) - own.running_mean[o]);
    });
  }
  stored.scale?.forEach((factor, o) => {
    scales[o] *= factor;
    if (bias) bias[o] *= factor;
  });
  const places = side * side, entering = depthwise ? 1 : inputs;
  if (side === 1 && !depthwise) { // already [out, in]
    const kernel = scaled ? stored.weight.slice() : stored.weight;
    for (let o = 0, at = 0; scaled && o < outputs; o++) {
      for (let i = 0; i < inputs; i++, at++) kernel[at] *= scales[o];
    }
    return { kernel, shape: [outputs, inputs], bias };
  }
  const kernel = new Float32Array(outputs * entering * places);
  // [out, in, place] -> [place, in, out]; with depthwise, out = in * multiple + which of them
  for (let o = 0, at = 0; o < outputs; o++) {
    for (let i = 0; i < entering; i++) {
      for (let place = 0; place < places; place++, at++) {
        kernel[(place * entering + i) * outputs + o] = stored.weight[at] * scales[o];
      }
    }
  }
  const channels = depthwise ? [inputs, outputs / inputs] : [inputs, outputs];
  return { kernel, shape: [side, side, ...channels], bias };
}

/**
 * Names of the weights of each convolution's parts, by that of its weight.
 *
 * @param prefix what stands before every name
 */
export function convolutionParts(
  network: ConvNetworkConfig,
  prefix: string,
): Map<string, ConvolutionConfig> {
  return new Map(
    convolutionsOf(network).map((own) => [
      `${prefix}${own.name}.weight`,
      {
        ...own,
        name: prefix + own.name,
        norm: own.norm && { ...own.norm, name: prefix + own.norm.name },
        scale: own.scale && prefix + own.scale,
      },
    ]),
  );
}
