/**
 * A vision tower of convolutions: each place of the network's grid becomes a row of the decoder.
 *
 * Source: transformers `modeling_fast_vlm.py`.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { ConvTowerConfig } from "./conv_config.ts";
import { ConvNetwork, convNetworkShapes, featureChannels } from "./conv_network.ts";
import type {
  Media,
  MediaFeatures,
  NamedArray,
  VisionFeatures,
  VisionTower,
} from "./model_inputs.ts";
import { projectRows } from "./projector.ts";
import { linearShapes, type WeightShapes } from "./weight_shapes.ts";
import type { WeightsMap } from "./weights_map.ts";

/** Pixels that are encoded at a time, which bounds the memory of prompts with many images. */
const pixelsAtOnce = 1 << 20;

/** Weights of a tower of convolutions as a checkpoint stores them: `encoder.…` and `projector.…`. */
export function convTowerShapes(
  { network, projector }: ConvTowerConfig,
  textWidth: number,
): WeightShapes {
  const encoder = [...convNetworkShapes(network)];
  return new Map([
    ...encoder.map(([name, shape]) => [`encoder.${name}`, shape] as const),
    ...linearShapes("projector.linear_1", textWidth, featureChannels(network), projector.bias),
    ...linearShapes("projector.linear_2", textWidth, textWidth, projector.bias),
  ]);
}

/** Whether this is the shape of images. */
function checkShape(shape: readonly number[]): void {
  if (shape.length === 4 && shape[1] === 3 && shape.every((size) => size >= 1)) return;
  throw new InputError(
    `Cannot encode pixel values of shape [${shape}]: wanted [images, 3, height, width]`,
  );
}

/**
 * A tower of convolutions on given kernels and weights. Hooks reach its results, not the attention that
 * the last stages of some networks have between their convolutions.
 */
export class ConvTower implements VisionTower {
  readonly #network: ConvNetwork;

  /**
   * A tower that shares its weights with whoever made them.
   *
   * @param weights `encoder.…` with norms folded in, `projector.linear_1.…`, `projector.linear_2.…`
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: ConvTowerConfig,
    readonly weights: WeightsMap,
  ) {
    this.#network = new ConvNetwork(kernels, config.network, weights.under("encoder."));
  }

  /** Features of the images in `pixel_values`, `[n, 3, height, width]`. */
  encodeMedia(media: Media, hooks: RunHooks | null = null): MediaFeatures {
    const pixels = media["pixel_values"];
    return { images: pixels ? this.#features(pixels, hooks) : null, videos: null };
  }

  /**
   * What the network makes of images, before the projector: `[n, rows, columns, channels]`.
   *
   * @param pixels `[n, 3, height, width]`
   * @throws {InputError} for pixels of another shape
   */
  encodeGrid({ data, shape }: NamedArray): Tensor {
    checkShape(shape);
    return this.#grid(data as Float32Array, shape);
  }

  #grid(data: Float32Array, shape: readonly number[]): Tensor {
    const { kernels: k } = this;
    return k.scope(() => {
      const planes = k.tensor(data, shape);
      return this.#network.encode(k.transpose(planes, [0, 2, 3, 1]));
    });
  }

  #features(pixels: NamedArray, hooks: RunHooks | null): VisionFeatures {
    const { kernels: k } = this;
    checkShape(pixels.shape);
    return k.scope(() => {
      const merged = this.#project(pixels); // [n, P, D]
      const seen = k.cast(hooks?.apply("vision.merged", merged) ?? merged, "float32");
      const features = k.reshape(seen, [-1, seen.shape[2]]);
      return { features: hooks?.apply("vision.features", features) ?? features, deepstack: [] };
    });
  }

  /** Encodes and projects images: `[n, 3, height, width] -> [n, rows * columns, D]`. */
  #project({ data, shape: [count, ...image] }: NamedArray): Tensor {
    const { kernels: k } = this, size = image.reduce((a, b) => a * b, 1);
    const step = Math.max(1, Math.floor(3 * pixelsAtOnce / size));
    const parts: Tensor[] = [];
    for (let first = 0; first < count; first += step) {
      const some = data.subarray(first * size, (first + step) * size) as Float32Array;
      parts.push(k.scope(() => {
        const grid = this.#grid(some, [some.length / size, ...image]);
        const [images, rows, columns, features] = grid.shape;
        const flat = k.reshape(grid, [images, rows * columns, features]);
        const { hiddenAct } = this.config.projector;
        return projectRows(k, this.weights.under("projector."), flat, hiddenAct);
      }));
    }
    return parts.length === 1 ? parts[0] : k.concat(parts, 0);
  }
}
