/**
 * Circuits: from the logits backwards, the heads whose paths carry more than those of heads drawn at
 * random, then what these read, and so on.
 *
 * Source of the method: Wang et al. 2022 (Interpretability in the Wild), with a stated rule in the
 * place of judgement. Why both ways: Heimersheim and Nanda 2024 (How to use and interpret activation
 * patching).
 * @module
 */
import { InputError } from "../../common/errors.ts";
import {
  compareHeads,
  headAt,
  type HeadGrid,
  type HeadId,
  headIndex,
  headName,
} from "../../common/head_id.ts";
import type { TokenSpan } from "../../inputs/token_spans.ts";
import { type AnyModel, networkOf } from "../../model/network_of.ts";
import { differenceInterval } from "../../stats/bootstrap_pairs.ts";
import { crossedInterval } from "../../stats/crossed.ts";
import type { Interval } from "../../stats/interval.ts";
import { type HeadInputName, headInputNames, type PathReceivers } from "./nodes.ts";
import { pathSweep, type PathSweepRequest } from "./path_patch.ts";

/** A prompt in both versions. */
export interface CircuitSample
  extends Pick<PathSweepRequest, "clean" | "corrupted" | "metric" | "mlps"> {
  /** Tokens at which what enters the decoder is tried as a sender, by name. */
  readonly inputs?: Readonly<Record<string, readonly TokenSpan[]>>;
}

/** Where a path of a circuit begins: a head, or one of the named inputs. */
export type CircuitSender = HeadId | string;

/** A path of a circuit, into all heads that were found together. */
export interface CircuitEdge {
  /** Who writes. */
  readonly from: CircuitSender;
  /** The heads that read; none where the logits do. */
  readonly to: readonly HeadId[];
  /** What they read into. */
  readonly input: HeadInputName | "logits";
  /**
   * Share of what the corruption costs that is lost where this sender alone sends what it gives on
   * the corrupted prompt; the interval is over samples.
   */
  readonly alone: Interval;
  /**
   * Share that comes back where all other heads send it and this one does not; null for inputs. Large
   * where `alone` is small: others write the same.
   */
  readonly last: Interval | null;
}

/** Heads and paths. */
export interface Circuit {
  /** The heads, by layer, then by head. */
  readonly heads: readonly HeadId[];
  /** The paths, from the logits backwards. */
  readonly edges: readonly CircuitEdge[];
}

/** What paths into the same receivers carry in one sample: plain data. */
export interface PathRow {
  /** The metric on the clean prompt. */
  readonly clean: number;
  /** The metric on the corrupted prompt. */
  readonly corrupted: number;
  /** What each head before a receiver carries alone, by layer, then by head. */
  readonly alone: readonly number[];
  /** What each keeps where all others send. */
  readonly last: readonly number[];
  /** What each named input carries alone. */
  readonly inputs: Readonly<Record<string, number>>;
}

/** How a circuit is sought. */
export interface FindCircuitOptions {
  /** Share of what the corruption costs that a path must carry; 0.02 by default. */
  readonly least?: number;
  /** Level of the interval against random heads; 0.99 by default. */
  readonly level?: number;
  /** Senders into the same receivers at most, the largest first; 8 by default. */
  readonly most?: number;
  /** How often what was found is asked for its own senders; 2 by default. */
  readonly rounds?: number;
  /** Domain of each sample, for the bootstrap; all of one by default. */
  readonly strata?: readonly string[];
  /** Draws of the bootstrap; 2000 by default. */
  readonly draws?: number;
  /** Its seed; 0 by default. */
  readonly seed?: number;
  /** As {@link PathSweepRequest}. */
  readonly batchRows?: number;
  /**
   * Gives a measured row, or measures and keeps it: for runs that go on where they stopped.
   *
   * @param receivers a name for the receivers, e.g. `query L3H0 L3H1`
   */
  readonly remembered?: (
    receivers: string,
    sampleId: string,
    measure: () => Promise<PathRow>,
  ) => Promise<PathRow>;
}

/** Heads that read together. */
interface Readers {
  readonly heads: readonly HeadId[];
  readonly input: HeadInputName | "logits";
}

/** The heads that stand before a layer, in the order of rows. */
const before = (layer: number, { heads }: HeadGrid) =>
  Array.from({ length: layer * heads }, (_, i) => headAt(i, heads));

/** Layer before which senders stand. */
const lastLayer = ({ heads, input }: Readers, grid: HeadGrid) =>
  input === "logits" ? grid.layers : Math.max(...heads.map(({ layer }) => layer));

/** Measures one sample: each head alone, each but one, each input. */
async function measured(
  model: AnyModel,
  { inputs = {}, ...sample }: CircuitSample,
  readers: Readers,
  batchRows?: number,
): Promise<PathRow> {
  const { grid } = networkOf(model), heads = before(lastLayer(readers, grid), grid);
  const receivers: PathReceivers = readers.input === "logits"
    ? "logits"
    : readers.heads.map((head) => ({ head, input: readers.input as HeadInputName }));
  const names = Object.keys(inputs), count = heads.length;
  const senders = [
    ...heads.map((head) => ({ heads: [head] })),
    ...heads.map((head) => ({ heads: heads.filter((other) => other !== head) })),
    { heads },
    ...names.map((name) => ({ embedding: true, at: inputs[name] })),
  ];
  const { clean, corrupted, patched, effects } = await pathSweep(model, {
    ...{ ...sample, receivers, senders, batchRows },
  });
  return {
    clean,
    corrupted,
    alone: [...effects.slice(0, count)],
    last: [...patched.slice(count, 2 * count)].map((value) => value - patched[2 * count]),
    inputs: Object.fromEntries(names.map((name, i) => [name, effects[2 * count + 1 + i]])),
  };
}

/** Rows as shares of what the corruption costs on average. */
class Shares {
  readonly #gap: number;

  /** @throws {InputError} if the corruption costs nothing */
  constructor(readonly rows: readonly PathRow[], readonly options: FindCircuitOptions) {
    const gaps = rows.map(({ clean, corrupted }) => clean - corrupted);
    this.#gap = gaps.reduce((a, b) => a + b, 0) / rows.length;
    if (this.#gap > 0) return;
    throw new InputError(
      `Cannot find a circuit on ${rows.length} samples: the corruption costs nothing (on average ` +
        `${this.#gap.toFixed(3)})`,
    );
  }

  /** Shares by sample. */
  of(value: (row: PathRow) => number): Float64Array {
    return Float64Array.from(this.rows, (row) => value(row) / this.#gap);
  }

  /** Mean with its interval over samples. */
  interval(values: Float64Array): Interval {
    const { strata, draws, seed } = this.options;
    return differenceInterval(values, new Float64Array(values.length), { strata, draws, seed });
  }

  /** Whether the mean of one head is large, and farther from 0 than that of others at random. */
  stands(part: "alone" | "last", head: number): boolean {
    const { least = 0.02, level = 0.99, strata, draws, seed } = this.options, { rows } = this;
    const own = this.of((row) => row[part][head]);
    const mean = own.reduce((a, b) => a + b, 0) / own.length;
    if (Math.abs(mean) < least) return false;
    const others = [...rows[0][part].keys()].filter((other) => other !== head);
    if (others.length === 0) return true;
    const data = new Float64Array(rows.length * others.length);
    for (const [column, other] of others.entries()) {
      this.of((row) => row[part][other]).forEach((value, row) =>
        data[row * others.length + column] = own[row] - value
      );
    }
    const table = { rows: rows.length, columns: others.length, data };
    const { low, high } = crossedInterval(table, { level, strata, draws, seed });
    return mean > 0 ? low > 0 : high < 0;
  }
}

/** The senders into some readers, largest first. */
function edgesInto(readers: Readers, shares: Shares, grid: HeadGrid): CircuitEdge[] {
  const { least = 0.02, most = 8 } = shares.options, { rows } = shares;
  const heads = before(lastLayer(readers, grid), grid);
  const to = readers.heads, { input } = readers;
  const size = ({ alone, last }: CircuitEdge) =>
    Math.max(Math.abs(alone.estimate), Math.abs(last?.estimate ?? 0));
  const found = heads.flatMap((from, i): CircuitEdge[] => {
    if (!shares.stands("alone", i) && !shares.stands("last", i)) return [];
    const [alone, last] = (["alone", "last"] as const).map((part) =>
      shares.interval(shares.of((row) => row[part][i]))
    );
    return [{ from, to, input, alone, last }];
  }).sort((a, b) => size(b) - size(a)).slice(0, most);
  const inputs = Object.keys(rows[0].inputs).flatMap((from): CircuitEdge[] => {
    const alone = shares.interval(shares.of((row) => row.inputs[from]));
    const clear = alone.low > 0 || alone.high < 0;
    return clear && Math.abs(alone.estimate) >= least
      ? [{ from, to, input, alone, last: null }]
      : [];
  });
  return [...found, ...inputs];
}

/**
 * Finds a circuit, from the logits backwards. For the logits, then for the queries, the keys and the
 * values of the heads that were found together:
 *
 * 1. every head before them sends alone what it gives on the corrupted prompt (`alone`: what is lost),
 *    and all but it do (`last`: what it keeps by itself);
 * 2. a head is kept whose mean, of either, is at least `least` of what the corruption costs and whose
 *    excess over another head at random has an interval that leaves out 0 (samples and heads are drawn
 *    again); `most` at most;
 * 3. heads that are new are asked for their own senders in the next round.
 *
 * One head alone shows little where others write the same; then `last` shows it. Heads of one layer and
 * earlier ones are candidates whether or not they stand before all of the readers.
 *
 * @param samples at least two, each in both versions
 * @throws {InputError} as `pathSweep`, and if the corruption costs nothing
 *
 * @example
 * ```ts
 * import { findCircuit } from "./circuit.ts";
 * import { logitDifference } from "./metric.ts";
 * import { createKernels } from "../../backend/create_kernels.ts";
 * import { useBackend } from "../../backend/select.ts";
 * import { plantedModel } from "../../../lab/planted/planted.ts";
 * import { plantedSample } from "../../../lab/planted/planted_world.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * const { model, retrievalHeads } = plantedModel(createKernels("float32"), { seed: 1 });
 * const samples = [0, 1, 2].map((i) => {
 *   const clean = plantedSample(1, i), other = plantedSample(1, i + 20);
 *   const metric = logitDifference(other.answerIds[0]);
 *   return { clean, corrupted: other.inputs, metric };
 * });
 * const { heads } = await findCircuit(model, samples, { rounds: 0, least: 0.1, draws: 200 });
 * assertEquals(heads, [...retrievalHeads]);
 * model.dispose();
 * ```
 */
export async function findCircuit(
  model: AnyModel,
  samples: readonly CircuitSample[],
  options: FindCircuitOptions = {},
): Promise<Circuit> {
  const { grid } = networkOf(model), { rounds = 2, batchRows, remembered } = options;
  if (samples.length < 2) {
    throw new InputError(`Cannot find a circuit on ${samples.length} samples: 2 needed`);
  }
  const edges: CircuitEdge[] = [], asked = new Set<number>(), found = new Map<number, HeadId>();
  let readers: Readers[] = [{ heads: [], input: "logits" }];
  for (let round = 0; round <= rounds && readers.length > 0; round++) {
    const next: Readers[] = [];
    for (const own of readers) {
      const name = [own.input, ...own.heads.map(headName)].join(" ");
      const rows: PathRow[] = [];
      for (const sample of samples) {
        const measure = () => measured(model, sample, own, batchRows);
        rows.push(await remembered?.(name, sample.clean.id, measure) ?? await measure());
      }
      const into = edgesInto(own, new Shares(rows, options), grid);
      edges.push(...into);
      const senders = into.flatMap(({ from }) => typeof from === "string" ? [] : [from]);
      for (const head of senders) found.set(headIndex(head, grid.heads), head);
      const fresh = senders.filter((head) => !asked.has(headIndex(head, grid.heads)))
        .sort(compareHeads);
      for (const head of fresh) asked.add(headIndex(head, grid.heads));
      if (fresh.length > 0) next.push(...headInputNames.map((input) => ({ heads: fresh, input })));
    }
    readers = next;
  }
  return { heads: [...found.values()].sort(compareHeads), edges };
}
