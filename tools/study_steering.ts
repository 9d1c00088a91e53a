/**
 * Records on where answers come from: they follow heads that are steered, or not (`steer`); layers in
 * which the evidence passes on (`flows`); pages and frames ranked by the heads' attention (`retrieve`).
 * The heads are those of the model's `identify` record; `smol` (texts) and `smol-vision` (pages) are
 * steered only, their best heads by calibrated score, among four owners. Resumable.
 *
 *     deno run -A tools/study_steering.ts mini|mini-natural|smol|smol-vision [--samples 8]
 *       [--parts steer,flows,retrieve]
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { domainsFor } from "../lab/synthetic/domains_for.ts";
import { madeSamples } from "../lab/synthetic/made_samples.ts";
import { ablationSamples } from "../lib/experiments/ablation_samples.ts";
import { attentionFlows } from "../lib/experiments/attention_flows.ts";
import { pageNeedle } from "../lab/pages/page_needles.ts";
import { textNeedles } from "../lab/pages/text_needles.ts";
import { steeredPages, steeredTexts } from "../lab/studies/steered_owners.ts";
import { readFoundHeads, scoresBy } from "../lib/experiments/found_heads.ts";
import { retrievePlaces } from "../lib/experiments/retrieve_places.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { steerHeads } from "../lib/experiments/steer_heads.ts";
import { steerSamples } from "../lib/experiments/steer_samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { say } from "./setup/command.ts";
import { progress } from "./study_smol.ts";

/** Seeds of the samples; those that chose the heads begin at 0, those of ablations at 1000. */
const first = 2000;

/** Steers the heads of SmolLM2 between the owners that a text, or a page, names. */
async function steerOwners(name: "smol" | "smol-vision", count: number): Promise<void> {
  const out = join("data", "results", name), seeds = Array.from({ length: count }, (_, i) => i);
  using model = await fromPretrained(name, { dtype: "float32" });
  const pages = seeds.map((seed) => {
    const kind = seed % 2 === 0 ? "document" as const : "scene" as const;
    const draw = () =>
      pageNeedle(first + seed, { kind, pages: 1, owners: 4, split: "test" }).sample;
    return { id: `${kind}-needles-4-1-test-${first + seed}`, domain: `${kind}-needles-4`, draw };
  });
  const samples = name === "smol"
    ? steeredTexts(model, textNeedles(count, { needles: 4, sentences: 8, split: "test" }, first))
    : steeredPages(model, pages);
  const scores = scoresBy(await readFoundHeads(join(out, "identify-owners")), "calibrated");
  await steerHeads(model, samples, scores, {
    ...{ biases: [2, 4, 8, 16], draws: 8, seed: 0, folder: join(out, "steer") },
    model: "SmolLM2-135M-Instruct" + (name === "smol" ? " Q4_1" : " with a vision tower"),
    data: `${count} ${name === "smol" ? "texts" : "pages"} of test, 4 owners`,
    onProgress: progress("steer"),
    onNotice: say,
  });
}

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      samples: { type: "string" },
      parts: { type: "string", default: "steer,flows,retrieve" },
    },
  });
  const owners = name === "smol" || name === "smol-vision";
  const count = Number(values.samples ?? (owners ? 32 : 8));
  if (owners) {
    await steerOwners(name, count);
    Deno.exit(0);
  }
  if (name !== "mini" && name !== "mini-natural") {
    say(`Cannot study ${name}: wanted mini, mini-natural, smol or smol-vision`);
    Deno.exit(2);
  }
  const out = join("data", "results", name);
  const parts = values.parts.split(",");
  using model = await fromPretrained(name);
  const scores = await readFoundHeads(join(out, "identify"));
  const domains = domainsFor(model).filter((domain) => domain !== "long-video"); // has choices
  const made = (only = domains) => madeSamples(count, { domains: only, first });
  const context = (part: string) => ({
    ...{ model: name, seed: 0, folder: join(out, part) },
    data: `drawn, single words, ${count} of each domain, 128 visual tokens`,
    onProgress: progress(part),
    onNotice: say,
  });
  if (parts.includes("steer")) {
    const strength = { biases: [4, 8, 16, 32], draws: 12 }; // scores of these models reach tens
    await steerHeads(model, steerSamples(model, made()), scores, {
      ...context("steer"),
      ...strength,
    });
  }
  if (parts.includes("flows")) {
    const { data, model: own, folder, onProgress } = context("flows");
    const window = 2, samples = ablationSamples(model, made());
    await attentionFlows(model, samples, { window, data, model: own, folder, onProgress });
  }
  if (parts.includes("retrieve")) {
    const several = domains.filter((domain) => domain !== "scene");
    await retrievePlaces(model, headSamples(model, made(several)), scores, context("retrieve"));
  }
}
