/** `corelens accelerate`: hybrid sparse prefill against dense, in time and in right answers. */
import { readRecordJson } from "../lib/common/record_bytes.ts";
import type { PrefillSpeedRow } from "../lib/experiments/prefill_speed.ts";
import { answerOptions, answerSettings, dataOptions, otherScoresOption, readData } from "./data.ts";
import { progress } from "./progress.ts";
import { readyRun, runCommand } from "./runs.ts";
import { patternChoice, patternOptions } from "./sparse.ts";
import { namesOf, sharesOf } from "./values.ts";

export const command = runCommand({
  name: "accelerate",
  summary: "measure hybrid sparse prefill against dense: speed and quality",
  options: {
    ...dataOptions,
    scores: { type: "string", value: "RUN", help: "folder of an identify run" },
    ...otherScoresOption,
    ...answerOptions,
    policies: {
      type: "string",
      value: "NAMES",
      help: "comma-separated; all that choose full heads by default; rivals: templates, " +
        "from-question, oracle (a bound of quality, not timed)",
    },
    draws: { type: "string", value: "N", help: "draws of each random policy (default 1)" },
    "templates-from": {
      type: "string",
      value: "DATASET",
      help: "other samples, on which the policy templates chooses its masks",
    },
    fractions: {
      type: "string",
      value: "SHARES",
      help: "shares of heads with full attention (default 0.05,0.125,0.25)",
    },
    ...patternOptions,
    rounds: { type: "string", value: "N", help: "interleaved timing rounds per row (default 7)" },
  },
  examples: [
    "accelerate --dataset shipped:document --skip 5 --scores runs/heads --window 64 --out runs/fast",
    "accelerate --dataset pages --scores runs/heads --pattern strided:stride=64 --out runs/strided",
  ],
  async open(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { readFoundHeads } = await import("../lib/experiments/found_heads.ts");
    const { prefillSpeedRun } = await import("../lib/experiments/prefill_speed.ts");
    const { meanScores } = await import("../lib/heads/head_scores.ts");
    const { anyPolicyNames } = await import("../lib/sparse/policy_plan.ts");
    const { listSamples } = await import("../lib/data/shipped_samples.ts");
    const settings = {
      ...answerSettings(args),
      policies: namesOf("policy", args.text("policies"), anyPolicyNames),
      fractions: sharesOf("fractions", args.text("fractions")),
      draws: args.integer("draws", 1, 1),
      ...patternChoice(args),
      rounds: args.integer("rounds", 7, 1),
    };
    const { samples, record } = await readData(args);
    const masks = args.text("templates-from");
    const templatesFrom = masks === undefined ? undefined : await listSamples(masks);
    const found = await readFoundHeads(args.required("scores"));
    const model = await loadCommandModel(args);
    const run = await prefillSpeedRun(model, samples, {
      ...record,
      ...settings,
      templatesFrom,
      scores: meanScores(found),
      origin: found.origin,
      allowOtherScores: args.flag("allow-other-scores"),
    });
    return readyRun(model, run, record, progress("accelerate"));
  },
  async show(args, folder) {
    const rows = await readRecordJson(folder, "results.json") as PrefillSpeedRow[];
    if (args.flag("json")) return console.log(JSON.stringify(rows, null, 2));
    const range = (ends: readonly number[]) => `[${ends.map((x) => x.toFixed(2)).join(", ")}]`;
    console.log(
      "policy         full  tokens  speed-up               accuracy dense -> hybrid",
    );
    for (const row of rows) {
      if (row.metric !== "accuracy") continue;
      const speed = row.speedup === null || row.ci95 === null
        ? "- (bound of quality)"
        : `${row.speedup.toFixed(2)} ${range(row.ci95)}`;
      console.log(
        row.policy.padEnd(14),
        row.fullHeads.toFixed(3).padStart(5),
        String(row.tokens).padStart(6),
        ` ${speed.padEnd(22)}`,
        `${row.denseValue.toFixed(3)} -> ${row.sparseValue.toFixed(3)}`,
        row.sparse95 ? range(row.sparse95) : "",
        `n ${row.samples}`,
      );
    }
    const asked = rows.filter(({ metric }) => metric === "accuracy");
    if (asked.length > 0 && asked.every(({ denseValue }) => denseValue === 0)) {
      console.log(
        "dense, the model gives no sample's answer, so accuracies tell nothing; corelens ask shows what it says",
      );
    }
    console.log(
      "in brackets: 95% intervals, of accuracies Wilson's; the same heads are timed and asked",
    );
    console.log(`record: ${folder}/results.json, manifest.json`);
  },
});
