/**
 * The text decoder: a stack of pre-norm layers of grouped-query attention and a gated feed-forward
 * network, as in LLaMA, Qwen2 and Qwen3, or of experts.
 *
 * Source: transformers `modeling_qwen3_vl.py` (`Qwen3VLTextModel`), with Qwen2's biases and LLaMA's
 * absence of query and key norms as switches of the config.
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { DecoderLayerPoint } from "../hooks/hook_point.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import { type AttentionFunction, denseAttention, patternOfRows } from "../nn/attention.ts";
import { expertsFeedForward } from "../nn/experts.ts";
import { groupedAttention } from "../nn/grouped_attention.ts";
import { foldGain, type RopeTables, ropeTables } from "../nn/rope.ts";
import type { TextConfig } from "./config.ts";
import type { KvCache } from "./kv_cache.ts";
import type { WeightsMap } from "./weights_map.ts";

/** Asks for the attention pattern of some query rows at every layer, without the whole pattern. */
export interface PatternRequest {
  /** Rows of this call's T queries, ascending. */
  readonly rows: readonly number[];
  /**
   * Receives `[B, N, rows, S]` in float32 at each layer, within a scope: keep or read what is needed.
   */
  readonly onPattern: (layer: number, pattern: Tensor, kernels: Kernels) => void;
}

/** What one pass through the decoder may be asked for. */
export interface DecoderOptions {
  /** Hooks of this run. */
  readonly hooks?: RunHooks | null;
  /** Cache to read and extend; without one, nothing is kept. */
  readonly cache?: KvCache | null;
  /** Attention function; dense by default. */
  readonly attention?: AttentionFunction;
  /** Pattern rows wanted at every layer. */
  readonly patternRows?: PatternRequest;
  /** DeepStack features by layer, `[B, T, D]`, added after decoder layers 0, 1, … */
  readonly deepstack?: readonly Tensor[];
  /** Largest position of the whole prompt plus one, where only its beginning is run. */
  readonly extent?: number;
  /** First layer to run (its input is `embeddings`); 0 by default. */
  readonly fromLayer?: number;
  /** Layer before which to stop; all by default. */
  readonly toLayer?: number;
  /**
   * Only this many last rows are wanted of the last layer that runs: its queries, its feed-forward
   * network and the result have no others, and pattern rows must lie among them. All by default.
   */
  readonly lastRows?: number;
}

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
    return k.scope(() =>
      k.cast(
        k.gather(this.weights.get("embed_tokens.weight"), k.tensor(inputIds, [inputIds.length])),
        "float32",
      )
    );
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
      const tables = ropeTables(k, config, positionIds, embeddings.shape[1], options.extent);
      let residual = embeddings;
      for (let layer = fromLayer; layer < toLayer; layer++) {
        const previous = residual;
        residual = k.scope(() => {
          const rows = layer === toLayer - 1 ? options.lastRows : undefined;
          const out = this.layer(layer, previous, tables, options, rows);
          return layer < deepstack.length ? k.add(out, this.#last(deepstack[layer], rows)) : out;
        });
        if (previous !== embeddings) k.dispose(previous);
      }
      return residual;
    });
  }

  /** The last rows of `[B, T, ..]`; `x` itself where all are wanted. */
  #last(x: Tensor, rows: number | undefined): Tensor {
    if (rows === undefined || rows >= x.shape[1]) return x;
    const begin = x.shape.map((_, axis) => axis === 1 ? x.shape[1] - rows : 0);
    return this.kernels.slice(x, begin, x.shape.map(() => -1));
  }

  /**
   * One layer on the residual stream `[B, T, D]`.
   *
   * @param lastRows if given, only this many last rows come out
   */
  layer(
    index: number,
    input: Tensor,
    tables: RopeTables,
    options: DecoderOptions,
    lastRows?: number,
  ): Tensor {
    const { kernels: k, config, weights } = this;
    const first = options.cache?.length ?? 0;
    const at = (point: DecoderLayerPoint, x: Tensor) => {
      const skipped = input.shape[1] - x.shape[1]; // where only the last rows are wanted
      return options.hooks?.apply(`blocks.${index}.${point}`, x, first + skipped) ?? x;
    };
    const weight = (name: string) => weights.get(`layers.${index}.${name}`);
    const bias = (name: string) => weights.find(`layers.${index}.${name}`);

    const residPre = at("resid_pre", input);
    const normalized = at(
      "ln1.normalized",
      k.rmsNorm(residPre, weight("input_layernorm.weight"), config.rmsNormEps),
    );
    const z = at("attn.z", this.#attention(index, normalized, tables, options, lastRows)); // [B, T, N, H]
    const [batch, tokens, heads, headDim] = z.shape;
    const attnOut = at(
      "attn_out",
      k.linear(
        k.reshape(z, [batch, tokens, heads * headDim]), // [B, T, N, H] -> [B, T, N*H]
        weight("self_attn.o_proj.weight"),
        bias("self_attn.o_proj.bias"),
      ),
    );
    const residMid = at("resid_mid", k.add(this.#last(residPre, lastRows), attnOut));

    const normalizedMid = at(
      "ln2.normalized",
      k.rmsNorm(residMid, weight("post_attention_layernorm.weight"), config.rmsNormEps),
    );
    const feedForward = () => {
      const gate = at("mlp.pre", k.linear(normalizedMid, weight("mlp.gate_proj.weight")));
      const up = at("mlp.pre_linear", k.linear(normalizedMid, weight("mlp.up_proj.weight")));
      const post = at("mlp.post", k.gatedActivation(gate, up, config.hiddenAct));
      return k.linear(post, weight("mlp.down_proj.weight"));
    };
    const mlpOut = at(
      "mlp_out",
      config.experts?.layers.includes(index)
        ? this.#experts(index, normalizedMid, options)
        : feedForward(),
    );
    return at("resid_post", k.add(residMid, mlpOut));
  }

  /** The feed-forward network of a layer with experts, `[B, T, D]`. */
  #experts(layer: number, x: Tensor, { hooks }: DecoderOptions): Tensor {
    const { kernels: k, config, weights } = this;
    for (const point of ["mlp.pre", "mlp.pre_linear", "mlp.post"]) {
      const name = `blocks.${layer}.${point}`;
      if (!hooks?.wants(name)) continue;
      throw new InputError(
        `Cannot hook "${name}": layer ${layer} has experts, which see different rows each; ` +
          `hook "blocks.${layer}.mlp_out"`,
      );
    }
    const weight = (name: string) => weights.get(`layers.${layer}.mlp.${name}`);
    const own = {
      router: weight("gate.weight"),
      gateUp: weight("experts.gate_up_proj"),
      down: weight("experts.down_proj"),
    };
    return expertsFeedForward(k, x, own, config.experts!, config.hiddenAct);
  }

  /** Heads' outputs z `[B, T, N, H]` of one layer, from its normalised input `[B, T, D]`. */
  #attention(
    layer: number,
    x: Tensor,
    tables: RopeTables,
    options: DecoderOptions,
    lastRows?: number,
  ): Tensor {
    const { kernels: k, config, weights } = this;
    const { numAttentionHeads, numKeyValueHeads, headDim } = config;
    const [batch, tokens] = x.shape;
    const hooks = options.hooks;
    const first = options.cache?.length ?? 0;
    const nameOf = (point: DecoderLayerPoint) => `blocks.${layer}.${point}`;
    const wanted = Math.min(lastRows ?? tokens, tokens); // queries
    const at = (point: DecoderLayerPoint, t: Tensor) => {
      const rows = point === "attn.scores" || point === "attn.pattern" ? t.shape[2] : t.shape[1];
      return hooks?.apply(nameOf(point), t, first + tokens - rows) ?? t;
    };
    const project = (role: "q" | "k" | "v", heads: number) => {
      const name = `layers.${layer}.self_attn.${role}_proj`;
      const input = role === "q" ? this.#last(x, wanted) : x;
      const flat = k.linear(input, weights.get(`${name}.weight`), weights.find(`${name}.bias`));
      return at(`attn.${role}`, k.reshape(flat, [batch, input.shape[1], heads, headDim])); // [B, T, heads, H]
    };
    // Norm, gain, rotary embedding and the factor of queries in one go: the gain and the factor are
    // folded into the tables.
    const rotated = (role: "q" | "k", heads: number, factor: number) => {
      const projected = project(role, heads);
      const gain = config.qkNorm
        ? weights.get(`layers.${layer}.self_attn.${role}_norm.weight`)
        : null;
      const unit = gain ? k.rmsNorm(projected, null, config.rmsNormEps) : projected;
      const own = role === "q" && wanted < tokens ? lastOf(tables) : tables;
      const folded = foldGain(k, own, gain, factor);
      const turned = k.rotate(k.transpose(unit, [0, 2, 1, 3]), folded.cos, folded.sin); // [B, heads, T, H]
      return hookedRotation(role, turned, factor);
    };
    const lastOf = ({ cos, sin }: RopeTables): RopeTables => ({
      cos: k.slice(cos, [tokens - wanted, 0], [-1, -1]),
      sin: k.slice(sin, [tokens - wanted, 0], [-1, -1]),
    });
    const hookedRotation = (role: "q" | "k", turned: Tensor, factor: number) => {
      const point = `attn.rot_${role}` as const;
      if (!hooks?.wants(nameOf(point))) return turned;
      const seen = at(point, k.transpose(k.scale(turned, 1 / factor), [0, 2, 1, 3])); // [B, T, heads, H]
      return k.scale(k.transpose(seen, [0, 2, 1, 3]), factor);
    };

    const query = rotated("q", numAttentionHeads, 1 / Math.sqrt(headDim));
    const key = rotated("k", numKeyValueHeads, 1);
    const value = k.transpose(project("v", numKeyValueHeads), [0, 2, 1, 3]); // [B, K, T, H]
    const hookFor = (point: DecoderLayerPoint) =>
      hooks?.wants(nameOf(point)) ? (t: Tensor) => at(point, t) : undefined;
    const onScores = hookFor("attn.scores"), onPattern = hookFor("attn.pattern");
    const request = options.patternRows;
    if (
      (onScores || onPattern || request) &&
      options.cache?.isWhole(layer, numKeyValueHeads) === false
    ) {
      throw new InputError(
        `Cannot show the attention of layer ${layer}: its short cache does not keep all keys; ` +
          `run with a cache made without an attention function`,
      );
    }
    const groups = options.cache?.append(layer, key, value) ??
      [{
        heads: Array.from({ length: numKeyValueHeads }, (_, i) => i),
        segments: [{ key, value }],
      }];
    if (request) {
      const rows = request.rows.map((row) => row - (tokens - wanted));
      k.scope(() => request.onPattern(layer, patternOfRows(k, query, groups[0].segments, rows), k));
    }
    const call = { query, layer, onScores, onPattern };
    const z = groupedAttention(k, options.attention ?? denseAttention, call, groups);
    return k.transpose(z, [0, 2, 1, 3]); // [B, N, T, H] -> [B, T, N, H]
  }

  /**
   * The final norm and the head: logits `[B, T, V]` of a residual stream `[B, T, D]`, in float32.
   *
   * @param rows if given, only these positions
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
