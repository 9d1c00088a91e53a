/** `corelens identify`: retrieval attention mass of every head on a data set. */
import { detectHeads } from "../lib/heads/detect.ts";
import { InputError } from "../lib/common/errors.ts";
import { headName } from "../lib/common/head_id.ts";
import { readRecordText } from "../lib/common/record_bytes.ts";
import { counted } from "../lib/common/text.ts";
import { dataOptions, readData } from "./data.ts";
import { withInterval } from "./numbers.ts";
import { progress } from "./progress.ts";
import { readyRun, runCommand } from "./runs.ts";

/** The command. */
export const command = runCommand({
  name: "identify",
  summary: "score every head on a data set by retrieval attention mass",
  options: {
    ...dataOptions,
    rule: { type: "string", value: "NAME", help: "scoring rule of scores.json (default: ram)" },
    fraction: { type: "string", value: "SHARE", help: "share that counts as top (default 0.05)" },
    "null-query": {
      type: "string",
      value: "TEXT",
      help: "a question that asks for nothing, where samples have no null query",
      formerly: "contentless",
    },
    "no-rivals": {
      type: "boolean",
      help: "do not measure induction and other scores of the heads on repeated random tokens",
    },
  },
  examples: [
    "identify --dataset shipped --limit 5 --out runs/heads",
    "identify --model Qwen/Qwen3-VL-4B-Instruct --dataset my_pages --out runs/pages",
    "identify --model Qwen/Qwen3-VL-4B-Instruct --dataset refcocog:data/refcocog --out runs/refs",
  ],
  async open(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { noEvidence } = await import("../lib/data/shipped_samples.ts");
    const { headSamples } = await import("../lib/experiments/samples.ts");
    const { findHeadsRun, firstUsable, rulesOfSamples } = await import(
      "../lib/experiments/find_heads.ts"
    );
    const fraction = args.number("fraction", 0.05, 0, 1);
    let unknown = 0;
    const { samples: list, record } = await readData(args, ({ evidence }) => {
      if (evidence.length > 0) return null;
      unknown++;
      return "it does not say where its answer stands";
    });
    if (list.length === 0) throw noEvidence(record.data, unknown);
    if (unknown > 0) {
      console.error(`left out: ${unknown} samples that do not say where their answer stands`);
    }
    const model = await loadCommandModel(args);
    const samples = headSamples(model, list, { nullQuery: args.text("null-query") });
    const all = rulesOfSamples(await firstUsable(samples, record), samples);
    const wanted = args.text("rule") ?? "ram";
    const first = all.find(({ name }) => name === (wanted === "contrast" ? "calibrated" : wanted));
    if (!first) {
      throw new InputError(
        `Cannot score by rule "${wanted}": there are ${all.map(({ name }) => name).join(", ")}`,
      );
    }
    const run = await findHeadsRun(model, samples, {
      ...record,
      rules: [first, ...all.filter((rule) => rule !== first)],
      fraction,
      rivals: !args.flag("no-rivals"),
    });
    return readyRun(model, run, record, progress("identify"));
  },
  async show(args, folder) {
    const written = await readRecordText(folder, "scores.json");
    if (args.flag("json")) return console.log(written);
    const { rule, samples, ranking, scores, ci95, evidenceConcentration } = JSON.parse(written);
    console.log(`${counted(samples, "sample")}; best heads by ${rule}:`);
    for (const [layer, head] of ranking.slice(0, 10)) {
      console.log(
        `  ${headName({ layer, head })}`.padEnd(10),
        withInterval(scores[layer][head], ci95[layer][head], samples),
      );
    }
    const { readFoundHeads } = await import("../lib/experiments/found_heads.ts");
    const { rules } = await readFoundHeads(folder);
    const calibrated = rules.find(({ rule }) => rule === "calibrated");
    if (calibrated && calibrated.sampleIds.length > 1) {
      const names = detectHeads(calibrated).heads.map(headName).join(" ") || "none";
      console.log(`heads that move attention to the evidence when asked, 99% sure: ${names}`);
    }
    if (evidenceConcentration) {
      const { concentrationLine } = await import("../lib/experiments/moved_maps.ts");
      console.log(concentrationLine(evidenceConcentration));
    }
    console.log(`record: ${folder}/scores.json, samples.arrow, manifest.json`);
  },
});
