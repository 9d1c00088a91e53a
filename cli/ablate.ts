/** `corelens ablate`: removes heads, against controls, and says what the answers lose. */
import { readRecordJson } from "../lib/common/record_bytes.ts";
import type { AblationResult } from "../lib/experiments/ablation_results.ts";
import { ablationLines } from "./ablation_lines.ts";
import { answerOptions, answerSettings, dataOptions, otherScoresOption, readData } from "./data.ts";
import { progress } from "./progress.ts";
import { readyRun, runCommand } from "./runs.ts";
import { namesOf, sharesOf } from "./values.ts";

export const command = runCommand({
  name: "ablate",
  summary: "remove the best heads, against controls, and measure what the answers lose",
  options: {
    ...dataOptions,
    scores: { type: "string", value: "RUN", help: "folder of an identify run, on other samples" },
    ...otherScoresOption,
    ...answerOptions,
    fractions: {
      type: "string",
      value: "SHARES",
      help: "shares of heads removed (default 0.01,0.02,0.05,0.1,0.2,0.5)",
    },
    conditions: {
      type: "string",
      value: "NAMES",
      help: "core and its controls by default; also keep, layer, head",
    },
    draws: {
      type: "string",
      value: "N",
      help: "draws of each random or matched control (default 200; with --scope all 20)",
    },
    thinning: {
      type: "string",
      value: "N",
      help: "run each draw on one in N samples (default 1; without --draws 10, with scope all 4)",
    },
    sets: {
      type: "string",
      value: "NAMES",
      help:
        "retrieval-induction: also the best heads that are no induction heads, the reverse, both",
    },
    scope: {
      type: "string",
      value: "WHERE",
      help: "answer (default): from the question on; all: at every position",
    },
  },
  examples: [
    "identify --dataset shipped --limit 5 --out runs/heads",
    "ablate --dataset shipped --skip 5 --scores runs/heads --out runs/ablation",
  ],
  async open(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { readFoundHeads } = await import("../lib/experiments/found_heads.ts");
    const { ablateHeadsRun } = await import("../lib/experiments/ablate_heads.ts");
    const { ablationSamples } = await import("../lib/experiments/ablation_samples.ts");
    const { conditionNames } = await import("../lib/experiments/ablation_plan.ts");
    const { retrievalSets } = await import("../lib/experiments/retrieval_sets.ts");
    const whole = (name: string) =>
      args.text(name) === undefined ? undefined : args.integer(name, 1, 1);
    const wantsSets = namesOf("set", args.text("sets"), ["retrieval-induction"]) !== undefined;
    const settings = {
      ...answerSettings(args),
      conditions: namesOf("condition", args.text("conditions"), conditionNames),
      fractions: sharesOf("fractions", args.text("fractions")),
      draws: whole("draws"),
      thinning: whole("thinning"),
      scope: args.oneOf("scope", ["answer", "all"] as const, "answer"),
    };
    const { samples, record } = await readData(args);
    const scores = await readFoundHeads(args.required("scores"));
    const model = await loadCommandModel(args);
    const run = await ablateHeadsRun(model, ablationSamples(model, samples), scores, {
      ...record,
      ...settings,
      sets: wantsSets ? retrievalSets(scores, settings.fractions ?? [0.05]) : undefined,
      allowOtherScores: args.flag("allow-other-scores"),
    });
    return readyRun(model, run, record, progress("ablate"));
  },
  async show(args, folder) {
    const results = await readRecordJson(folder, "results.json") as AblationResult[];
    if (args.flag("json")) return console.log(JSON.stringify(results, null, 2));
    for (const line of ablationLines(results)) console.log(line);
    console.log(`record: ${folder}/results.json, samples.arrow, manifest.json`);
  },
});
