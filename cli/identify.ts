/** `corelens identify`: retrieval attention mass of every head on a data set. */
import { InputError } from "../lib/common/errors.ts";
import { publishedNames } from "../lib/tasks/published/mod.ts";
import type { Command, Options } from "./command.ts";
import { progress } from "./progress.ts";

/** Options of commands that read a data set. */
export const dataOptions: Options = {
  dataset: {
    type: "string",
    value: "DIR|NAME:DIR|shipped:DOMAIN",
    help: "folder with samples.jsonl, folder in a published layout (NAME: " +
      `${publishedNames.join(", ")}; see data/README.md), or shipped ` +
      "samples (all: shipped)",
  },
  out: { type: "string", value: "RUN", help: "folder for the record" },
  limit: { type: "string", value: "N", help: "only the first N samples of each domain" },
};

/** The first `limit` samples of each domain, in order. */
export function limitByDomain<T extends { readonly domain: string }>(
  samples: readonly T[],
  limit: number,
): T[] {
  const seen = new Map<string, number>();
  return samples.filter(({ domain }) => {
    const count = (seen.get(domain) ?? 0) + 1;
    seen.set(domain, count);
    return count <= limit;
  });
}

/** The command. */
export const command: Command = {
  name: "identify",
  summary: "score every head on a data set by retrieval attention mass",
  options: {
    ...dataOptions,
    rule: { type: "string", value: "NAME", help: "scoring rule of scores.json (default: ram)" },
    fraction: { type: "string", value: "SHARE", help: "share that counts as top (default 0.05)" },
    contentless: {
      type: "string",
      value: "TEXT",
      help: "a question without content, for the contrast rule",
    },
  },
  examples: [
    "identify --dataset shipped --out runs/heads",
    "identify --model Qwen/Qwen3-VL-4B-Instruct --dataset my_pages --out runs/pages",
    "identify --model Qwen/Qwen3-VL-4B-Instruct --dataset refcocog:data/refcocog --out runs/refs",
  ],
  async run(args) {
    const { loadCommandModel, modelName } = await import("./model.ts");
    const { listSamples, samplesWithEvidence } = await import("../lib/tasks/shipped_samples.ts");
    const { headSamples } = await import("../lib/experiments/samples.ts");
    const { findHeads } = await import("../lib/experiments/find_heads.ts");
    const { rulesFor } = await import("../lib/heads/scoring_rules.ts");
    const data = args.required("dataset"), folder = args.required("out");
    const limit = args.integer("limit", Number.MAX_SAFE_INTEGER, 1);
    const listed = await listSamples(data), known = samplesWithEvidence(listed, data);
    if (known.length < listed.length) {
      const unknown = listed.length - known.length;
      console.error(`left out: ${unknown} samples that do not say where their answer stands`);
    }
    const list = limitByDomain(known, limit);
    using model = await loadCommandModel(args);
    const samples = headSamples(model, list, { contentless: args.text("contentless") });
    const all = rulesFor(await samples[0].load());
    const wanted = args.text("rule") ?? "ram";
    const first = all.find(({ name }) => name === wanted);
    if (!first) {
      throw new InputError(
        `Cannot score by rule "${wanted}": there are ${all.map(({ name }) => name).join(", ")}`,
      );
    }
    const found = await findHeads(model.network, samples, {
      folder,
      rules: [first, ...all.filter((rule) => rule !== first)],
      model: args.text("model") ?? modelName(args).split("/").pop(),
      data,
      fraction: args.number("fraction", 0.05, 0, 1),
      seed: args.integer("seed", 0, 0),
      onProgress: progress("identify"),
    });
    const record = await Deno.readTextFile(`${folder}/scores.json`);
    if (args.flag("json")) return console.log(record);
    const { ranking, scores, ci95 } = JSON.parse(record);
    console.log(`${found.sampleIds.length} samples; best heads by ${wanted}:`);
    for (const [layer, head] of ranking.slice(0, 10)) {
      const [low, high] = ci95[layer][head];
      const value = scores[layer][head].toFixed(3);
      console.log(
        `  L${layer}H${head}`.padEnd(10),
        `${value} [${low.toFixed(3)}, ${high.toFixed(3)}]`,
      );
    }
    console.log(`record: ${folder}/scores.json, samples.arrow, manifest.json`);
  },
};
