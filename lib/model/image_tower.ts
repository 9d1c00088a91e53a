/**
 * A vision tower for tiles of one size: encoder, projector, and the order of the rows in the prompt.
 *
 * Source: transformers `modeling_llava.py`, `modeling_llava_onevision.py`, `modeling_internvl.py`,
 * `modeling_gemma3.py`.
 * @module
 */
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { InputError } from "../common/errors.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import type { ImageTowerConfig } from "./config.ts";
import { ImageEncoder } from "./image_encoder.ts";
import type {
  Media,
  MediaFeatures,
  NamedArray,
  VisionFeatures,
  VisionTower,
} from "./model_inputs.ts";
import { projectRows } from "./projector.ts";
import { type RowSamples, sampleRows } from "./sampled_rows.ts";
import type { WeightsMap } from "./weights_map.ts";

/** Epsilon of the projector's norm. */
const normEps = 1e-5;
/** Tiles that are encoded at a time, which bounds the memory of videos and large images. */
const tilesAtOnce = 16;

/** How the projected rows of a prompt's tiles become the rows of the prompt. */
export interface TileLayout {
  /** Maps made of the projected rows by resampling. */
  readonly resampled: readonly RowSamples[];
  /**
   * Row of each visual token among: all projected rows, the rows of each resampled map, the newline
   * row where the model has one.
   */
  readonly order: Int32Array;
}

/** Lays out the tiles of a prompt; null if the rows come as they are projected. */
export type TileLayoutRule = (media: Media, config: ImageTowerConfig) => TileLayout | null;

/** Layout rules by media tensor. */
export interface TileLayoutRules {
  /** Tiles of `pixel_values`, whose rows replace image placeholders. */
  readonly images: TileLayoutRule;
  /** Tiles of `pixel_values_videos`, whose rows replace video placeholders. */
  readonly videos?: TileLayoutRule;
}

/** Rows of the decoder along each side of a tile. */
export function tileSide({ encoder, projector }: ImageTowerConfig): number {
  return Math.floor(encoder.imageSize / encoder.patchSize) / projector.merge;
}

/**
 * Order of a tile's patches in which those that become one row stand together.
 *
 * @param side patches along each side
 * @param merge patches along each side that become one row
 *
 * @example
 * ```ts
 * import { mergeOrder } from "./image_tower.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(mergeOrder(4, 2).slice(0, 8), [0, 1, 4, 5, 2, 3, 6, 7]);
 * ```
 */
export function mergeOrder(side: number, merge: number): number[] {
  const order: number[] = [];
  for (let row = 0; row < side; row += merge) {
    for (let column = 0; column < side; column += merge) {
      for (let i = 0; i < merge * merge; i++) {
        order.push((row + Math.floor(i / merge)) * side + column + i % merge);
      }
    }
  }
  return order;
}

/** A vision tower of the LLaVA or InternVL kind on given kernels and weights. */
export class ImageTower implements VisionTower {
  readonly #encoder: ImageEncoder;

  /**
   * A tower that shares its weights with whoever made them.
   *
   * @param weights `encoder.…`, `projector.linear_1.…`, `projector.linear_2.…` (or `projector.norm.weight`
   * and `projector.matrix`), `newline`
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: ImageTowerConfig,
    readonly weights: WeightsMap,
    readonly layouts: TileLayoutRules,
  ) {
    this.#encoder = new ImageEncoder(kernels, config.encoder, weights.under("encoder."));
  }

  /** Features of the tiles in `pixel_values`, and of those in `pixel_values_videos`. */
  encodeMedia(media: Media, hooks: RunHooks | null = null): MediaFeatures {
    const features = (name: string, rule: TileLayoutRule | undefined) => {
      const pixels = media[name];
      return pixels && rule ? this.#features(pixels, rule(media, this.config), hooks) : null;
    };
    return {
      images: features("pixel_values", this.layouts.images),
      videos: features("pixel_values_videos", this.layouts.videos),
    };
  }

  /** Rows of tiles in prompt order: `[visual tokens, D]`. */
  #features(
    { data, shape }: NamedArray,
    layout: TileLayout | null,
    hooks: RunHooks | null,
  ): VisionFeatures {
    const { kernels: k, weights, config: { encoder: { imageSize } } } = this;
    if (String(shape.slice(-3)) !== String([3, imageSize, imageSize])) {
      throw new InputError(
        `Cannot encode pixel values of shape [${shape}]: the last three sizes must be 3, ` +
          `${imageSize}, ${imageSize}`,
      );
    }
    return k.scope(() => {
      const merged = this.#project(data as Float32Array, hooks); // [n, P, D]
      const seen = k.cast(hooks?.apply("vision.merged", merged) ?? merged, "float32");
      const width = seen.shape[2];
      const rows = k.reshape(seen, [-1, width]);
      const newline = weights.find("newline");
      const place = ({ resampled, order }: TileLayout) => {
        const maps = resampled.map((samples) => sampleRows(k, rows, samples));
        const last = newline ? [k.cast(k.reshape(newline, [1, width]), "float32")] : [];
        return k.gather(k.concat([rows, ...maps, ...last], 0), k.tensor(order, [order.length]));
      };
      const features = layout ? place(layout) : rows;
      return { features: hooks?.apply("vision.features", features) ?? features, deepstack: [] };
    });
  }

  /** Encodes and projects tiles: `[n, 3, side, side] -> [n, P, D]`. */
  #project(pixels: Float32Array, hooks: RunHooks | null): Tensor {
    const { kernels: k, config: { encoder: { imageSize } } } = this;
    const size = 3 * imageSize * imageSize;
    // hooks see all tiles at once
    const hooked = [...hooks?.fireCounts.keys() ?? []].some((name) => name.startsWith("vision."));
    const step = hooked ? pixels.length : tilesAtOnce * size;
    const parts: Tensor[] = [];
    for (let start = 0; start < pixels.length; start += step) {
      const tiles = pixels.subarray(start, start + step);
      parts.push(k.scope(() => this.#projector(this.#encoder.encode(tiles, hooks))));
    }
    return parts.length === 1 ? parts[0] : k.concat(parts, 0);
  }

  /** The projector: `[n, P, D_v]`, with class token if there is one, to `[n, P / merge^2, D]`. */
  #projector(features: Tensor): Tensor {
    const { kernels: k, config: { encoder, projector } } = this;
    const own = this.weights.under("projector.");
    const [tiles, length, width] = features.shape;
    const side = Math.floor(encoder.imageSize / encoder.patchSize);
    const first = encoder.classToken ? 1 : 0;
    const order = mergeOrder(side, projector.merge);
    const rows = Int32Array.from({ length: tiles * order.length }, (_, i) => {
      const tile = Math.floor(i / order.length);
      return tile * length + first + order[i % order.length];
    });
    const patches = k.gather(k.reshape(features, [-1, width]), k.tensor(rows, [rows.length]));
    if (projector.average) {
      const blocks = k.reshape(patches, [-1, projector.merge ** 2, width]);
      const pooled = k.scale(k.sum(blocks, 1), 1 / projector.merge ** 2);
      const rows = k.reshape(pooled, [tiles, -1, width]);
      const unit = k.rmsNorm(rows, own.get("norm.weight"), projector.average.normEps);
      return k.linear(unit, k.transpose(own.get("matrix"), [1, 0]), null);
    }
    const joined = k.reshape(patches, [tiles, -1, width * projector.merge ** 2]);
    const normalized = projector.norm
      ? k.layerNorm(joined, own.get("layer_norm.weight"), own.get("layer_norm.bias"), normEps)
      : joined;
    return projectRows(k, own, normalized, projector.hiddenAct);
  }
}
