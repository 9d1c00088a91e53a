/** `corelens steer`: draws heads towards other places, and says where the answers go. */
import { InputError } from "../lib/common/errors.ts";
import { readRecordJson } from "../lib/common/record_bytes.ts";
import type { SteerResult } from "../lib/experiments/steer_results.ts";
import { answerOptions, answerSettings, dataOptions, otherScoresOption, readData } from "./data.ts";
import { withInterval } from "./numbers.ts";
import { progress } from "./progress.ts";
import { readyRun, runCommand } from "./runs.ts";
import { namesOf } from "./values.ts";

/** Numbers of a list such as `1,2,-4`. */
function biasesOf(text: string | undefined): number[] | undefined {
  return text?.split(",").map((part) => {
    const value = Number(part);
    if (part.trim() !== "" && Number.isFinite(value)) return value;
    throw new InputError(`Cannot read "${part}" in --biases: wanted numbers, e.g. 1,2,4`);
  });
}

/** The command. */
export const command = runCommand({
  name: "steer",
  summary: "draw the best heads towards other places, and see where the answers go",
  options: {
    ...dataOptions,
    scores: { type: "string", value: "RUN", help: "folder of an identify run, on other samples" },
    ...otherScoresOption,
    ...answerOptions,
    biases: {
      type: "string",
      value: "NUMBERS",
      help: "added to the scores of the target's tokens (default 1,2,4,8,16; below 0: away)",
    },
    fraction: { type: "string", value: "SHARE", help: "share of heads steered (default 0.05)" },
    conditions: {
      type: "string",
      value: "NAMES",
      help: "core,random,layer-matched by default; also bottom",
    },
    draws: { type: "string", value: "N", help: "draws of each random control (default 20)" },
    during: {
      type: "string",
      value: "WHEN",
      help:
        "prefill: while the question is read; decode: while the answer is written; both (default)",
    },
  },
  examples: ["steer --dataset shipped:scene --skip 5 --scores runs/heads --out runs/steering"],
  async open(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { readFoundHeads } = await import("../lib/experiments/found_heads.ts");
    const { steerConditions, steerHeadsRun } = await import("../lib/experiments/steer_heads.ts");
    const { steerSamples } = await import("../lib/experiments/steer_samples.ts");
    const settings = {
      ...answerSettings(args),
      biases: biasesOf(args.text("biases")),
      fraction: args.number("fraction", 0.05, 0, 1),
      conditions: namesOf("condition", args.text("conditions"), steerConditions),
      draws: args.integer("draws", 20, 1),
      during: args.oneOf("during", ["prefill", "decode", "both"] as const, "both"),
    };
    const { samples, record } = await readData(
      args,
      ({ foilAnswers }) =>
        foilAnswers ? null : "it has no foilAnswers: there is nowhere to steer to",
    );
    const scores = await readFoundHeads(args.required("scores"));
    const model = await loadCommandModel(args);
    const run = await steerHeadsRun(model, steerSamples(model, samples), scores, {
      ...record,
      ...settings,
      allowOtherScores: args.flag("allow-other-scores"),
    });
    return readyRun(model, run, record, progress("steer"));
  },
  async show(args, folder) {
    const results = await readRecordJson(folder, "results.json") as SteerResult[];
    if (args.flag("json")) return console.log(JSON.stringify(results, null, 2));
    console.log(
      `${"condition".padEnd(13)}   heads   bias  draws  ` +
        `${"target's answer [95%]".padEnd(24)}own answer [95%]`,
    );
    for (const row of results) {
      const { condition, heads, bias, draws } = row;
      const numbers = [heads, bias, draws].map((value) => String(value).padStart(6)).join(" ");
      const target = withInterval(row.followed, row.followedCi95).padEnd(24);
      const own = withInterval(row.stayed, row.stayedCi95);
      console.log(`${condition.padEnd(13)} ${numbers}  ${target}${own}`);
    }
    console.log(`record: ${folder}/results.json, rows.json, manifest.json`);
  },
});
