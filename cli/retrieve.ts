/** `corelens retrieve`: ranks images, pages or moments by the attention of the best heads. */
import { readRecordJson } from "../lib/common/record_bytes.ts";
import { counted } from "../lib/common/text.ts";
import type { RetrievalResult } from "../lib/experiments/retrieve_places.ts";
import { dataOptions, otherScoresOption, readData } from "./data.ts";
import { withInterval } from "./numbers.ts";
import { progress } from "./progress.ts";
import { readyRun, runCommand } from "./runs.ts";

/** The command. */
export const command = runCommand({
  name: "retrieve",
  summary: "rank images, pages or moments by the attention of the best heads",
  options: {
    ...dataOptions,
    scores: { type: "string", value: "RUN", help: "folder of an identify run, on other samples" },
    ...otherScoresOption,
    fraction: { type: "string", value: "SHARE", help: "share of heads that rank (default 0.05)" },
    draws: { type: "string", value: "N", help: "draws of as many random heads (default 20)" },
  },
  examples: ["retrieve --dataset shipped:page --skip 5 --scores runs/heads --out runs/retrieval"],
  async open(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { readFoundHeads } = await import("../lib/experiments/found_heads.ts");
    const { retrievePlacesRun } = await import("../lib/experiments/retrieve_places.ts");
    const { headSamples } = await import("../lib/experiments/samples.ts");
    const settings = {
      fraction: args.number("fraction", 0.05, 0, 1),
      draws: args.integer("draws", 20, 1),
      allowOtherScores: args.flag("allow-other-scores"),
    };
    const { samples, record } = await readData(args);
    const scores = await readFoundHeads(args.required("scores"));
    const model = await loadCommandModel(args);
    const run = await retrievePlacesRun(model, headSamples(model, samples), scores, {
      ...record,
      ...settings,
    });
    return readyRun(model, run, record, progress("retrieve"));
  },
  async show(args, folder) {
    const results = await readRecordJson(folder, "results.json") as RetrievalResult[];
    if (args.flag("json")) return console.log(JSON.stringify(results, null, 2));
    const [{ samples: count, places }] = results;
    console.log(
      `${counted(count, "sample")}, ${places.toFixed(1)} places each on average`,
    );
    console.log("ranked by    attention     heads  draws  at  recall [95%]          chance");
    for (const row of results) {
      const { retriever, calibrated, heads, draws, at, recall, ci95, chance } = row;
      const numbers = [heads, draws].map((value) => String(value).padStart(6)).join(" ");
      console.log(
        `${retriever.padEnd(12)} ${(calibrated ? "calibrated" : "raw").padEnd(12)} ${numbers} ` +
          `${String(at).padStart(3)}  ${withInterval(recall, ci95)}  ${chance.toFixed(3)}`,
      );
    }
    console.log(`record: ${folder}/results.json, rows.json, manifest.json`);
  },
});
