/**
 * A feed-forward network of experts: a router chooses a few of them for every position.
 *
 * Source: transformers `modeling_qwen3_vl_moe.py` (`Qwen3VLMoeTextTopKRouter`,
 * `Qwen3VLMoeTextExperts`).
 * @module
 */
import type { Activation, Kernels, Tensor } from "./kernels.ts";

/** Sizes of the experts of a decoder. Shape letters: E experts, C chosen ones, I their width. */
export interface ExpertsConfig {
  /** E, the experts of a layer. */
  readonly numExperts: number;
  /** C, the experts that each position uses. */
  readonly numExpertsPerTok: number;
  /** I, the width of one expert. */
  readonly moeIntermediateSize: number;
  /** Layers with experts, ascending; the others have one feed-forward network for all positions. */
  readonly layers: readonly number[];
}

/** Weights of a layer's router and experts. */
export interface ExpertWeights {
  /** The router, `[E, D]`. */
  readonly router: Tensor;
  /** Gate and up projections one after the other, `[E, 2 * I, D]`. */
  readonly gateUp: Tensor;
  /** Down projections, `[E, D, I]`. */
  readonly down: Tensor;
}

/**
 * Chooses experts: the most probable ones of each row, of equally probable ones the first.
 *
 * @param probabilities `[R, E]`, row by row
 * @param count E
 * @param chosen C, 1 to E
 * @returns chosen experts, most probable first, `[R, C]` row by row
 *
 * @example
 * ```ts
 * import { chooseExperts } from "./experts.ts";
 * import { assertEquals } from "@std/assert";
 * const probabilities = Float32Array.of(0.125, 0.375, 0.375, 0.125);
 * assertEquals([...chooseExperts(probabilities, 4, 2)], [1, 2]);
 * ```
 */
export function chooseExperts(
  probabilities: Float32Array,
  count: number,
  chosen: number,
): Int32Array {
  const rows = probabilities.length / count, experts = new Int32Array(rows * chosen);
  for (let row = 0; row < rows; row++) {
    const own = probabilities.subarray(row * count, (row + 1) * count);
    const best = Array.from(own.keys()).sort((a, b) => own[b] - own[a]).slice(0, chosen); // stable
    experts.set(best, row * chosen);
  }
  return experts;
}

/**
 * Routing weights `[R, C]`: the probabilities of the chosen experts, divided by their sum, which are the
 * softmax over their scores alone.
 *
 * @param scores the router's, `[R, E]`
 */
function routingWeights(k: Kernels, scores: Tensor, experts: Int32Array): Tensor {
  const [rows, count] = scores.shape, chosen = experts.length / rows;
  const places = experts.map((expert, choice) => Math.floor(choice / chosen) * count + expert);
  const own = gatherRows(k, k.reshape(scores, [rows * count, 1]), places);
  return k.softmax(k.reshape(own, [rows, chosen]));
}

/**
 * The feed-forward network of experts on `x [.., D]`: the sum of the chosen experts' outputs, each
 * times its routing weight. Each expert runs once, on the rows that chose it; the others cost nothing. The
 * router's probabilities are read from the backend, so it must be one that reads at once.
 *
 * @param weights router and experts
 * @param config C and I
 * @param activation activation of the experts' gates
 * @returns `[.., D]` in float32
 */
export function expertsFeedForward(
  k: Kernels,
  x: Tensor,
  weights: ExpertWeights,
  config: Pick<ExpertsConfig, "numExpertsPerTok" | "moeIntermediateSize">,
  activation: Activation,
): Tensor {
  const { numExpertsPerTok: chosen, moeIntermediateSize: width } = config;
  const count = weights.router.shape[0];
  const hidden = x.shape[x.shape.length - 1];
  return k.scope(() => {
    const flat = k.reshape(x, [-1, hidden]); // [R, D]
    const rows = flat.shape[0];
    const scores = k.cast(k.linear(flat, weights.router), "float32"); // [R, E]
    const probabilities = k.readSync(k.softmax(scores)) as Float32Array;
    const experts = chooseExperts(probabilities, count, chosen);
    const routing = routingWeights(k, scores, experts); // [R, C]

    // choices (of row `choice / C`) by expert
    const choicesOf = new Map<number, number[]>();
    experts.forEach((expert, choice) => {
      const own = choicesOf.get(expert);
      if (own) own.push(choice);
      else choicesOf.set(expert, [choice]);
    });
    const outputs = [...choicesOf].map(([expert, choices]) => {
      const wanted = Int32Array.from(choices, (choice) => Math.floor(choice / chosen));
      return expertOutput(k, gatherRows(k, flat, wanted), weights, expert, width, activation);
    });
    const stacked = k.concat(outputs, 0); // [R * C, D], expert by expert
    const placeOf = new Int32Array(rows * chosen);
    [...choicesOf.values()].flat().forEach((choice, place) => placeOf[choice] = place);

    let sum: Tensor | null = null;
    for (let nth = 0; nth < chosen; nth++) {
      const added: Tensor = k.scope(() => {
        const places = placeOf.filter((_, choice) => choice % chosen === nth); // [R]
        const output = gatherRows(k, stacked, places);
        const weighted = k.mul(output, k.slice(routing, [0, nth], [-1, 1])); // [R, D], float32
        return sum ? k.add(sum, weighted) : weighted;
      });
      k.dispose(sum);
      sum = added;
    }
    return k.reshape(sum!, x.shape);
  });
}

/** Rows of `x [R, D]`: `[rows, D]`. */
function gatherRows(k: Kernels, x: Tensor, rows: Int32Array): Tensor {
  return k.gather(x, k.tensor(rows, [rows.length]));
}

/** One expert on the rows `x [n, D]` that chose it: `[n, D]`. */
function expertOutput(
  k: Kernels,
  x: Tensor,
  { gateUp, down }: ExpertWeights,
  expert: number,
  width: number,
  activation: Activation,
): Tensor {
  return k.scope(() => {
    const weight = (all: Tensor) =>
      k.reshape(k.slice(all, [expert, 0, 0], [1, -1, -1]), all.shape.slice(1));
    const both = k.linear(x, weight(gateUp)); // [n, 2 * I]
    const gate = k.slice(both, [0, 0], [-1, width]);
    const up = k.slice(both, [0, width], [-1, -1]);
    return k.linear(k.gatedActivation(gate, up, activation), weight(down));
  });
}
