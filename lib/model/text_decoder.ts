/**
 * The text decoder: a stack of pre-norm layers of grouped-query attention and a gated feed-forward
 * network, as in LLaMA, Qwen2 and Qwen3, or of experts.
 *
 * Source: transformers `modeling_qwen3_vl.py` (`Qwen3VLTextModel`), with Qwen2's biases and LLaMA's
 * absence of query and key norms as switches of the config.
 * @module
 */
import { InputError } from "../common/errors.ts";
import { expertsFeedForward } from "../nn/experts.ts";
import type { KeyValueGroup } from "../nn/grouped_attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import { foldGain } from "../nn/rope.ts";
import type { TextConfig } from "./config.ts";
import { type DecoderOptions, DecoderPass, type LayerPass } from "./decoder_pass.ts";
import type { WeightsMap } from "./weights_map.ts";

/** A decoder on given kernels and weights. */
export class TextDecoder {
  /**
   * A decoder that shares its weights with whoever made them.
   *
   * @param config sizes
   * @param weights names as in `Qwen3VLTextModel`: `embed_tokens.weight`, `layers.0.…`, `norm.weight`
   * @param lmHead `[V, D]`, or null for a decoder that only runs layers
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: TextConfig,
    readonly weights: WeightsMap,
    readonly lmHead: Tensor | null,
  ) {}

  /**
   * Embeddings of token ids, `[T, D]` in float32.
   *
   * @throws {InputError} if an id is outside the vocabulary
   */
  embed(inputIds: Int32Array): Tensor {
    const { kernels: k, config } = this;
    inputIds.forEach((id, i) => {
      if (id < 0 || id >= config.vocabSize) {
        throw new InputError(
          `Cannot embed token ${id} at position ${i}: the vocabulary has ids 0 to ${
            config.vocabSize - 1
          }`,
        );
      }
    });
    return k.scope(() => {
      const rows = k.gather(
        this.weights.get("embed_tokens.weight"),
        k.tensor(inputIds, [inputIds.length]),
      );
      const wide = k.cast(rows, "float32"), { embeddingScale } = config;
      return embeddingScale === undefined ? wide : k.scale(wide, embeddingScale);
    });
  }

  /**
   * Runs the layers on embeddings `[B, T, D]` and returns the residual stream after the last of them,
   * `[B, T, D]`, before the final norm.
   *
   * @param embeddings residual stream that enters the first layer
   * @param positionIds `[axes, T]` of these tokens, row by row
   * @throws {InputError} if scores, patterns or pattern rows are wanted while the cache is a short one
   */
  forward(embeddings: Tensor, positionIds: Int32Array, options: DecoderOptions = {}): Tensor {
    const { kernels: k, config } = this;
    const { fromLayer = 0, toLayer = config.numHiddenLayers, deepstack = [] } = options;
    return k.scope(() => {
      const pass = new DecoderPass(k, config, positionIds, embeddings.shape[1], options);
      let residual = embeddings;
      for (let index = fromLayer; index < toLayer; index++) {
        const previous = residual, layer = pass.layer(index);
        if (layer.rows === 0) {
          k.scope(() => this.#keysOnly(layer, previous));
          continue;
        }
        residual = k.scope(() => {
          const out = this.#layer(layer, previous);
          return index < deepstack.length ? k.add(out, layer.last(deepstack[index])) : out;
        });
        if (previous !== embeddings) k.dispose(previous);
      }
      return residual;
    });
  }

  /** One layer on the residual stream `[B, T, D]`; gives the rows that are wanted of it. */
  #layer(layer: LayerPass, input: Tensor): Tensor {
    const { kernels: k, config: { rmsNormEps, sandwichNorms } } = this;
    const residPre = layer.at("resid_pre", input);
    const normalized = layer.at(
      "ln1.normalized",
      k.rmsNorm(residPre, this.#weight(layer, "input_layernorm.weight"), rmsNormEps),
    );
    const z = layer.at("attn.z", this.#attention(layer, normalized)); // [B, T, N, H]
    const attnOut = layer.at("attn_out", this.#after(layer, this.#output(layer, z), "attention"));
    const residMid = layer.at("resid_mid", k.add(layer.last(residPre), attnOut));
    const before = `${sandwichNorms ? "pre_feedforward" : "post_attention"}_layernorm.weight`;
    const normalizedMid = layer.at(
      "ln2.normalized",
      k.rmsNorm(residMid, this.#weight(layer, before), rmsNormEps),
    );
    const mlpOut = layer.at(
      "mlp_out",
      this.#after(layer, this.#feedForward(layer, normalizedMid), "feedforward"),
    );
    return layer.at("resid_post", k.add(residMid, mlpOut));
  }

  /** Adds the keys and values of a layer of which nothing else is wanted. */
  #keysOnly(layer: LayerPass, input: Tensor): void {
    const weight = this.#weight(layer, "input_layernorm.weight");
    this.#append(layer, this.kernels.rmsNorm(input, weight, this.config.rmsNormEps));
  }

  /** What a branch gives, normalised where the model does that before it is added. */
  #after(layer: LayerPass, x: Tensor, branch: "attention" | "feedforward"): Tensor {
    const { kernels: k, config: { rmsNormEps, sandwichNorms } } = this;
    if (!sandwichNorms) return x;
    return k.rmsNorm(x, this.#weight(layer, `post_${branch}_layernorm.weight`), rmsNormEps);
  }

  /** Heads' outputs z `[B, T, N, H]` of one layer, from its normalised input `[B, T, D]`. */
  #attention(layer: LayerPass, x: Tensor): Tensor {
    const { kernels: k, config: { numAttentionHeads } } = this;
    const queries = this.#project(layer, "q", layer.last(x), numAttentionHeads);
    const query = this.#rotate(layer, "q", queries); // [B, N, T, H]
    const seen = this.#append(layer, x); // [B, K, S, H]
    return k.transpose(layer.attend(query, seen), [0, 2, 1, 3]); // [B, N, T, H] -> [B, T, N, H]
  }

  /** Adds keys and values of a layer's normalised input to what its queries see. */
  #append(layer: LayerPass, x: Tensor): readonly KeyValueGroup[] {
    const { kernels: k, config: { numKeyValueHeads } } = this;
    const key = this.#rotate(layer, "k", this.#project(layer, "k", x, numKeyValueHeads));
    const value = k.transpose(this.#project(layer, "v", x, numKeyValueHeads), [0, 2, 1, 3]);
    return layer.append(key, value);
  }

  /** Queries, keys or values of all heads, `[B, T, heads, H]`. */
  #project(layer: LayerPass, role: "q" | "k" | "v", x: Tensor, heads: number): Tensor {
    const { kernels: k, config: { headDim } } = this;
    const name = `self_attn.${role}_proj`;
    const flat = k.linear(
      x,
      this.#weight(layer, `${name}.weight`),
      this.#bias(layer, `${name}.bias`),
    );
    const [batch, tokens] = x.shape;
    return layer.at(`attn.${role}`, k.reshape(flat, [batch, tokens, heads, headDim]));
  }

  /**
   * Norm, gain, rotary embedding and the factor (1/sqrt(H)) of queries in one go, `[B, T, heads, H]` to
   * `[B, heads, T, H]`: gain and factor are folded into the tables.
   */
  #rotate(layer: LayerPass, role: "q" | "k", x: Tensor): Tensor {
    const { kernels: k, config: { qkNorm, rmsNormEps, headDim, queryPreAttnScalar } } = this;
    const factor = role === "q" ? 1 / Math.sqrt(queryPreAttnScalar ?? headDim) : 1;
    const gain = qkNorm ? this.#weight(layer, `self_attn.${role}_norm.weight`) : null;
    const unit = gain ? k.rmsNorm(x, null, rmsNormEps) : x;
    const { cos, sin } = foldGain(k, layer.tables(role), gain, factor);
    const rotated = k.rotate(k.transpose(unit, [0, 2, 1, 3]), cos, sin);
    const point = `attn.rot_${role}` as const;
    if (!layer.wants(point)) return rotated;
    const shown = layer.at(point, k.transpose(k.scale(rotated, 1 / factor), [0, 2, 1, 3]));
    return k.scale(k.transpose(shown, [0, 2, 1, 3]), factor);
  }

  /** The output projection of the heads' outputs `[B, T, N, H]`: `[B, T, D]`. */
  #output(layer: LayerPass, z: Tensor): Tensor {
    const [batch, tokens, heads, headDim] = z.shape;
    return this.kernels.linear(
      this.kernels.reshape(z, [batch, tokens, heads * headDim]),
      this.#weight(layer, "self_attn.o_proj.weight"),
      this.#bias(layer, "self_attn.o_proj.bias"),
    );
  }

  /** The gated feed-forward network, or the experts, of a layer, `[B, T, D]`. */
  #feedForward(layer: LayerPass, x: Tensor): Tensor {
    const { kernels: k, config } = this;
    if (config.experts?.layers.includes(layer.index)) return this.#experts(layer, x);
    const gate = layer.at("mlp.pre", k.linear(x, this.#weight(layer, "mlp.gate_proj.weight")));
    const up = layer.at("mlp.pre_linear", k.linear(x, this.#weight(layer, "mlp.up_proj.weight")));
    const post = layer.at("mlp.post", k.gatedActivation(gate, up, config.hiddenAct));
    return k.linear(post, this.#weight(layer, "mlp.down_proj.weight"));
  }

  /** The feed-forward network of a layer with experts, `[B, T, D]`. */
  #experts(layer: LayerPass, x: Tensor): Tensor {
    const { kernels: k, config } = this;
    for (const point of ["mlp.pre", "mlp.pre_linear", "mlp.post"] as const) {
      if (!layer.wants(point)) continue;
      throw new InputError(
        `Cannot hook "${layer.nameOf(point)}": layer ${layer.index} has experts, which see ` +
          `different rows each; hook "${layer.nameOf("mlp_out")}"`,
      );
    }
    const own = {
      router: this.#weight(layer, "mlp.gate.weight"),
      gateUp: this.#weight(layer, "mlp.experts.gate_up_proj"),
      down: this.#weight(layer, "mlp.experts.down_proj"),
    };
    return expertsFeedForward(k, x, own, config.experts!, config.hiddenAct);
  }

  /** A weight of a layer by its name within it. */
  #weight({ index }: LayerPass, name: string): Tensor {
    return this.weights.get(`layers.${index}.${name}`);
  }

  /** A bias of a layer, or null where there is none. */
  #bias({ index }: LayerPass, name: string): Tensor | null {
    return this.weights.find(`layers.${index}.${name}`);
  }

  /**
   * The final norm and the head: logits `[B, T, V]` of a residual stream `[B, T, D]`, in float32.
   *
   * @param lastOnly only the last position's logits, `[B, 1, V]`
   */
  logits(residual: Tensor, options: Pick<DecoderOptions, "hooks"> = {}, lastOnly = false): Tensor {
    const { kernels: k, config, lmHead } = this;
    if (!lmHead) throw new Error("Cannot compute logits: this decoder was made without a head");
    return k.scope(() => {
      const rows = lastOnly
        ? k.slice(residual, [0, residual.shape[1] - 1, 0], [-1, 1, -1])
        : residual;
      const normalized = k.rmsNorm(rows, this.weights.get("norm.weight"), config.rmsNormEps);
      const seen = options.hooks?.apply("ln_final.normalized", normalized) ?? normalized;
      const logits = k.cast(k.linear(seen, lmHead), "float32");
      return options.hooks?.apply("logits", logits) ?? logits;
    });
  }
}
