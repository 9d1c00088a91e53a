/**
 * The KV cache: keys and values of the positions so far, by layer.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { AttentionFunction, KeyValueSegment, NeededPositions } from "../nn/attention.ts";
import { type KeyValueGroup, takeHeads } from "../nn/grouped_attention.ts";

/** New positions gather in a tail that joins the prefix at this length, so that a step copies little. */
const tailLength = 256;
/** The same where only a few positions are kept. */
const shortTailLength = 32;

/** Key-value heads of a layer that keep the same positions. */
interface Group {
  readonly heads: readonly number[];
  /** What later queries need, or null for everything. */
  readonly needed: NeededPositions | null;
  /** Up to two: the older positions, and the tail. */
  readonly segments: KeyValueSegment[];
}

/**
 * Keys and values of a sequence (or of a batch of them) by layer, grown as tokens come.
 *
 * A pruned KV cache keeps only what its attention function needs later: for heads that see a sink and a
 * window, these positions and up to 32 more; everything for the other heads. Its results are those of
 * a whole cache.
 */
export class KvCache {
  readonly #layers: Group[][];
  /** Positions so far, also those that are no longer held. */
  length = 0;

  /**
   * An empty cache.
   *
   * @param layers number of decoder layers
   * @param shared another cache whose segments this one reads but does not own; it must be a whole one,
   * and this one is then whole too
   * @param needed what each key-value head needs later; everything by default
   * @throws {InputError} if the shared cache is short
   */
  constructor(
    readonly kernels: Kernels,
    layers: number,
    readonly shared: KvCache | null = null,
    readonly needed?: AttentionFunction["neededPositions"],
  ) {
    if (shared?.needed) throw new InputError("Cannot share a pruned KV cache: it lacks positions");
    if (shared) this.needed = undefined;
    this.#layers = Array.from({ length: layers }, () => []);
    this.length = shared?.length ?? 0;
  }

  /** Segments of one layer, shared prefix first. Only for caches that keep all positions. */
  segments(layer: number): KeyValueSegment[] {
    const own = this.#layers[layer].flatMap(({ segments }) => segments);
    return [...(this.shared?.segments(layer) ?? []), ...own];
  }

  /**
   * Adds positions to a layer and returns what their queries may see, by groups of heads that keep the
   * same positions. `length` grows with the last layer.
   *
   * The positions of a pruned KV cache are not numbered through: what lies between sink and window is left
   * out, but distances within the window are right, and so are attention patterns by sink and window.
   *
   * @param key `[B, K, T, H]`; the cache keeps a handle of its own
   * @param value `[B, K, T, H]`
   */
  append(layer: number, key: Tensor, value: Tensor): KeyValueGroup[] {
    const k = this.kernels;
    const groups = this.#groups(layer, key.shape[1]);
    const found = groups.map((group) => {
      const added = {
        key: takeHeads(k, key, group.heads),
        value: takeHeads(k, value, group.heads),
      };
      if (group.needed) {
        return { heads: group.heads, segments: this.#appendShort(group, group.needed, added) };
      }
      this.#appendWhole(group.segments, added);
      const shared = this.shared?.segments(layer) ?? [];
      return { heads: group.heads, segments: [...shared, ...group.segments] };
    });
    if (layer === this.#layers.length - 1) this.length += key.shape[2];
    return found;
  }

  /** The groups of a layer, made at its first positions. */
  #groups(layer: number, keyValueHeads: number): Group[] {
    const groups = this.#layers[layer];
    if (groups.length > 0) return groups;
    const heads = Array.from({ length: keyValueHeads }, (_, head) => head);
    const needed = this.needed?.(layer, keyValueHeads);
    const ids = heads.map((head) => JSON.stringify(needed?.[head] ?? null));
    for (const id of new Set(ids)) {
      groups.push({
        heads: heads.filter((head) => ids[head] === id),
        needed: JSON.parse(id) as NeededPositions | null,
        segments: [],
      });
    }
    return groups;
  }

  #appendWhole(own: KeyValueSegment[], added: KeyValueSegment): void {
    const tail = own.length > 1 ? own[own.length - 1] : null;
    if (tail && lengthOf([tail]) < tailLength) {
      this.#replace(own, 1, this.#joined([tail, added]));
      return;
    }
    if (tail) this.#replace(own, 0, this.#joined(own));
    own.push(this.#joined([added]));
  }

  /** What the added positions' queries may see; later queries may see less. */
  #appendShort(
    { segments: own }: Group,
    needed: NeededPositions,
    added: KeyValueSegment,
  ): KeyValueSegment[] {
    const k = this.kernels;
    if (own.length === 0 || lengthOf([added]) > shortTailLength) {
      // a prompt: of it, too, only what is needed is kept
      const before = own.length === 0 ? [] : [concat(k, own)];
      this.#replace(own, 0, this.#shortened([...before, added], needed));
      return [...before, added];
    }
    const tail = own.length > 1 ? own[1] : null;
    if (tail && lengthOf([tail, added]) <= shortTailLength) {
      this.#replace(own, 1, this.#joined([tail, added]));
    } else {
      if (tail) this.#replace(own, 0, this.#shortened(own, needed));
      own.push(this.#joined([added]));
    }
    return [...own];
  }

  /** Puts a segment in the place of all from an index on, which are freed. */
  #replace(own: KeyValueSegment[], from: number, segment: KeyValueSegment | null): void {
    const old = own.splice(from, own.length, ...segment ? [segment] : []);
    for (const { key, value } of old) this.kernels.dispose(key, value);
  }

  #joined(parts: readonly KeyValueSegment[]): KeyValueSegment {
    const { key, value } = parts.length === 1 ? parts[0] : concat(this.kernels, parts);
    return { key: this.kernels.keep(key), value: this.kernels.keep(value) };
  }

  /** The positions that queries after the last one need; null if none. */
  #shortened(
    parts: readonly KeyValueSegment[],
    { sink, window }: NeededPositions,
  ): KeyValueSegment | null {
    const k = this.kernels;
    const total = lengthOf(parts);
    const slab = total - (window - 1); // the next query sees itself as well
    const runs = slab <= sink ? [[0, total]] : [[0, sink], [slab, total]];
    const pieces = (which: "key" | "value") =>
      runs.flatMap(([start, end]) => {
        let offset = 0;
        return parts.flatMap((part) => {
          const x = part[which], size = x.shape[2];
          const from = Math.max(start - offset, 0), to = Math.min(end - offset, size);
          offset += size;
          return from < to ? [k.slice(x, [0, 0, from, 0], [-1, -1, to - from, -1])] : [];
        });
      });
    return k.scope(() => {
      const keys = pieces("key"), values = pieces("value");
      if (keys.length === 0) return null;
      return { key: k.keep(k.concat(keys, 2)), value: k.keep(k.concat(values, 2)) };
    });
  }

  /** Whether a layer holds all positions of all heads (also while it has none yet). */
  isWhole(layer: number, keyValueHeads: number): boolean {
    return this.#groups(layer, keyValueHeads).every(({ needed }) => needed === null);
  }

  /** Bytes held by this cache, without what it shares. */
  get bytes(): number {
    const size = ({ key, value }: KeyValueSegment) =>
      [key, value].reduce(
        (sum, t) => sum + t.shape.reduce((a, b) => a * b, 1) * (t.dtype === "bfloat16" ? 2 : 4),
        0,
      );
    return this.#layers.flat().flatMap(({ segments }) => segments)
      .reduce((sum, segment) => sum + size(segment), 0);
  }

  /** Frees the cache's own tensors. */
  dispose(): void {
    for (const { segments } of this.#layers.flat()) this.#replace(segments, 0, null);
    this.length = this.shared?.length ?? 0;
  }
}

/** Segments as one, in their order. */
function concat(k: Kernels, parts: readonly KeyValueSegment[]): KeyValueSegment {
  return {
    key: k.concat(parts.map(({ key }) => key), 2),
    value: k.concat(parts.map(({ value }) => value), 2),
  };
}

/** Positions of segments together. */
function lengthOf(segments: readonly KeyValueSegment[]): number {
  return segments.reduce((sum, { key }) => sum + key.shape[2], 0);
}
