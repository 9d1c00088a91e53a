/**
 * Notebook 08's records: which heads of SmolLM2 look things up in text, what their loss costs, and how
 * few must see everything. Resumable; run it again to go on.
 *
 *     deno run -A tools/study_smol.ts [--samples 208] [--draws 8]
 *       [--parts ablate-all,ablate-answer,hybrid] [--out data/results/smol]
 * @module
 */
import { parseArgs } from "node:util";
import { ablateHeads } from "../lib/experiments/ablate_heads.ts";
import { needleSamples } from "../lab/studies/completion_sample.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../lib/experiments/found_heads.ts";
import { hybridQuality, type HybridSetting } from "../lib/experiments/hybrid_quality.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { ruleNamed } from "../lib/heads/scoring_rules.ts";
import { textNeedles } from "../lab/pages/text_needles.ts";
import { say } from "./setup/command.ts";
import { isRecorded, partsWithoutRecord } from "./study_parts.ts";

/** Prompts of about 310 tokens: one needle among 28 sentences. */
const needle = { needles: 1, sentences: 28 } as const;
/** Samples that say which heads are best; all others are held out. */
const scored = 48;

/** What the others see: four sinks (the first tokens), and a window of 64. */
export function hybridSettings(): HybridSetting[] {
  const at = (policy: HybridSetting["policy"], fraction: number, window: number) => ({
    ...{ policy, fraction, sink: 4, window },
  });
  return [
    at("local", 0, 64),
    ...[0.05, 0.1, 0.2, 0.3].map((fraction) => at("core", fraction, 64)),
    at("random", 0.2, 64),
    at("layer-matched", 0.2, 64),
  ];
}

/** Says how far a run is, every ten seconds. */
export function progress(label: string): (done: number, total: number) => void {
  let last = 0;
  return (done, total) => {
    if (performance.now() - last < 10_000 && done < total) return;
    last = performance.now();
    say(`${label}: ${done} of ${total}`);
  };
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: [...Deno.args],
    options: {
      samples: { type: "string", default: "208" },
      draws: { type: "string", default: "8" },
      parts: { type: "string", default: "ablate-all,ablate-answer,hybrid" },
      out: { type: "string", default: "data/results/smol" },
    },
  });
  const count = Number(values.samples), out = values.out;
  const wanted = partsWithoutRecord(out, values.parts);
  using model = await fromPretrained("smol", { dtype: "bfloat16" });
  const data = (split: string, n: number) => `text-needle 28 sentences, ${n} of ${split}`;
  const common = { model: "SmolLM2-135M-Instruct Q4_1", seed: 0 };
  if (!await isRecorded(`${out}/identify`)) {
    const train = textNeedles(scored, { ...needle, split: "train" });
    await findHeads(model, headSamples(model, train), {
      ...common,
      folder: `${out}/identify`,
      data: data("train", scored),
      rules: ["ram", "context-mass"].map((name) => ruleNamed(name)),
      onProgress: progress("identify"),
    });
  }
  const scores = await readFoundHeads(`${out}/identify`);
  const test = needleSamples(model, textNeedles(count, { ...needle, split: "test" }));
  for (const scope of ["all", "answer"] as const) {
    const folder = `ablate-${scope}`;
    if (!await wanted(folder)) continue;
    await ablateHeads(model, test, scores, {
      ...common,
      scope,
      fractions: [0.05],
      draws: Number(values.draws),
      folder: `${out}/${folder}`,
      data: data("test", count),
      onProgress: progress(`ablate, ${scope}`),
    });
  }
  if (await wanted("hybrid")) {
    await hybridQuality(model, test, {
      ...common,
      scores: meanScores(scores),
      settings: hybridSettings(),
      folder: `${out}/hybrid`,
      data: data("test", count),
      onProgress: progress("hybrid"),
    });
  }
}
