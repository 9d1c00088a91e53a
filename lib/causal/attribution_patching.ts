/**
 * Attribution patching: what every head's change would do to an answer, all heads at once, by one pass
 * forward and one back, to first order.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { AnyModel } from "../model/network_of.ts";
import { ChangedHeads, type ChangedLayer } from "./changed_heads.ts";
import type { CorruptedPrompt, HeadChange, PatchingOptions } from "./head_changes.ts";
import { HeadSums, sizesOf } from "./head_sums.ts";
import type { AnswerSample } from "./sweep.ts";

/** How effects of heads are attributed. */
export interface AttributionPatchingOptions extends PatchingOptions {
  /**
   * Over how many points the gradients are averaged: 1 (by default) takes them where the model stands;
   * m takes them where all heads are changed by 1/2m, 3/2m, … of their change (integrated gradients),
   * or with a corrupted prompt at these parts of the straight way from what enters the decoder on the
   * prompt to what enters it on the corrupted one: embeddings, features of images, DeepStack (EAP-IG).
   */
  readonly steps?: number;
}

/** How effects of heads are attributed, and what is said of them. */
export interface HeadAttributionOptions extends AttributionPatchingOptions {
  /**
   * Whether to give `sizes` (GradDrop), too: what a head does directly and by way of later layers may
   * cancel in its effect, and does not there. It takes a pass back through the layers below each layer.
   */
  readonly gradDrop?: boolean;
}

/** Effects of heads on an answer, to first order. */
export interface HeadAttribution {
  /** L and N. */
  readonly shape: readonly [layers: number, heads: number];
  /** What the metric would gain if this head alone were changed, `[L, N]` row by row. */
  readonly heads: Float64Array;
  /** The metric of the model as it is. */
  readonly value: number;
  /** With `gradDrop`: mean size of these effects without one other layer each, `[L, N]`. */
  readonly sizes?: Float64Array;
}

/** Steps of integrated gradients at most. */
const mostSteps = 1000;

/** @throws {InputError} for a number of steps that cannot be taken */
export function checkSteps(steps: number): void {
  if (Number.isInteger(steps) && steps >= 1 && steps <= mostSteps) return;
  throw new InputError(
    `Cannot average gradients over ${steps} steps: wanted a whole number, 1 to ${mostSteps}`,
  );
}

/** The parts of heads' change at which gradients are taken: 0, or the middles of equal steps. */
export function partsOf(steps: number): number[] {
  return Array.from({ length: steps }, (_, step) => steps === 1 ? 0 : (step + 0.5) / steps);
}

/**
 * Attribution patching (Nanda 2023; Kramár et al. 2024, AtP): for a change of heads' outputs z, such as
 * their removal, the effect of changing head n of layer l alone is approximated by
 *
 *     heads[l, n] = sum over positions of (changed z[l, n] - z[l, n]) . d metric / d z[l, n]
 *
 * Its exact counterpart, a run for each head, is `sweep` with the variants
 * `[{ heads: [head], ...change }]`: the difference of two log-probabilities. With `steps` the gradient is
 * the mean over the straight way from no head changed to all heads changed (integrated gradients,
 * Sundararajan et al. 2017); the effects then add up to that of changing all heads at once, up to the
 * sum's error, since the metric's slope along the way is the sum of all heads' parts.
 *
 * With `{ corrupted }` in the place of an intervention, z changes to what it is on that prompt at the same
 * position, and `steps` runs between the two inputs (EAP-IG, Hanna et al. 2024, 2403.17806):
 *
 *     heads[l, n] = sum over positions of (corrupted z - z) . mean over a of d metric / d z at e + a (e' - e)
 *
 * with e and e' what enters the decoder on both prompts. One step is plain attribution patching from the
 * clean prompt. Heads change at the answer's own tokens too, as in `pathPatch`. For an answer of one token
 * the exact counterpart is `sweep` with `interventions.resample` (activation patching).
 *
 * With `gradDrop` (Kramár et al. 2024, AtP*, 2403.00745) `sizes` holds, for head n of layer l of L,
 *
 *     1 / (L - 1) * sum over layers d other than l of |heads[l, n] with the gradient of what d adds dropped|
 *
 * which has no sign, and does not vanish where two paths of a head cancel by chance.
 *
 * Memory grows linearly with the prompt: streams of all layers are kept, activations of one layer only.
 * Weights and results are in the model's element type: in bfloat16 effects are as exact as bfloat16 is.
 *
 * @param sample the prompt and its right answer; scope `answer` needs the question's tokens
 * @param change what becomes of each head, e.g. `{ intervention: interventions.zero() }`, or the
 *   corrupted prompt
 * @throws {InputError} for a change that cannot be applied or prompts that do not match token by token,
 *   and as `sweep`
 *
 * @example
 * ```ts
 * import { attributionPatching } from "./attribution_patching.ts";
 * import { interventions } from "./interventions/registry.ts";
 * import { answerLogit } from "./paths/metric.ts";
 * import { createKernels } from "../backend/create_kernels.ts";
 * import { useBackend } from "../backend/select.ts";
 * import { plantedModel } from "../../lab/planted/planted.ts";
 * import { plantedSample } from "../../lab/planted/planted_world.ts";
 * import { assert, assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const change = { intervention: interventions.zero() };
 * const options = { metric: answerLogit };
 * const { heads } = await attributionPatching(model, plantedSample(1, 0), change, options);
 * const worst = Array.from(heads.keys()).sort((a, b) => heads[a] - heads[b]).slice(0, 3);
 * const planted = retrievalHeads.map(({ layer, head }) => layer * 8 + head);
 * assertEquals(worst.sort((a, b) => a - b), planted);
 * // towards another image, five points on the way
 * const corrupted = plantedSample(1, 1).inputs;
 * const between = await attributionPatching(model, plantedSample(1, 0), { corrupted }, {
 *   metric: answerLogit,
 *   steps: 5,
 * });
 * assert(planted.includes(between.heads.indexOf(Math.min(...between.heads))));
 * model.dispose();
 * ```
 */
export async function attributionPatching(
  model: AnyModel,
  sample: AnswerSample,
  change: HeadChange | CorruptedPrompt,
  options: HeadAttributionOptions = {},
): Promise<HeadAttribution> {
  const { steps = 1, gradDrop = false } = options;
  checkSteps(steps);
  using run = new ChangedHeads(model, sample, change, options);
  const { kernels, grid } = run.network, { layers, heads: count } = grid;
  // effects with every layer, then without the gradient of each one
  using sums = new HeadSums(kernels, grid, gradDrop ? layers : 1);
  const note = (map: number, own: ChangedLayer<"attn.z">) => sums.add(map, own);
  let value = 0;
  for (const part of partsOf(steps)) {
    const found = await run.gradients(part, ["attn.z"], (own) => note(0, own), {
      ...gradDrop ? { without: note } : {},
    });
    if (steps === 1) value = found;
    await sums.read(1 / steps);
  }
  if (steps > 1) value = await run.value(0);
  const [heads, ...without] = sums.maps;
  return {
    shape: [layers, count],
    heads,
    value,
    ...gradDrop ? { sizes: sizesOf(heads, without, count) } : {},
  };
}
