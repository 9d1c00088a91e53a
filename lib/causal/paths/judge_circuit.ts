/**
 * Whether a circuit does what the model does: alone, and what the model does without it.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { allHeads, checkHeads, type HeadId } from "../../common/head_id.ts";
import { layerMatchedHeads } from "../../heads/controls.ts";
import { otherHeads } from "../../heads/select.ts";
import { type AnyModel, networkOf } from "../../model/network_of.ts";
import { bootstrapInterval } from "../../stats/bootstrap_pairs.ts";
import type { Interval } from "../../stats/interval.ts";
import type { Variant } from "../head_mask.ts";
import { headOutputs } from "../head_outputs.ts";
import { intervene } from "../intervene.ts";
import { interventions } from "../interventions/registry.ts";
import { batchSize, withAnswer } from "../sweep.ts";
import type { CircuitSample } from "./circuit.ts";
import { PathRuns } from "./path_runs.ts";

/** How a circuit is judged. */
export interface JudgeCircuitOptions {
  /** Sets of as many other heads of the same layers to compare with; 20 by default. */
  readonly controls?: number;
  /** Domain of each sample, for the bootstrap; all of one by default. */
  readonly strata?: readonly string[];
  /** Draws of the bootstrap; 2000 by default. */
  readonly draws?: number;
  /** Seed of the controls and of the bootstrap; 0 by default. */
  readonly seed?: number;
}

/** What a set of heads does alone, and what the model does without it. */
export interface CircuitJudgement {
  /** Number of samples. */
  readonly samples: number;
  /** The metric of the whole model, on average. */
  readonly whole: number;
  /** The metric where every head gives what it gives on the corrupted prompt. */
  readonly none: number;
  /** (circuit alone - none) / (whole - none): 1 for a circuit that does all of it. */
  readonly faithfulness: Interval;
  /** (all heads but the circuit - none) / (whole - none): 0 where nothing is left without it. */
  readonly without: Interval;
  /** Both of each control, over the same samples. */
  readonly controls: readonly { readonly faithfulness: number; readonly without: number }[];
}

/** The metric of one sample with sets of heads as on the corrupted prompt. */
export async function withCorrupted(
  model: AnyModel,
  sample: CircuitSample,
  sets: readonly (readonly HeadId[])[],
): Promise<number[]> {
  const network = networkOf(model), { kernels: k, decoder } = network;
  const { clean, corrupted, metric } = sample, inputs = withAnswer(clean);
  const other = withAnswer({ ...clean, inputs: corrupted });
  const intervention = interventions.resample(await headOutputs(network, "corrupted", other));
  using runs = new PathRuns(network, { clean, corrupted, metric, receivers: "logits" });
  const rows = inputs.inputIds.length, answers = clean.answerIds.length;
  const most = batchSize(network, rows, rows, answers), found: number[] = [];
  for (let start = 0; start < sets.length; start += most) {
    const variants = sets.slice(start, start + most).map((heads): Variant => [
      { heads, intervention, during: "prefill" },
    ]);
    const out = k.scope(() => {
      const wide = k.broadcastBatch(runs.pair.clean.residuals[0], variants.length);
      return decoder.forward(wide, inputs.positionIds, {
        attention: intervene(network, variants, inputs),
        deepstack: runs.pair.clean.deepstack,
        lastRows: answers,
      });
    });
    try {
      found.push(...await runs.measure(out));
    } finally {
      k.dispose(out);
    }
  }
  return found;
}

/** @throws {InputError} where the metric is the same with all heads corrupted as with none */
export function checkGap(whole: number, none: number, samples: number): void {
  if (Math.abs(whole - none) > 1e-6) return;
  throw new InputError(
    `Cannot judge a circuit on ${samples} samples: with all heads as on the corrupted prompt ` +
      `the metric is ${none.toFixed(3)}, as without any (${whole.toFixed(3)})`,
  );
}

/**
 * Judges a circuit: what its heads do while all others give what they give on the corrupted prompt
 * (faithfulness), and what the others do while its heads give that (what is left without it:
 * completeness wants 0; `circuitCompleteness` asks the same of subsets). What enters the decoder, norms and feed-forward networks belong to both
 * sides. Controls are as many other heads of the same layers.
 *
 * @throws {InputError} for heads that do not exist, and where heads make no difference
 *
 * @example
 * ```ts
 * import { judgeCircuit } from "./judge_circuit.ts";
 * import { logitDifference } from "./metric.ts";
 * import { createKernels } from "../../backend/create_kernels.ts";
 * import { useBackend } from "../../backend/select.ts";
 * import { plantedModel } from "../../../lab/planted/planted.ts";
 * import { plantedSample } from "../../../lab/planted/planted_world.ts";
 * import { assert } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2].map((i) => {
 *   const clean = plantedSample(1, i), other = plantedSample(1, i + 20);
 *   const metric = logitDifference(other.answerIds[0]);
 *   return { clean, corrupted: other.inputs, metric };
 * });
 * const judged = await judgeCircuit(model, samples, retrievalHeads, { controls: 2, draws: 200 });
 * assert(judged.faithfulness.estimate > 0.9 && judged.without.estimate < 0.1);
 * model.dispose();
 * ```
 */
export async function judgeCircuit(
  model: AnyModel,
  samples: readonly CircuitSample[],
  circuit: readonly HeadId[],
  { controls = 20, strata, draws, seed = 0 }: JudgeCircuitOptions = {},
): Promise<CircuitJudgement> {
  const { grid } = networkOf(model);
  checkHeads(circuit, grid, "judge");
  const sets = [
    circuit,
    ...Array.from({ length: controls }, (_, i) => layerMatchedHeads(circuit, grid, `${seed}-${i}`)),
  ];
  const rows: number[][] = [];
  for (const sample of samples) {
    const corrupted = [[], allHeads(grid), ...sets.flatMap((own) => [otherHeads(own, grid), own])];
    rows.push(await withCorrupted(model, sample, corrupted));
  }
  const meanOf = (column: number, chosen: ArrayLike<number>) =>
    Array.from(chosen, (row) => rows[row][column]).reduce((a, b) => a + b, 0) / chosen.length;
  const share = (column: number) => (chosen: ArrayLike<number>) => {
    const none = meanOf(1, chosen);
    return (meanOf(column, chosen) - none) / (meanOf(0, chosen) - none);
  };
  const all = [...rows.keys()], whole = meanOf(0, all), none = meanOf(1, all);
  checkGap(whole, none, samples.length);
  const interval = (column: number) =>
    bootstrapInterval(rows.length, share(column), { strata, draws, seed });
  return {
    samples: rows.length,
    whole,
    none,
    faithfulness: interval(2),
    without: interval(3),
    controls: sets.slice(1).map((_, i) => ({
      faithfulness: share(4 + 2 * i)(all),
      without: share(5 + 2 * i)(all),
    })),
  };
}
