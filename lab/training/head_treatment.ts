/**
 * What training and evaluation do to heads: silence them, or let them see a window only.
 *
 * @module
 */
import type { HeadId } from "../../lib/common/head_id.ts";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import type { Hooks } from "../../lib/hooks/hook_point.ts";
import type { Random } from "../../lib/stats/random.ts";
import type { LocalWindow } from "./attention.ts";
import type { HeadTreatment } from "./trainer.ts";

/** Hooks that set the outputs of heads to zero. */
export function silencingHooks(
  heads: readonly HeadId[],
  count: number,
): Hooks {
  const layers = [...new Set(heads.map(({ layer }) => layer))];
  return Object.fromEntries(layers.map((layer) => {
    const keep = new Float32Array(count).fill(1);
    for (const one of heads) if (one.layer === layer) keep[one.head] = 0;
    const hook = {
      onTensor: (z: Tensor, k: Kernels) => k.mul(z, k.tensor(keep, [1, 1, count, 1])),
    };
    return [`blocks.${layer}.attn.z`, hook];
  }));
}

/** The sparsity-aware finish. */
export interface SparseFinish {
  /** L, decoder layers. */
  readonly layers: number;
  /** N, query heads of a layer. */
  readonly heads: number;
  /** Heads that always see everything. */
  readonly full: readonly HeadId[];
  /** What the other heads see in half of the steps. */
  readonly sink: number;
  /** See `sink`. */
  readonly window: number;
  /** Probability that another head is silent in a step. */
  readonly dropout: number;
}

/**
 * The treatment of one step: in half of them all heads but the full ones see sink and window only;
 * in every step some of the others are silent.
 */
export function sparseTreatment(finish: SparseFinish, random: Random): HeadTreatment {
  const { layers, heads, full, sink, window, dropout } = finish;
  const isFull = (layer: number, head: number) =>
    full.some((one) => one.layer === layer && one.head === head);
  const restricted = random.integer(2) === 0;
  const silent: { layer: number; head: number }[] = [];
  const local: LocalWindow[] = [];
  for (let layer = 0; layer < layers; layer++) {
    const others = Array.from({ length: heads }, (_, head) => !isFull(layer, head));
    local.push({ sink, window, heads: others });
    others.forEach((other, head) => {
      if (random.uniform() < dropout && other) silent.push({ layer, head });
    });
  }
  return { local: restricted ? local : [], hooks: silencingHooks(silent, heads) };
}
