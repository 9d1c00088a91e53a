/**
 * The KV cache: keys and values of the positions so far, by layer.
 *
 * @module
 */
import type { Kernels, Tensor } from "../backend/kernels.ts";
import type { KeyValueSegment } from "../nn/attention.ts";

/** New positions gather in a tail that joins the prefix at this length, so that a step copies little. */
const tailLength = 256;

/** Keys and values of a sequence (or of a batch of them) by layer, grown as tokens come. */
export class KvCache {
  readonly #layers: KeyValueSegment[][];
  /** Positions held. */
  length = 0;

  /**
   * An empty cache.
   *
   * @param layers number of decoder layers
   * @param shared layers of another cache whose segments this one reads but does not own
   */
  constructor(readonly kernels: Kernels, layers: number, readonly shared: KvCache | null = null) {
    this.#layers = Array.from({ length: layers }, () => []);
    this.length = shared?.length ?? 0;
  }

  /** All segments of a layer, the shared ones first. */
  segments(layer: number): KeyValueSegment[] {
    return [...(this.shared?.segments(layer) ?? []), ...this.#layers[layer]];
  }

  /**
   * Adds positions to a layer and returns all its segments. `length` grows with the last layer.
   *
   * @param key `[B, K, T, H]`; the cache keeps a handle of its own
   * @param value `[B, K, T, H]`
   */
  append(layer: number, key: Tensor, value: Tensor): KeyValueSegment[] {
    const k = this.kernels;
    const own = this.#layers[layer];
    const tail = own.length > 1 ? own[own.length - 1] : null;
    if (tail && tail.key.shape[2] < tailLength) {
      own[own.length - 1] = this.#joined([tail, { key, value }]);
      k.dispose(tail.key, tail.value);
    } else {
      if (tail) {
        const whole = this.#joined(own);
        for (const segment of own) k.dispose(segment.key, segment.value);
        own.splice(0, own.length, whole);
      }
      own.push({ key: k.keep(key), value: k.keep(value) });
    }
    if (layer === this.#layers.length - 1) this.length += key.shape[2];
    return this.segments(layer);
  }

  #joined(parts: readonly KeyValueSegment[]): KeyValueSegment {
    return {
      key: this.kernels.keep(this.kernels.concat(parts.map(({ key }) => key), 2)),
      value: this.kernels.keep(this.kernels.concat(parts.map(({ value }) => value), 2)),
    };
  }

  /** Bytes held by this cache, without what it shares. */
  get bytes(): number {
    const size = ({ key, value }: KeyValueSegment) =>
      [key, value].reduce(
        (sum, t) => sum + t.shape.reduce((a, b) => a * b, 1) * (t.dtype === "bfloat16" ? 2 : 4),
        0,
      );
    return this.#layers.flat().reduce((sum, segment) => sum + size(segment), 0);
  }

  /** Frees the cache's own tensors. */
  dispose(): void {
    for (const { key, value } of this.#layers.flat()) this.kernels.dispose(key, value);
    this.#layers.forEach((layer) => layer.length = 0);
    this.length = this.shared?.length ?? 0;
  }
}
