/**
 * Whether a circuit is all that does the work: what it and the whole model lose without the same heads.
 *
 * Source: Wang et al. 2022 (Interpretability in the Wild), section 4 and appendix; the greedy search there
 * looks for the subset that tells them apart most.
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { allHeads, checkHeads, type HeadId } from "../../common/head_id.ts";
import { otherHeads } from "../../heads/select.ts";
import { type AnyModel, networkOf } from "../../model/network_of.ts";
import { bootstrapInterval } from "../../stats/bootstrap_pairs.ts";
import type { Interval } from "../../stats/interval.ts";
import { Random } from "../../stats/random.ts";
import type { CircuitSample } from "./circuit.ts";
import { checkGap, withCorrupted } from "./judge_circuit.ts";

/** How completeness is tested. */
export interface CircuitCompletenessOptions {
  /** Random subsets of the circuit; 20 by default. */
  readonly subsets?: number;
  /** Heads that a greedy step tries, drawn from those left; 10 by default, 0 for no greedy search. */
  readonly candidates?: number;
  /** Domain of each sample, for the bootstrap; all of one by default. */
  readonly strata?: readonly string[];
  /** Draws of the bootstrap; 2000 by default. */
  readonly draws?: number;
  /** Seed of the subsets and of the bootstrap; 0 by default. */
  readonly seed?: number;
}

/** One subset that is taken from both. */
export interface CompletenessSubset {
  /** Heads that are taken away. */
  readonly removed: readonly HeadId[];
  /** Share of the whole model's metric that the circuit alone keeps without them. */
  readonly circuit: number;
  /** Share that the whole model keeps without them. */
  readonly model: number;
  /** model - circuit, with its interval over samples: 0 where the circuit is complete. */
  readonly gap: Interval;
}

/** What a circuit and the model lose without the same heads. */
export interface CircuitCompleteness {
  /** Number of samples. */
  readonly samples: number;
  /** Random subsets, each head of the circuit in it by the toss of a coin. */
  readonly random: readonly CompletenessSubset[];
  /**
   * The subset that the greedy search ends with, one head at a time as long as the gap grows; null
   * without a search. It was sought on the same samples, so its gap is larger than on others.
   */
  readonly greedy: CompletenessSubset | null;
}

/** Runs subsets on all samples. */
class SubsetRuns {
  /** The metric by sample with no head, then with all heads as on the corrupted prompt. */
  #ends: readonly (readonly number[])[] | null = null;

  constructor(
    readonly model: AnyModel,
    readonly samples: readonly CircuitSample[],
    readonly circuit: readonly HeadId[],
    readonly options: CircuitCompletenessOptions,
  ) {}

  /** What is left of the metric without each subset: of the circuit alone, and of the whole model. */
  async of(subsets: readonly (readonly HeadId[])[]): Promise<CompletenessSubset[]> {
    const { grid } = networkOf(this.model), rows: number[][] = [];
    const outside = otherHeads(this.circuit, grid);
    const sets = subsets.flatMap((removed) => [[...outside, ...removed], removed]);
    const first = this.#ends === null ? [[], allHeads(grid)] : [];
    for (const sample of this.samples) {
      rows.push(await withCorrupted(this.model, sample, [...first, ...sets]));
    }
    this.#ends ??= rows.map((row) => row.splice(0, 2));
    const ends = this.#ends, all = [...rows.keys()];
    const mean = (value: (row: number) => number, chosen: ArrayLike<number>) => {
      let sum = 0;
      for (let i = 0; i < chosen.length; i++) sum += value(chosen[i]);
      return sum / chosen.length;
    };
    const whole = (chosen: ArrayLike<number>) => mean((row) => ends[row][0], chosen);
    const none = (chosen: ArrayLike<number>) => mean((row) => ends[row][1], chosen);
    checkGap(whole(all), none(all), rows.length);
    const share = (column: number) => (chosen: ArrayLike<number>) =>
      (mean((row) => rows[row][column], chosen) - none(chosen)) / (whole(chosen) - none(chosen));
    const { strata, draws, seed = 0 } = this.options;
    return subsets.map((removed, i): CompletenessSubset => {
      const [circuit, model] = [share(2 * i), share(2 * i + 1)];
      return {
        removed,
        circuit: circuit(all),
        model: model(all),
        gap: bootstrapInterval(rows.length, (drawn) => model(drawn) - circuit(drawn), {
          ...{ strata, draws, seed },
        }),
      };
    });
  }
}

/** Heads of a circuit, each taken by the toss of a coin; at least one. */
function randomSubset(circuit: readonly HeadId[], random: Random): HeadId[] {
  for (;;) {
    const found = circuit.filter(() => random.integer(2) === 1);
    if (found.length > 0) return found;
  }
}

/**
 * Tests whether a circuit is complete: for a subset K of its heads, the circuit without K should do what
 * the whole model does without K (Wang et al. 2022). Where the model keeps its answer without heads that
 * the circuit needs, other heads do the same work and are missing in the circuit. Heads that are taken
 * away, and for the circuit all others, give what they give on the corrupted prompt, as in
 * `judgeCircuit`.
 *
 * @throws {InputError} for an empty circuit, heads that do not exist, and where heads make no difference
 *
 * @example
 * ```ts
 * import { circuitCompleteness } from "./circuit_completeness.ts";
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
 *   return { clean, corrupted: other.inputs, metric: logitDifference(other.answerIds[0]) };
 * });
 * const options = { subsets: 2, draws: 200 };
 * const whole = await circuitCompleteness(model, samples, retrievalHeads, options);
 * const part = await circuitCompleteness(model, samples, retrievalHeads.slice(1), options);
 * assert(Math.abs(whole.greedy!.gap.estimate) < 0.2 && part.greedy!.gap.estimate > 0.3);
 * model.dispose();
 * ```
 */
export async function circuitCompleteness(
  model: AnyModel,
  samples: readonly CircuitSample[],
  circuit: readonly HeadId[],
  options: CircuitCompletenessOptions = {},
): Promise<CircuitCompleteness> {
  const { subsets = 20, candidates = 10, seed = 0 } = options;
  checkHeads(circuit, networkOf(model).grid, "judge");
  if (circuit.length === 0) throw new InputError("Cannot test a circuit of 0 heads: 1 needed");
  const runs = new SubsetRuns(model, samples, circuit, options);
  const random = new Random(seed).fork("subsets of a circuit");
  const drawn = Array.from({ length: subsets }, () => randomSubset(circuit, random));
  return {
    samples: samples.length,
    random: await runs.of(drawn),
    greedy: candidates === 0 ? null : await greedySubset(runs, candidates, random.fork("greedy")),
  };
}

/** Adds the head that makes the gap largest, as long as one makes it larger. */
async function greedySubset(
  runs: SubsetRuns,
  candidates: number,
  random: Random,
): Promise<CompletenessSubset> {
  let [best] = await runs.of([[]]);
  for (;;) {
    const left = runs.circuit.filter((head) => !best.removed.includes(head));
    if (left.length === 0) return best;
    const tried = random.shuffle([...left]).slice(0, candidates);
    const found = await runs.of(tried.map((head) => [...best.removed, head]));
    const size = ({ gap }: CompletenessSubset) => Math.abs(gap.estimate);
    const next = found.reduce((a, b) => size(b) > size(a) ? b : a);
    if (size(next) <= size(best)) return best;
    best = next;
  }
}
