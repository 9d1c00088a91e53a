/**
 * One pass through the decoder: what its layers need besides weights. Hooks, cache, rotary tables,
 * positions and the rows that are wanted are put together once for each pass, so that the layers
 * themselves read as in the papers.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { checkRows } from "../hooks/capture.ts";
import type { DecoderLayerPoint } from "../hooks/hook_point.ts";
import type { RunHooks } from "../hooks/run_hooks.ts";
import {
  type AttentionCall,
  type AttentionFunction,
  denseAttention,
  patternOfRows,
  showAttentionRows,
} from "../nn/attention.ts";
import { groupedAttention, type KeyValueGroup } from "../nn/grouped_attention.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { MutualBlocks } from "../nn/mask.ts";
import { type RopeConfig, type RopeTables, ropeTables } from "../nn/rope.ts";
import type { TextConfig } from "./config.ts";
import type { KvCache } from "./kv_cache.ts";

/** Points that show attention. */
const attentionPoints = ["attn.scores", "attn.pattern"] as const;

/** One of them. */
type AttentionPoint = typeof attentionPoints[number];

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
   * network and the result have no others, and pattern rows must lie among them. All by default;
   * with 0 that layer only adds its keys and values to the cache, and its input is the result.
   */
  readonly lastRows?: number;
}

/** One pass over T tokens. */
export class DecoderPass {
  /** Position of the first token: that of the cache. */
  readonly first: number;
  /** Rotary tables of all tokens, `[T, H]`. */
  readonly tables: RopeTables;
  /** Those of layers that see a window only, where they have their own. */
  readonly localTables: RopeTables | null;
  /** Positions of the same image, where they see one another both ways. */
  readonly blocks: MutualBlocks | undefined;

  /**
   * Begins a pass.
   *
   * @param positionIds `[axes, T]` of the tokens, row by row
   * @param tokens T
   */
  constructor(
    readonly kernels: Kernels,
    readonly config: TextConfig,
    positionIds: Int32Array,
    readonly tokens: number,
    readonly options: DecoderOptions,
  ) {
    this.first = options.cache?.length ?? 0;
    const tables = (rope: RopeConfig) =>
      ropeTables(kernels, rope, positionIds, tokens, options.extent);
    this.tables = tables(config);
    this.localTables = config.localLayers ? tables(config.localLayers.rope) : null;
    this.blocks = config.mutualImages ? blocksOf(positionIds, tokens, this.first) : undefined;
  }

  /** The part of a layer; the last one that runs gives only the rows that are wanted. */
  layer(index: number): LayerPass {
    const { toLayer = this.config.numHiddenLayers, lastRows = this.tokens } = this.options;
    const rows = index === toLayer - 1 ? Math.min(lastRows, this.tokens) : this.tokens;
    return new LayerPass(this, index, rows);
  }
}

/**
 * Stretches of tokens that begin at one position, by the second axis of their positions; undefined
 * where there are none.
 *
 * @param first position of the first token
 */
function blocksOf(
  positionIds: Int32Array,
  tokens: number,
  first: number,
): MutualBlocks | undefined {
  const starts = positionIds.subarray(tokens), blocks: [number, number][] = [];
  for (let i = 0, end = 0; i < starts.length; i = end) {
    for (end = i + 1; end < starts.length && starts[end] === starts[i];) end++;
    if (end > i + 1) blocks.push([first + i, first + end]);
  }
  return blocks.length > 0 ? blocks : undefined;
}

/** A layer's part of a pass. */
export class LayerPass {
  /**
   * Made by {@link DecoderPass.layer}.
   *
   * @param rows how many of the last tokens come out of the layer
   */
  constructor(readonly pass: DecoderPass, readonly index: number, readonly rows: number) {}

  /** Most recent positions that a query of this layer sees; all where undefined. */
  get window(): number | undefined {
    const { localLayers } = this.pass.config;
    return localLayers?.layers.includes(this.index) ? localLayers.window : undefined;
  }

  /** The name of a hook point of this layer. */
  nameOf(point: DecoderLayerPoint): string {
    return `blocks.${this.index}.${point}`;
  }

  /** Whether a hook wants a point. */
  wants(point: DecoderLayerPoint): boolean {
    return this.pass.options.hooks?.wants(this.nameOf(point)) ?? false;
  }

  /** An activation as hooks leave it. */
  at(point: DecoderLayerPoint, x: Tensor): Tensor {
    const { hooks } = this.pass.options;
    if (!hooks) return x;
    const rows = point === "attn.scores" || point === "attn.pattern" ? x.shape[2] : x.shape[1];
    return hooks.apply(this.nameOf(point), x, this.pass.first + this.pass.tokens - rows);
  }

  /** The rows of `[B, T, ..]` that come out of the layer; `x` itself where all do. */
  last(x: Tensor): Tensor {
    const skipped = x.shape[1] - this.rows;
    if (skipped <= 0) return x;
    const begin = x.shape.map((_, axis) => axis === 1 ? skipped : 0);
    return this.pass.kernels.slice(x, begin, x.shape.map(() => -1));
  }

  /** Heads' outputs as attention gives them, `[B, N, T, H]`, as hooks leave them: `[B, T, N, H]`. */
  heads(z: Tensor): Tensor {
    // of one token both lie alike, and nobody sees the shape
    if (z.shape[2] === 1 && !this.wants("attn.z")) return z;
    return this.at("attn.z", this.pass.kernels.transpose(z, [0, 2, 1, 3]));
  }

  /** Rotary tables of all tokens. */
  get tables(): RopeTables {
    const { tables, localTables } = this.pass;
    return this.window === undefined ? tables : localTables!;
  }

  /**
   * Adds keys and values `[B, K, T, H]` to the cache, and gives what the queries may see.
   *
   * @throws {InputError} if somebody wants to see attention, and a pruned KV cache lacks keys
   */
  append(key: Tensor, value: Tensor): readonly KeyValueGroup[] {
    const { cache, patternRows } = this.pass.options;
    const keyValueHeads = key.shape[1];
    if (!cache) {
      const heads = Array.from({ length: keyValueHeads }, (_, i) => i);
      return [{ heads, segments: [{ key, value }] }];
    }
    const watched = patternRows || attentionPoints.some((point) => this.wants(point));
    if (watched && !cache.isWhole(this.index, keyValueHeads)) {
      throw new InputError(
        `Cannot show the attention of layer ${this.index}: its pruned KV cache does not keep all ` +
          "keys; run with a cache made without an attention function",
      );
    }
    if (this.pass.blocks && this.pass.first > 0 && !cache.isWhole(this.index, keyValueHeads)) {
      throw new InputError(
        `Cannot run an image through layer ${this.index} after a pruned KV cache: its tokens see one ` +
          "another both ways; run with a cache made without an attention function",
      );
    }
    return cache.append(this.index, key, value);
  }

  /** Attention of the queries `[B, N, rows, H]` to what they may see: z of the same shape. */
  attend(query: Tensor, seen: readonly KeyValueGroup[]): Tensor {
    const { kernels: k, tokens, options } = this.pass;
    const { patternRows, attention = denseAttention } = options, { window } = this;
    if (patternRows) {
      const rows = patternRows.rows.map((row) => row - (tokens - this.rows));
      k.scope(() =>
        patternRows.onPattern(
          this.index,
          patternOfRows(k, query, seen[0].segments, rows, window, this.pass.blocks),
          k,
        )
      );
    }
    const call = { query, layer: this.index, window, blocks: this.pass.blocks };
    const rows = this.#rowsRead();
    if (rows) {
      this.#showRows(attention, { ...call, segments: seen[0].segments }, rows);
      return groupedAttention(k, attention, call, seen);
    }
    const hook = (point: AttentionPoint) =>
      this.wants(point) ? (x: Tensor) => this.at(point, x) : undefined;
    const hooked = { ...call, onScores: hook("attn.scores"), onPattern: hook("attn.pattern") };
    return groupedAttention(k, attention, hooked, seen);
  }

  /** Rows that hooks read of scores and pattern, where they read nothing else; null otherwise. */
  #rowsRead(): readonly number[] | null {
    const { hooks } = this.pass.options;
    const read = attentionPoints.filter((point) => this.wants(point))
      .map((point) => hooks!.rowsRead(this.nameOf(point)));
    const [rows = null] = read;
    return read.every((other) => other !== null && String(other) === String(rows)) ? rows : null;
  }

  /** Shows hooks the rows of scores and pattern that they read. */
  #showRows(
    attention: AttentionFunction,
    call: Pick<AttentionCall, "query" | "segments" | "layer" | "window" | "blocks">,
    rows: readonly number[],
  ): void {
    const { tokens, kernels: k, options } = this.pass, skipped = tokens - this.rows;
    const show = (point: AttentionPoint) => {
      if (!this.wants(point)) return null;
      const name = this.nameOf(point);
      checkRows(rows, tokens, name, skipped);
      return (x: Tensor) => options.hooks!.showRows(name, x, this.pass.first + skipped);
    };
    const shown = { scores: show("attn.scores"), pattern: show("attn.pattern") };
    showAttentionRows(k, attention, call, rows.map((row) => row - skipped), shown);
  }
}
