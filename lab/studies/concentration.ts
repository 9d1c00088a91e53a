/**
 * Is the attention on the evidence concentrated because it is the evidence? The same test on trained
 * models and on models of their shape that were never trained, beside the shuffle of heads, which
 * cannot tell them apart.
 *
 * @module
 */
import { headConcentration } from "../../lib/heads/head_scores.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { evidenceConcentration, type MovedEvidenceResult } from "../../lib/heads/moved_evidence.ts";
import type { HeadSample } from "../../lib/heads/scored_sample.ts";
import { ruleNamed } from "../../lib/heads/scoring_rules.ts";
import type { AnyModel } from "../../lib/model/network_of.ts";

/** One model's line. */
export interface ConcentrationRow {
  /** Name of the model. */
  readonly model: string;
  /** Whether it was trained. */
  readonly trained: boolean;
  /** Number of samples. */
  readonly samples: number;
  /** With the evidence moved among the context, and among as many tokens of the same kind. */
  readonly movedAmong: Readonly<Record<"context" | "foils", MovedEvidenceResult>>;
  /** With each sample's values shuffled over heads. */
  readonly shuffled: {
    /** Share of all RAM in the top 5 % of heads. */
    readonly topShare: number;
    /** The same by chance. */
    readonly chanceShare: number;
    /** Probability of such a share where heads do not differ at all. */
    readonly pValue: number;
  };
}

/** Both tests on one model. */
export async function concentrationRow(
  name: string,
  trained: boolean,
  model: AnyModel,
  samples: readonly HeadSample[],
): Promise<ConcentrationRow> {
  const moved = async (among: "context" | "foils") =>
    await evidenceConcentration(model, samples, { among });
  const scores = await findHeads(model, samples, { rules: [ruleNamed("ram")], rivals: false });
  const { topShare, chanceShare, pValue } = headConcentration(scores, { fraction: 0.05 });
  return {
    model: name,
    trained,
    samples: samples.length,
    movedAmong: { context: await moved("context"), foils: await moved("foils") },
    shuffled: { topShare: topShare.estimate, chanceShare, pValue },
  };
}
