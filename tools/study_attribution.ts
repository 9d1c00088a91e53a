/**
 * Records on attribution patching: its effects of all heads beside the exact ones. Resumable; run it
 * again to go on.
 *
 *     deno run -A tools/study_attribution.ts mini|smol [--samples 8] [--steps 5]
 *     deno run -A tools/study_attribution.ts mini --changes "noise image"
 *     deno run -A tools/study_attribution.ts mini --corrections [--domains scene,video]     the corrections of AtP*
 *
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { textNeedles } from "../lab/pages/text_needles.ts";
import { attributionCorrections } from "../lab/studies/attribution_corrections.ts";
import { attributionReferee } from "../lab/studies/attribution_referee.ts";
import { needleSamples } from "../lab/studies/completion_sample.ts";
import { domainsFor } from "../lab/synthetic/domains_for.ts";
import { madeSamples } from "../lab/synthetic/made_samples.ts";
import { ablationSamples } from "../lib/experiments/ablation_samples.ts";
import { attributionSamples } from "../lib/experiments/attribution_samples.ts";
import { fromPretrained } from "../lib/families/pretrained.ts";
import { say } from "./setup/command.ts";
import { progress } from "./study_smol.ts";

/** Seeds of the samples begin here; those that chose heads, and those of ablations, come before. */
const first = 3000;

if (import.meta.main) {
  const { values, positionals: [name] } = parseArgs({
    args: [...Deno.args],
    allowPositionals: true,
    options: {
      samples: { type: "string", default: "8" },
      steps: { type: "string", default: "5" },
      changes: { type: "string", default: "zero,mean" },
      corrections: { type: "boolean", default: false },
      domains: { type: "string" },
    },
  });
  if (name !== "mini" && (name !== "smol" || values.corrections)) {
    say(`Cannot study ${name}: wanted mini, or smol without --corrections`);
    Deno.exit(2);
  }
  const folder = values.changes === "zero,mean"
    ? "attribution"
    : `attribution-${values.changes.replaceAll(/[ ,]+/g, "-")}`;
  const count = Number(values.samples), steps = Number(values.steps);
  using model = await fromPretrained(name, { dtype: "float32" });
  const needle = { needles: 1, sentences: 28, split: "test" } as const;
  const known = domainsFor(model).filter((domain) => domain !== "long-video");
  const wanted = values.domains?.split(","),
    domains = known.filter((domain) => wanted?.includes(domain) ?? true);
  if (values.corrections) {
    const made = madeSamples(Math.ceil(count / domains.length), { domains, first });
    await attributionCorrections({
      ...{ model, name, samples: attributionSamples(model, made, "noise") },
      data: `drawn, single words, ${made.length}, images exchanged for noise`,
    }, {
      folder: join("data", "results", name, "attribution-corrections"),
      onProgress: progress("corrections"),
      onNotice: say,
    });
    Deno.exit(0);
  }
  const samples = name === "smol"
    ? needleSamples(model, textNeedles(count, needle, first))
    : ablationSamples(model, madeSamples(Math.ceil(count / domains.length), { domains, first }));
  await attributionReferee({
    ...{ model, samples, steps, scope: "answer", changes: values.changes.split(",") },
    name: name === "smol" ? "SmolLM2-135M-Instruct Q4_1" : name,
    data: name === "smol"
      ? `text-needle 28 sentences, ${samples.length} of test`
      : `drawn, single words, ${samples.length}, 128 visual tokens`,
  }, {
    folder: join("data", "results", name, folder),
    onProgress: progress("attribution"),
    onNotice: say,
  });
}
