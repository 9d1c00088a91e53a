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
import {
  afterAttentionPoints,
  attentionInputPoints,
  composedAfterAttention,
  composedAttentionInputs,
  composedFeedForward,
  composedKeys,
} from "../nn/decoder_layer.ts";
import type { AttentionInputsCall, Kernels, Tensor } from "../nn/kernels.ts";
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
    const { kernels: k } = this;
    const residPre = layer.at("resid_pre", input), inputs = this.#inputs(layer, residPre);
    // one call where nobody wants to see what is computed on the way
    const { query, key, value } = attentionInputPoints.some((point) => layer.wants(point))
      ? composedAttentionInputs(k, inputs, layer)
      : k.attentionInputs(inputs);
    const z = layer.heads(layer.attend(query, layer.append(key, value)));
    return layer.at("resid_post", this.#after(layer, layer.last(residPre), z));
  }

  /** Adds the keys and values of a layer of which nothing else is wanted. */
  #keysOnly(layer: LayerPass, input: Tensor): void {
    const { key, value } = composedKeys(this.kernels, this.#inputs(layer, input), layer);
    layer.append(key, value);
  }

  /** What becomes queries, keys and values of a layer, from its input `[B, T, D]`. */
  #inputs(layer: LayerPass, x: Tensor): AttentionInputsCall {
    const { headDim, qkNorm, queryPreAttnScalar, rmsNormEps } = this.config;
    const part = (role: "q" | "k" | "v") => ({
      weight: this.#weight(layer, `self_attn.${role}_proj.weight`),
      bias: this.#bias(layer, `self_attn.${role}_proj.bias`),
      gain: qkNorm && role !== "v" ? this.#weight(layer, `self_attn.${role}_norm.weight`) : null,
    });
    return {
      ...{ x, gain: this.#weight(layer, "input_layernorm.weight"), eps: rmsNormEps, headDim },
      ...{ query: part("q"), key: part("k"), value: part("v"), tables: layer.tables },
      scale: 1 / Math.sqrt(queryPreAttnScalar ?? headDim),
      queryRows: layer.rows,
    };
  }

  /** The residual stream after a layer, from that before it and the heads' outputs `[B, T, N, H]`. */
  #after(layer: LayerPass, x: Tensor, z: Tensor): Tensor {
    const { kernels: k, config } = this, { sandwichNorms } = config;
    const norm = (name: string) => this.#weight(layer, `${name}_layernorm.weight`);
    const call = {
      ...{ x, z, eps: config.rmsNormEps, activation: config.hiddenAct },
      output: {
        weight: this.#weight(layer, "self_attn.o_proj.weight"),
        bias: this.#bias(layer, "self_attn.o_proj.bias"),
      },
      outputGain: sandwichNorms ? norm("post_attention") : null,
      gain: norm(sandwichNorms ? "pre_feedforward" : "post_attention"),
      feedGain: sandwichNorms ? norm("post_feedforward") : null,
    };
    if (config.experts?.layers.includes(layer.index)) {
      return composedAfterAttention(k, call, layer, (own) => this.#experts(layer, own));
    }
    const whole = {
      ...call,
      gate: this.#weight(layer, "mlp.gate_proj.weight"),
      up: this.#weight(layer, "mlp.up_proj.weight"),
      down: this.#weight(layer, "mlp.down_proj.weight"),
    };
    if (!afterAttentionPoints.some((point) => layer.wants(point))) return k.afterAttention(whole);
    const feedForward = (own: Tensor) => composedFeedForward(k, whole, own, layer);
    return composedAfterAttention(k, whole, layer, feedForward);
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
      const rows = lastOnly && residual.shape[1] > 1
        ? k.slice(residual, [0, residual.shape[1] - 1, 0], [-1, 1, -1])
        : residual;
      const normalized = k.rmsNorm(rows, this.weights.get("norm.weight"), config.rmsNormEps);
      const seen = options.hooks?.apply("ln_final.normalized", normalized) ?? normalized;
      const logits = k.cast(k.linear(seen, lmHead), "float32");
      return options.hooks?.apply("logits", logits) ?? logits;
    });
  }
}
