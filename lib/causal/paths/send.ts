/**
 * The first half of path patching: senders give what they give on the corrupted prompt, every other
 * head what it gives on the clean one, and the receivers' inputs are kept.
 *
 * No head looks at anything new here, so no token changes another: only the receivers' tokens are run.
 * @module
 */
import type { AttentionFunction } from "../../nn/attention.ts";
import type { Tensor } from "../../nn/kernels.ts";
import { extentOf } from "../../nn/rope.ts";
import type { VisionLanguageModel } from "../../model/vision_language_model.ts";
import {
  firstSent,
  type HeadInputName,
  headInputNames,
  type PathReceivers,
  type PathSenders,
  receivingLayers,
  rowsAt,
} from "./nodes.ts";
import type { RecordedRun } from "./recorded_run.ts";
import { forVariants, mix, takeRows } from "./rows.ts";

/** The prompt in both versions. */
export interface RecordedPair {
  readonly clean: RecordedRun;
  readonly corrupted: RecordedRun;
  /** Positions of the tokens, `[axes, T]`. */
  readonly positionIds: Int32Array;
  /** T. */
  readonly tokens: number;
}

/** Inputs of a layer's heads, as attention takes them: `[B, heads, rows, H]` each. */
export type SentInputs = Partial<Record<HeadInputName, Tensor>>;

/** What arrives at the receivers; the tensors belong to the caller. */
export interface Sent {
  /** Inputs by layer. */
  readonly inputs: ReadonlyMap<number, SentInputs>;
  /** The last residual stream, `[B, rows, D]`, where receivers are the logits. */
  readonly residual: Tensor | null;
}

/** Positions of some tokens, `[axes, rows]`. */
function positionsOf({ positionIds, tokens }: RecordedPair, rows: readonly number[]): Int32Array {
  const axes = positionIds.length / tokens;
  return Int32Array.from(
    { length: axes * rows.length },
    (_, i) => positionIds[Math.floor(i / rows.length) * tokens + rows[i % rows.length]],
  );
}

/** Masks over variants: 1 where a variant sends. */
class SenderMasks {
  /** For each variant the run's rows at which it sends. */
  readonly #active: readonly (readonly number[])[];

  constructor(
    readonly variants: readonly PathSenders[],
    readonly rows: readonly number[],
    tokens: number,
  ) {
    this.#active = variants.map(({ at }) => {
      const sending = new Set(rowsAt(at, tokens));
      return rows.flatMap((row, i) => sending.has(row) ? [i] : []);
    });
  }

  /** `[B, rows, 1]`, or null where nobody sends the embedding. */
  embedding(): Float32Array<ArrayBuffer> | null {
    const { variants, rows } = this;
    if (!variants.some(({ embedding }) => embedding)) return null;
    const mask = new Float32Array(variants.length * rows.length);
    variants.forEach(({ embedding }, v) => {
      if (embedding) { for (const row of this.#active[v]) mask[v * rows.length + row] = 1; }
    });
    return mask;
  }

  /** `[B, N, rows, 1]`, or null where no head of the layer sends. */
  heads(layer: number, count: number): Float32Array<ArrayBuffer> | null {
    const { variants, rows } = this, size = rows.length;
    const own = variants.map(({ heads = [] }) => heads.filter((id) => id.layer === layer));
    if (own.every(({ length }) => length === 0)) return null;
    const mask = new Float32Array(variants.length * count * size);
    own.forEach((heads, v) => {
      for (const { head } of heads) {
        for (const row of this.#active[v]) mask[(v * count + head) * size + row] = 1;
      }
    });
    return mask;
  }
}

/**
 * Runs the senders' half.
 *
 * @param variants senders of each row of the batch
 * @param rows tokens that receive, ascending
 */
export function send(
  network: VisionLanguageModel,
  pair: RecordedPair,
  variants: readonly PathSenders[],
  receivers: PathReceivers,
  rows: readonly number[],
): Sent {
  const { kernels: k, decoder, grid: { layers, heads } } = network, { clean, corrupted } = pair;
  const toLayer = Math.min(layers, receivingLayers(receivers, layers)[1] + 1);
  const fromLayer = Math.min(...variants.map((senders) => firstSent(senders, layers)));
  const batch = variants.length, masks = new SenderMasks(variants, rows, pair.tokens);
  const wanted = wantedInputs(receivers);
  const inputs = new Map<number, SentInputs>();

  const held: AttentionFunction = (_, { layer, query, segments: [{ key, value }] }) => {
    const own = wanted.get(layer);
    if (own) {
      const seen = { query, key, value }, kept: SentInputs = {};
      for (const name of headInputNames) {
        if (own.has(name)) kept[name] = k.keep(k.reshape(seen[name], seen[name].shape));
      }
      inputs.set(layer, kept);
    }
    const z = takeRows(k, clean.z[layer], 2, rows), mask = masks.heads(layer, heads);
    if (!mask) return forVariants(k, z, batch);
    const other = takeRows(k, corrupted.z[layer], 2, rows);
    return mix(k, z, other, mask, [batch, heads, rows.length, 1]);
  };
  const hooks = clean.mlp.length === 0 ? null : network.runHooks({
    "blocks.*.mlp_out": {
      onTensor: (_, __, { layer }) => forVariants(k, takeRows(k, clean.mlp[layer], 1, rows), batch),
    },
  });
  const residual = k.scope(() => {
    const entering = masks.embedding();
    const of = (x: Tensor, other: Tensor) => {
      const own = takeRows(k, x, 1, rows);
      if (!entering) return own;
      return mix(k, own, takeRows(k, other, 1, rows), entering, [batch, rows.length, 1]);
    };
    const begin = of(clean.residuals[fromLayer], corrupted.residuals[fromLayer]);
    const deepstack = stages(network, pair).map(([own, other]) => of(own, other));
    const start = begin.shape[0] === batch ? begin : forVariants(k, begin, batch);
    const out = decoder.forward(start, positionsOf(pair, rows), {
      ...{ fromLayer, toLayer, deepstack, hooks, attention: held },
      extent: extentOf(pair.positionIds),
    });
    return receivers === "logits" ? k.keep(k.reshape(out, out.shape)) : null;
  });
  return { inputs, residual };
}

/** Which inputs are wanted of which layer. */
function wantedInputs(receivers: PathReceivers): Map<number, Set<HeadInputName>> {
  const wanted = new Map<number, Set<HeadInputName>>();
  for (const { head: { layer }, input } of receivers === "logits" ? [] : receivers) {
    wanted.set(layer, (wanted.get(layer) ?? new Set<HeadInputName>()).add(input));
  }
  return wanted;
}

/** DeepStack features of both versions, zero where one has none. */
function stages(
  { kernels: k }: VisionLanguageModel,
  { clean, corrupted }: RecordedPair,
): [own: Tensor, other: Tensor][] {
  const count = Math.max(clean.deepstack.length, corrupted.deepstack.length);
  const at = ({ deepstack }: RecordedRun, stage: number) =>
    deepstack[stage] ?? k.zeros(clean.residuals[0].shape);
  return Array.from({ length: count }, (_, stage) => [at(clean, stage), at(corrupted, stage)]);
}
