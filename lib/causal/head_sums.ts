/**
 * Effects of heads from gradients: their change times the slope there, summed over positions, for several
 * maps of heads at a time.
 *
 * @module
 */
import type { HeadGrid } from "../common/head_id.ts";
import type { Kernels, Tensor } from "../nn/kernels.ts";
import type { ChangedLayer } from "./changed_heads.ts";

/** Effects of one layer that were not read yet. */
interface Pending {
  readonly map: number;
  readonly layer: number;
  readonly sum: Tensor;
}

/** Maps of effects `[L, N]` that grow layer by layer. Whoever makes one disposes of it. */
export class HeadSums implements Disposable {
  /** Effects, row by row; complete once all sums are read. */
  readonly maps: readonly Float64Array[];
  readonly #pending: Pending[] = [];

  /** @param count number of maps */
  constructor(readonly kernels: Kernels, readonly grid: HeadGrid, count: number) {
    this.maps = Array.from({ length: count }, () => new Float64Array(grid.layers * grid.heads));
  }

  /** Notes the effects of a layer's heads, within the scope of its gradients. */
  add(map: number, { layer, change, at }: ChangedLayer<"attn.z">): void {
    const { kernels: k } = this, product = k.mul(change, at("attn.z").gradient); // [1, T, N, H]
    this.#pending.push({ map, layer, sum: k.keep(k.sum(k.sum(product, 3), 1)) }); // [1, N]
  }

  /** Adds what was noted to the maps, each time this share of it. */
  async read(share: number): Promise<void> {
    const { kernels: k, grid: { heads } } = this;
    for (const { map, layer, sum } of this.#pending) {
      (await k.read(sum)).forEach((x, head) => this.maps[map][layer * heads + head] += x * share);
    }
    this[Symbol.dispose]();
  }

  /** Frees what was not read. */
  [Symbol.dispose](): void {
    this.kernels.dispose(...this.#pending.splice(0).map(({ sum }) => sum));
  }
}

/**
 * Mean sizes of effects without one other layer each (GradDrop).
 *
 * @param whole effects with every layer, `[L, N]`
 * @param without effects without each layer from the second on
 * @param count N
 */
export function sizesOf(
  whole: Float64Array,
  without: readonly Float64Array[],
  count: number,
): Float64Array {
  return whole.map((effect, i) => {
    const layer = Math.floor(i / count); // what comes before it does not pass its gradient on
    const later = without.slice(layer).reduce((sum, map) => sum + Math.abs(map[i]), 0);
    return (layer * Math.abs(effect) + later) / Math.max(1, without.length);
  });
}
