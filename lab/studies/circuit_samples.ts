/**
 * Drawn samples in two versions, for circuits: each with another image and another question of its
 * domain.
 *
 * @module
 */
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import {
  type Circuit,
  type CircuitJudgement,
  type CircuitSample,
  logitDifference,
  type PathEffects,
} from "../../lib/causal/mod.ts";
import { ablationSamples } from "../../lib/experiments/ablation_samples.ts";
import type { PretrainedModel } from "../../lib/families/pretrained.ts";
import { spansOf, tokensOf } from "../../lib/inputs/token_spans.ts";
import type { DomainName } from "../synthetic/options.ts";
import { madeSamples } from "../synthetic/made_samples.ts";

/** A sample with its domain. */
export interface DrawnCircuitSample extends CircuitSample {
  /** Name of the domain. */
  readonly domain: string;
}

/** Which samples are drawn. */
export interface CircuitSamplesOptions {
  /** Domains. */
  readonly domains: readonly DomainName[];
  /** First seed. */
  readonly first: number;
}

/**
 * Samples whose corrupted version is the next one of the domain with another answer: other things are
 * in its image and another is asked for, at the same positions. The metric is the logit of the right
 * answer minus that of the other one. Named inputs are the evidence, the other visual tokens and the
 * question.
 *
 * @param perDomain how many of each domain
 *
 * @example
 * ```ts
 * import { circuitSamples } from "./circuit_samples.ts";
 * import { fromPretrained } from "../../lib/families/pretrained.ts";
 * import { assertEquals } from "@std/assert";
 * using model = await fromPretrained("mini");
 * const samples = await circuitSamples(model, 2, { domains: ["scene"], first: 2000 });
 * assertEquals(Object.keys(samples[0].inputs!), ["evidence", "other image", "question"]);
 * ```
 */
export async function circuitSamples(
  model: PretrainedModel,
  perDomain: number,
  { domains, first }: CircuitSamplesOptions,
): Promise<DrawnCircuitSample[]> {
  const found: DrawnCircuitSample[] = [];
  for (const domain of domains) {
    const drawn = madeSamples(perDomain + 4, { domains: [domain], first });
    const own = await Promise.all(ablationSamples(model, drawn).map((sample) => sample.load()));
    for (const [i, clean] of own.slice(0, perDomain).entries()) {
      const { evidence, question, visual } = clean.spans;
      const other = own.slice(i + 1).find(({ inputs, answerIds }) =>
        answerIds[0] !== clean.answerIds[0] &&
        String(inputs.positionIds) === String(clean.inputs.positionIds)
      );
      if (!other) continue;
      const seen = new Set(tokensOf(evidence));
      const rest = spansOf(tokensOf(visual).filter((token) => !seen.has(token)));
      found.push({
        domain,
        clean,
        corrupted: other.inputs,
        metric: logitDifference(other.answerIds[0]),
        inputs: { evidence, "other image": rest, question },
      });
    }
  }
  return found;
}

/**
 * What senders carry over several samples: their mean effect as a share of what the corruption costs
 * on average.
 *
 * @param rows of `pathSweep` with the same senders
 *
 * @example
 * ```ts
 * import { lossShares } from "./circuit_samples.ts";
 * import { assertEquals } from "@std/assert";
 * const effects = Float64Array.of(1, 4);
 * assertEquals([...lossShares([{ clean: 5, corrupted: -3, effects }])], [0.125, 0.5]);
 * ```
 */
export function lossShares(
  rows: readonly Pick<PathEffects, "clean" | "corrupted" | "effects">[],
): Float64Array {
  const loss = rows.reduce((sum, { clean, corrupted }) => sum + clean - corrupted, 0);
  return rows[0].effects.map((_, i) =>
    rows.reduce((sum, { effects }) => sum + effects[i], 0) / loss
  );
}

/** A circuit that was found and judged. */
export interface CircuitRecord extends Circuit {
  /** On other samples than those that found it. */
  readonly judgement: CircuitJudgement;
}

/**
 * The record that `tools/study_circuit.ts` wrote.
 *
 * @throws {InputError} if the folder holds no such record
 */
export async function readCircuit(folder: string): Promise<CircuitRecord> {
  return await readRecordJson(folder, "results.json") as CircuitRecord;
}
