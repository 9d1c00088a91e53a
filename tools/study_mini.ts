/**
 * Records of the small models: which heads of `mini` and `mini-natural` look the answer up, what their
 * loss costs against controls, with single words and with whole sentences, how few must see everything,
 * and whether concentration is due to the evidence. Resumable; run it again to go on.
 *
 *     deno run -A tools/study_mini.ts mini|mini-natural|mini-varied [--samples 20]
 *       [--parts identify,ablate,ablate-all,hybrid,concentration,…] [--out data/results/mini]
 *
 * Parts that end in `-sentences` ask whole sentences of 4 kinds of wording; without it questions are
 * single words.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { domainsFor } from "../lab/synthetic/domains_for.ts";
import { madeSamples, type MadeSamplesOptions } from "../lab/synthetic/made_samples.ts";
import { type ConcentrationRow, concentrationRow } from "../lab/studies/concentration.ts";
import { writeUntrained } from "../lab/studies/untrained_model.ts";
import { ablateHeads } from "../lib/experiments/ablate_heads.ts";
import { ablationSamples } from "../lib/experiments/ablation_samples.ts";
import { findHeads } from "../lib/experiments/find_heads.ts";
import { readFoundHeads } from "../lib/experiments/found_heads.ts";
import { hybridQuality, type HybridSetting } from "../lib/experiments/hybrid_quality.ts";
import { computedBy, jsonText, makeManifest, writeRecord } from "../lib/experiments/record.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { fromPretrained, type PretrainedModel } from "../lib/families/pretrained.ts";
import { meanScores } from "../lib/heads/head_scores.ts";
import { say } from "./setup/command.ts";
import { partsWithoutRecord } from "./study_parts.ts";
import { progress } from "./study_smol.ts";

const names: readonly string[] = ["mini", "mini-natural", "mini-varied"];
const everyPart = [
  ...["identify", "ablate", "ablate-all", "hybrid", "concentration"],
  ...["identify-sentences", "ablate-sentences", "ablate-all-sentences"],
];

/** Seeds of the samples that heads are tested on; those that choose the heads begin at 0. */
const firstTested = 1000;
/** Long samples, on which a window leaves something out: 1,024 visual tokens. */
const long = { cellsPerSide: 16, images: 4 } as const;

/** Who sees everything; the others see four first tokens and a window of 16. */
function settings(): HybridSetting[] {
  const at = (policy: HybridSetting["policy"], fraction: number): HybridSetting => ({
    ...{ policy, fraction, sink: 4, window: 16 },
  });
  return [
    at("local", 0),
    ...[0.05, 0.125, 0.25].map((share) => at("core", share)),
    at("random", 0.125),
  ];
}

/** Concentration of a model and of untrained ones of its shape. */
async function concentration(
  name: string,
  model: PretrainedModel,
  perDomain: number,
  untrained: number,
): Promise<ConcentrationRow[]> {
  const rows: ConcentrationRow[] = [];
  const row = async (label: string, trained: boolean, own: PretrainedModel) => {
    const made = madeSamples(perDomain, { domains: domainsFor(own) });
    const samples = await Promise.all(headSamples(own, made).map((sample) => sample.load()));
    rows.push(await concentrationRow(label, trained, own, samples));
  };
  await row(name, true, model);
  const folder = await Deno.makeTempDir();
  for (let seed = 0; seed < untrained; seed++) {
    const at = join(folder, String(seed));
    await writeUntrained(`data/models/${name}`, at, seed);
    using fresh = await fromPretrained(at);
    await row(`untrained ${seed}`, false, fresh);
  }
  await Deno.remove(folder, { recursive: true });
  return rows;
}

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      samples: { type: "string", default: "20" },
      parts: { type: "string", default: everyPart.join(",") },
      out: { type: "string" },
    },
  });
  if (!names.includes(name)) {
    say(`Cannot study ${name}: wanted one of ${names.join(", ")}`);
    Deno.exit(2);
  }
  const out = values.out ?? join("data", "results", name);
  const count = Number(values.samples);
  const wanted = partsWithoutRecord(out, values.parts);
  using model = await fromPretrained(name);
  const domains = domainsFor(model);
  const sentences = (part: string) => part.endsWith("-sentences");
  const made = (part: string, options: MadeSamplesOptions = {}) =>
    madeSamples(count, { domains, difficulty: sentences(part) ? 3 : 0, ...options });
  const data = (part: string, tokens: number) =>
    `drawn, ${sentences(part) ? "whole sentences" : "single words"}, ${count} of each domain, ` +
    `${tokens} visual tokens`;
  const context = (part: string) => ({
    ...{ model: name, seed: 0, folder: join(out, part), data: data(part, 128) },
    onProgress: progress(part),
    onNotice: say,
  });
  for (const part of ["identify", "identify-sentences"]) {
    if (await wanted(part)) await findHeads(model, headSamples(model, made(part)), context(part));
  }
  for (const part of ["ablate", "ablate-all", "ablate-sentences", "ablate-all-sentences"]) {
    if (!await wanted(part)) continue;
    const scores = await readFoundHeads(
      join(out, sentences(part) ? "identify-sentences" : "identify"),
    );
    const tested = ablationSamples(model, made(part, { first: firstTested }));
    const everywhere = part.startsWith("ablate-all");
    await ablateHeads(model, tested, scores, {
      ...context(part),
      scope: everywhere ? "all" : "answer",
      fractions: part === "ablate" ? [0.05, 0.125] : [0.05],
      ...everywhere ? { draws: 40, thinning: 4 } : {},
    });
  }
  if (await wanted("hybrid")) {
    const scores = await readFoundHeads(join(out, "identify"));
    const tested = ablationSamples(model, made("hybrid", { first: firstTested, ...long }));
    await hybridQuality(model, tested, {
      ...context("hybrid"),
      data: data("hybrid", 1024),
      scores: meanScores(scores),
      origin: scores.origin,
      settings: settings(),
    });
  }
  if (await wanted("concentration")) {
    const rows = await concentration(name, model, 6, name === "mini" ? 5 : 0);
    const manifest = await makeManifest({
      experiment: "evidence_concentration",
      model: name,
      data: "drawn, single words, 6 of each domain, 128 visual tokens",
      samples: rows[0].samples,
      seed: 0,
      options: { models: rows.length, fraction: 0.05, draws: 999 },
    }, computedBy(model.network.kernels));
    await writeRecord(join(out, "concentration"), manifest, { "results.json": jsonText(rows) });
  }
}
