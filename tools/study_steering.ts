/**
 * Records on where answers come from in the small models: they follow heads that are steered, or not
 * (`steer`); layers in which the evidence passes on (`flows`); pages and frames ranked by the heads'
 * attention (`retrieve`). The heads are those of the model's `identify` record. Resumable.
 *
 *     deno run -A tools/study_steering.ts mini|mini-natural [--samples 8]
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
import { readFoundHeads } from "../lib/experiments/found_heads.ts";
import { retrievePlaces } from "../lib/experiments/retrieve_places.ts";
import { headSamples } from "../lib/experiments/samples.ts";
import { steerHeads } from "../lib/experiments/steer_heads.ts";
import { steerSamples } from "../lib/experiments/steer_samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { say } from "./setup/command.ts";
import { progress } from "./study_smol.ts";

/** Seeds of the samples; those that chose the heads begin at 0, those of ablations at 1000. */
const first = 2000;

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      samples: { type: "string", default: "8" },
      parts: { type: "string", default: "steer,flows,retrieve" },
    },
  });
  if (name !== "mini" && name !== "mini-natural") {
    say(`Cannot study ${name}: wanted mini or mini-natural`);
    Deno.exit(2);
  }
  const out = join("data", "results", name), count = Number(values.samples);
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
