/**
 * The head explorer of the report: the model scored and ablated on the shipped samples.
 *
 * @module
 */
import { join } from "node:path";
import { listSamples, samplesWithEvidence } from "../../lib/data/shipped_samples.ts";
import { ablateHeads } from "../../lib/experiments/ablate_heads.ts";
import { ablationSamples } from "../../lib/experiments/ablation_samples.ts";
import { findHeads } from "../../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { headSamples } from "../../lib/experiments/samples.ts";
import { explorer } from "../../lib/explorer/explorer.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";

/** Samples that the report's explorer shows: it is to stay small enough to be mailed. */
const shownSamples = 20;

/** An explorer's page, and what computed it. */
export interface ReportExplorer {
  /** The page. */
  readonly page: string;
  /** One sentence about it. */
  readonly caption: string;
  /** Where it was written. */
  readonly path: string;
  /** The backend's line. */
  readonly backend: string;
  /** Seed of the ablation's controls and of the intervals. */
  readonly seed: number;
}

/**
 * Scores the heads on one half of the shipped samples, ablates them on the other, and writes the
 * explorer of both beside the report, with their records.
 *
 * @param out folder of the report
 */
export async function reportExplorer(name: string, out: string): Promise<ReportExplorer> {
  const seed = 0;
  using model = await fromPretrained(name);
  const samples = samplesWithEvidence(await listSamples("shipped"), "shipped");
  const even = samples.filter((_, i) => i % 2 === 0), odd = samples.filter((_, i) => i % 2 === 1);
  const scored = join(out, "heads"), ablated = join(out, "ablation");
  const origin = { model: name, data: "shipped", seed, fresh: true, skipBad: true };
  await findHeads(model, headSamples(model, even), { ...origin, folder: scored });
  await ablateHeads(model, ablationSamples(model, odd), await readFoundHeads(scored), {
    ...origin,
    folder: ablated,
    conditions: ["core", "keep", "bottom", "random", "layer-matched"],
    fractions: [0.05],
    draws: 1,
  });
  const shown = await explorer(scored, {
    model,
    dataset: samples,
    samples: shownSamples,
    ablation: ablated,
  });
  const path = join(out, "heads.html");
  await shown.save(path);
  const caption = `${name}: heads scored on ${even.length} of the shipped samples, ` +
    `ablated on the other ${odd.length}; ${shown.data.samples.length} samples shown.`;
  return { page: shown.toPage(), caption, path, backend: model.backendLine, seed };
}
