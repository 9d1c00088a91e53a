/**
 * An encoder of tiles of one size: CLIP, SigLIP and InternViT, told apart by switches of the config.
 *
 * Source: transformers `modeling_clip.py`, `modeling_siglip.py` and `modeling_internvl.py`.
 * @module
 */
import type { Activation, Kernels, Tensor } from "../nn/kernels.ts";
import type { VisionLayerPoint } from "../hooks/hook_point.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import { composedRowAttention } from "../nn/row_attention.ts";
import type { ImageEncoderConfig } from "./config.ts";
import type { WeightsMap } from "./weights_map.ts";

/** Epsilon of the query and key norms, whatever that of the layers' norms is. */
const qkNormEps = 1e-6;

/**
 * Cuts tiles into patches, each with its values in the order of a convolution kernel.
 *
 * @param pixels `[n, channels, side, side]`, row-major
 * @returns `[n * patches, channels * patch * patch]`, patches row by row
 *
 * @example
 * ```ts
 * import { cutPatches } from "./image_encoder.ts";
 * import { assertEquals } from "@std/assert";
 * const tile = Float32Array.of(1, 2, 3, 4); // one channel, 2 by 2
 * assertEquals([...cutPatches(tile, 1, 2, 1)], [1, 2, 3, 4]);
 * assertEquals([...cutPatches(tile, 1, 2, 2)], [1, 2, 3, 4]);
 * ```
 */
export function cutPatches(
  pixels: Float32Array,
  channels: number,
  side: number,
  patch: number,
): Float32Array {
  const across = Math.floor(side / patch);
  const plane = side * side, width = channels * patch * patch;
  const tiles = pixels.length / (channels * plane);
  const out = new Float32Array(tiles * across * across * width);
  let at = 0;
  for (let tile = 0; tile < tiles; tile++) {
    for (let place = 0; place < across * across; place++) {
      const top = Math.floor(place / across) * patch, left = place % across * patch;
      for (let channel = 0; channel < channels; channel++) {
        for (let row = 0; row < patch; row++) { // too short for a copy by the engine
          const from = (tile * channels + channel) * plane + (top + row) * side + left;
          for (let i = from; i < from + patch; i++) out[at++] = pixels[i];
        }
      }
    }
  }
  return out;
}

/** An image encoder on given kernels and weights. P is the number of patches, and the class token. */
export class ImageEncoder {
  /** @param weights names as in CLIP: `embeddings.…`, `layers.0.self_attn.q_proj.weight`, … */
  constructor(
    readonly kernels: Kernels,
    readonly config: ImageEncoderConfig,
    readonly weights: WeightsMap,
  ) {}

  /**
   * Features of tiles: the output of layer `featureDepth`, `[n, P, D_v]` in float32.
   *
   * @param pixels `[n, 3, imageSize, imageSize]`
   */
  encode(pixels: Float32Array, hooks: RunHooks | null = null): Tensor {
    const { kernels: k, config } = this;
    return k.scope(() => {
      const embedded = k.scope(() => this.#embed(pixels));
      let residual = hooks?.apply("vision.embed", embedded) ?? embedded;
      let features = config.featureDepth === 0 ? residual : null;
      const layers = this.#layersToRun(hooks);
      for (let layer = 0; layer < layers; layer++) {
        const previous = residual;
        residual = k.scope(() => this.#layer(layer, previous, hooks));
        if (previous !== features) k.dispose(previous);
        if (layer + 1 === config.featureDepth) features = residual;
      }
      return config.lastNorm
        ? k.cast(this.#norm(features!, this.weights.under("last_norm.")), "float32")
        : features!;
    });
  }

  /** Layers up to the features'; later ones run only where a hook looks at them. */
  #layersToRun(hooks: RunHooks | null): number {
    const hooked = [...hooks?.fireCounts.keys() ?? []]
      .map((name) => /^vision\.blocks\.(\d+)\./.exec(name))
      .map((match) => match ? Number(match[1]) + 1 : 0);
    return Math.max(this.config.featureDepth, ...hooked);
  }

  /** Input of the first layer: patches, class token, positions, and CLIP's norm. */
  #embed(pixels: Float32Array): Tensor {
    const { kernels: k, config, weights } = this;
    const { imageSize, patchSize, hiddenSize } = config;
    const patches = cutPatches(pixels, 3, imageSize, patchSize);
    const perTile = Math.floor(imageSize / patchSize) ** 2;
    const width = 3 * patchSize * patchSize;
    const tiles = patches.length / width / perTile;
    const kernel = k.reshape(weights.get("embeddings.patch_embedding.weight"), [hiddenSize, width]);
    const rows = k.linear(
      k.tensor(patches, [tiles * perTile, width]),
      kernel,
      weights.find("embeddings.patch_embedding.bias"),
    );
    const float = (name: string) => k.cast(weights.get(`embeddings.${name}`), "float32");
    let x = k.reshape(k.cast(rows, "float32"), [tiles, perTile, hiddenSize]);
    if (config.classToken) {
      const own = k.reshape(float("class_embedding"), [1, 1, hiddenSize]);
      x = k.concat([k.broadcastBatch(own, tiles), x], 1);
    }
    const positions = k.reshape(float("position_embedding.weight"), [1, -1, hiddenSize]);
    const placed = k.add(x, positions);
    return config.preNorm
      ? k.cast(this.#norm(placed, weights.under("pre_norm.")), "float32")
      : placed;
  }

  #norm(x: Tensor, weights: WeightsMap): Tensor {
    const { kernels: k, config } = this;
    const gain = weights.get("weight");
    return config.norm === "rms"
      ? k.rmsNorm(x, gain, config.normEps)
      : k.layerNorm(x, gain, weights.get("bias"), config.normEps);
  }

  /** One layer on the residual stream `[n, P, D_v]`. */
  #layer(index: number, residPre: Tensor, hooks: RunHooks | null): Tensor {
    const { kernels: k, config } = this;
    const own = this.weights.under(`layers.${index}.`);
    const nameOf = (point: VisionLayerPoint) => `vision.blocks.${index}.${point}`;
    const at = (point: VisionLayerPoint, x: Tensor) => hooks?.apply(nameOf(point), x) ?? x;
    const linear = (name: string, x: Tensor, then?: Activation) =>
      k.linear(x, own.get(`${name}.weight`), own.find(`${name}.bias`), then);
    const scaled = (name: string, x: Tensor) => config.layerScale ? k.mul(x, own.get(name)) : x;

    const input = at("resid_pre", residPre);
    const onPattern = hooks?.wants(nameOf("attn.pattern"))
      ? (x: Tensor) => at("attn.pattern", x)
      : undefined;
    // scopes of their own: what is large is needed for a moment only
    const mid = k.scope(() => {
      const z = k.scope(() =>
        at("attn.z", this.#attention(this.#norm(input, own.under("layer_norm1.")), own, onPattern))
      );
      const attnOut = at("attn_out", scaled("lambda_1", linear("self_attn.out_proj", z)));
      return at("resid_mid", k.add(input, attnOut));
    });
    return k.scope(() => {
      const normalized = this.#norm(mid, own.under("layer_norm2."));
      const mlp = linear("mlp.fc2", linear("mlp.fc1", normalized, config.hiddenAct));
      return at("resid_post", k.add(mid, at("mlp_out", scaled("lambda_2", mlp))));
    });
  }

  /** Attention within each tile: `[n, P, D_v] -> [n, P, D_v]`, before the output projection. */
  #attention(x: Tensor, own: WeightsMap, onPattern?: (pattern: Tensor) => Tensor): Tensor {
    const { kernels: k, config } = this;
    const { numHeads, hiddenSize, qkNorm } = config;
    const [tiles, length] = x.shape;
    const headDim = hiddenSize / numHeads;
    const project = (role: "q" | "k" | "v") => {
      const name = `self_attn.${role}_proj`;
      const flat = k.linear(x, own.get(`${name}.weight`), own.find(`${name}.bias`));
      const unit = qkNorm && role !== "v"
        ? k.rmsNorm(flat, own.get(`self_attn.${role}_norm.weight`), qkNormEps)
        : flat;
      return { rows: k.reshape(unit, [tiles * length, hiddenSize]), from: 0 };
    };
    const call = {
      ...{ query: project("q"), key: project("k"), value: project("v") },
      ...{ heads: numHeads, headDim, scale: 1 / Math.sqrt(headDim) },
      lengths: Array<number>(tiles).fill(length),
    };
    const z = onPattern ? composedRowAttention(k, call, onPattern) : k.rowAttention(call);
    return k.reshape(z, [tiles, length, hiddenSize]);
  }
}
