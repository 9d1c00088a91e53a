/**
 * The vision encoder of the Qwen-VL kind: patches of any grid to features of the decoder's width.
 * Switches of the config: window attention, gated feed-forward layers, learned positions, DeepStack.
 *
 * Source: transformers `modeling_qwen2_vl.py`, `modeling_qwen2_5_vl.py` and `modeling_qwen3_vl.py`.
 * @module
 */
import type { Activation, Kernels, Tensor } from "../nn/kernels.ts";
import type { VisionLayerPoint } from "../hooks/hook_point.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import { type RopeTables, visionRopeTables } from "../nn/rope.ts";
import { composedRowAttention } from "../nn/row_attention.ts";
import type { VisionConfig } from "./config.ts";
import type { Media, MediaFeatures, VisionFeatures, VisionTower } from "./model_inputs.ts";
import type { WeightsMap } from "./weights_map.ts";
import { sampleRows } from "./sampled_rows.ts";
import {
  frameLengths,
  patchCoordinates,
  type PatchGrid,
  patchGrids,
  samplePositionTable,
  windowOrder,
} from "./vision_grid.ts";

/** Epsilon of the tower's norms. */
const normEps = 1e-6;

/** Which patches come one after the other, and which of them see each other. */
interface PatchOrder {
  /** Place in the input of each patch, or null where they stay as they come. */
  readonly order: Int32Array | null;
  /** Place of each merged token among those in this order, or null. */
  readonly restored: Int32Array | null;
  /** Row and column of each patch, in this order. */
  readonly coordinates: Int32Array;
  /** Patches of each frame. */
  readonly frames: readonly number[];
  /** Patches of each window; of each frame where there are none. */
  readonly windows: readonly number[];
}

/** A vision tower on given kernels and weights. */
export class VisionEncoder implements VisionTower {
  /** @param weights names as in `Qwen3VLVisionModel`: `patch_embed.proj.weight`, `blocks.0.…`, `merger.…` */
  constructor(
    readonly kernels: Kernels,
    readonly config: VisionConfig,
    readonly weights: WeightsMap,
  ) {}

  /** Features of `pixel_values` with `image_grid_thw`, and of their video counterparts. */
  encodeMedia(media: Media, hooks: RunHooks | null = null): MediaFeatures {
    const features = (pixels: string, grid: string) => {
      const values = media[pixels], gridThw = media[grid];
      if (!values || !gridThw) return null;
      return this.kernels.scope(() =>
        this.encode(
          this.kernels.tensor(values.data, values.shape),
          patchGrids(gridThw.data as Int32Array),
          hooks,
        )
      );
    };
    return {
      images: features("pixel_values", "image_grid_thw"),
      videos: features("pixel_values_videos", "video_grid_thw"),
    };
  }

  /**
   * Features of the patches of images or videos.
   *
   * @param pixelValues patches in merge-block order, `[P, channels * frames * patch * patch]`
   * @param grids frames, rows and columns of patches of each image
   */
  encode(
    pixelValues: Tensor,
    grids: readonly PatchGrid[],
    hooks: RunHooks | null = null,
  ): VisionFeatures {
    const { kernels: k, config, weights } = this;
    return k.scope(() => {
      const headDim = config.hiddenSize / config.numHeads;
      const { order, restored, coordinates, frames, windows } = this.#order(grids);
      const tables = visionRopeTables(k, coordinates, headDim);
      const embedded = k.scope(() => {
        const patches = this.#embedPatches(pixelValues);
        const placed = config.numPositionEmbeddings > 0
          ? k.add(patches, this.#positions(grids))
          : patches;
        return order ? k.gather(placed, k.tensor(order, [order.length])) : placed;
      });
      let residual = hooks?.apply("vision.embed", embedded) ?? embedded;
      const deepstack: Tensor[] = [];
      for (let layer = 0; layer < config.depth; layer++) {
        const previous = residual;
        const lengths = config.fullAttentionLayers?.includes(layer) ? frames : windows;
        residual = k.scope(() => this.#block(layer, previous, tables, lengths, hooks));
        k.dispose(previous);
        const stage = config.deepstackVisualIndexes.indexOf(layer);
        if (stage >= 0) {
          const merger = weights.under(`deepstack_merger_list.${stage}.`);
          const rows = k.cast(k.scope(() => this.merge(residual, merger, true)), "float32");
          deepstack.push(hooks?.apply("vision.deepstack", rows) ?? rows);
        }
      }
      const merged = k.scope(() => this.merge(residual, weights.under("merger."), false));
      const rows = k.cast(hooks?.apply("vision.merged", merged) ?? merged, "float32");
      const features = restored ? k.gather(rows, k.tensor(restored, [restored.length])) : rows;
      return { features: hooks?.apply("vision.features", features) ?? features, deepstack };
    });
  }

  /** Order of the patches and who sees whom. */
  #order(grids: readonly PatchGrid[]): PatchOrder {
    const { spatialMergeSize: merge, windowTokens } = this.config;
    const coordinates = patchCoordinates(grids, merge), frames = frameLengths(grids);
    if (!windowTokens) return { order: null, restored: null, coordinates, frames, windows: frames };
    const windows = windowOrder(grids, merge, windowTokens);
    const unit = merge * merge;
    const order = new Int32Array(coordinates.length / 2);
    const restored = new Int32Array(windows.order.length);
    windows.order.forEach((token, place) => {
      restored[token] = place;
      for (let i = 0; i < unit; i++) order[place * unit + i] = token * unit + i;
    });
    const moved = coordinates.map((_, i) => coordinates[2 * order[i >> 1] + i % 2]);
    return { order, restored, coordinates: moved, frames, windows: windows.lengths };
  }

  /** The patch convolution as a matrix product: `[P, channels * frames * patch^2] -> [P, D_v]`. */
  #embedPatches(pixelValues: Tensor): Tensor {
    const { kernels: k, config, weights } = this;
    const kernel = weights.get("patch_embed.proj.weight"); // [D_v, C, t, p, p]
    const flat = k.reshape(kernel, [config.hiddenSize, -1]);
    const embedded = k.linear(pixelValues, flat, weights.find("patch_embed.proj.bias"));
    return k.cast(embedded, "float32");
  }

  /** Learned positions, resampled to each image's grid: `[P, D_v]`. */
  #positions(grids: readonly PatchGrid[]): Tensor {
    const { kernels: k, config, weights } = this;
    const side = Math.round(Math.sqrt(config.numPositionEmbeddings));
    const samples = samplePositionTable(grids, config.spatialMergeSize, side);
    return sampleRows(k, k.cast(weights.get("pos_embed.weight"), "float32"), samples);
  }

  #block(
    layer: number,
    residPre: Tensor,
    tables: RopeTables,
    lengths: readonly number[],
    hooks: RunHooks | null,
  ): Tensor {
    const { kernels: k, config } = this;
    const own = this.weights.under(`blocks.${layer}.`);
    const at = (point: VisionLayerPoint, x: Tensor) =>
      hooks?.apply(`vision.blocks.${layer}.${point}`, x) ?? x;
    const norm = (name: string, x: Tensor) => this.#norm(x, own, name);
    const linear = (name: string, x: Tensor, then?: Activation) =>
      k.linear(x, own.get(`${name}.weight`), own.get(`${name}.bias`), then);

    const input = at("resid_pre", residPre);
    const pattern = `vision.blocks.${layer}.attn.pattern`;
    const onPattern = hooks?.wants(pattern) ? (x: Tensor) => hooks.apply(pattern, x) : undefined;
    // scopes of their own: what is large is needed for a moment only
    const mid = k.scope(() => {
      const z = k.scope(() => {
        const qkv = linear("attn.qkv", norm("norm1", input)); // [P, 3 * D_v]
        return at("attn.z", this.#attention(qkv, tables, lengths, onPattern));
      });
      return at("resid_mid", k.add(input, at("attn_out", linear("attn.proj", z))));
    });
    return k.scope(() => {
      const normalizedMid = norm("norm2", mid);
      const out = config.gatedMlp
        ? linear(
          "mlp.down_proj",
          k.gatedActivation(
            linear("mlp.gate_proj", normalizedMid),
            linear("mlp.up_proj", normalizedMid),
            config.hiddenAct,
          ),
        )
        : linear(
          "mlp.linear_fc2",
          linear("mlp.linear_fc1", normalizedMid, config.hiddenAct),
        );
      return at("resid_post", k.add(mid, at("mlp_out", out)));
    });
  }

  /** The config's kind of norm over the last axis. */
  #norm(x: Tensor, weights: WeightsMap, name: string): Tensor {
    const gain = weights.get(`${name}.weight`);
    return this.config.norm === "rms"
      ? this.kernels.rmsNorm(x, gain, normEps)
      : this.kernels.layerNorm(x, gain, weights.get(`${name}.bias`), normEps);
  }

  /** Attention within each frame or window: `[P, 3 * D_v] -> [P, D_v]`. */
  #attention(
    qkv: Tensor,
    tables: RopeTables,
    lengths: readonly number[],
    onPattern?: (pattern: Tensor) => Tensor,
  ): Tensor {
    const { kernels: k, config } = this;
    const width = config.hiddenSize, headDim = width / config.numHeads;
    const [query, key, value] = [0, 1, 2].map((i) => ({ rows: qkv, from: i * width }));
    const call = {
      ...{ query, key, value, headDim, lengths, tables },
      heads: config.numHeads,
      scale: 1 / Math.sqrt(headDim),
    };
    return onPattern ? composedRowAttention(k, call, onPattern) : k.rowAttention(call);
  }

  /**
   * Joins each merge block and projects it: `[P, D_v] -> [P / merge^2, D]`.
   *
   * @param weights of this merger: `norm.…`, `linear_fc1.…`, `linear_fc2.…`
   * @param normAfterJoining whether the norm spans the joined rows (DeepStack) or each row
   */
  merge(x: Tensor, weights: WeightsMap, normAfterJoining: boolean): Tensor {
    const { kernels: k, config } = this;
    const joinedWidth = config.hiddenSize * config.spatialMergeSize ** 2;
    const linear = (name: string, t: Tensor, then?: Activation) =>
      k.linear(t, weights.get(`${name}.weight`), weights.get(`${name}.bias`), then);
    const norm = (t: Tensor) => this.#norm(t, weights, "norm");
    const joined = normAfterJoining
      ? norm(k.reshape(x, [-1, joinedWidth]))
      : k.reshape(norm(x), [-1, joinedWidth]);
    return linear("linear_fc2", linear("linear_fc1", joined, "gelu"));
  }
}
