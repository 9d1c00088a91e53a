/** `corelens explore`: the head explorer of an identify run, in one HTML file. */
import { InputError } from "../lib/common/errors.ts";
import { counted, quoted } from "../lib/common/text.ts";
import type { FolderSample } from "../lib/data/folder_sample.ts";
import type { PretrainedModel } from "../lib/families/pretrained.ts";
import type { Arguments, Command } from "./command.ts";
import { answerOptions, answerSettings } from "./data.ts";
import { checkOutput } from "./outputs.ts";
import { progress } from "./progress.ts";

/** Bytes of a page at most, for the message; larger ones are written all the same. */
const largePage = 12_000_000;

/** Scores the heads where no record is given: into a folder beside the page, where it goes on. */
async function scoreFirst(
  args: Arguments,
  model: PretrainedModel,
  samples: readonly FolderSample[],
): Promise<string> {
  const { findHeads } = await import("../lib/experiments/find_heads.ts");
  const { headSamples } = await import("../lib/experiments/samples.ts");
  const { samplesWithEvidence } = await import("../lib/data/shipped_samples.ts");
  const data = args.required("dataset");
  const folder = `${args.required("out").replace(/\.html?$/i, "")}-scores`;
  console.error(`heads are scored first: ${folder}`);
  await findHeads(model, headSamples(model, samplesWithEvidence(samples, data)), {
    folder,
    data,
    model: args.text("model") ?? "mini",
    seed: args.integer("seed", 0, 0),
    skipBad: true,
    onLeftOut: ({ sample, reason }) => console.error(`left out: sample ${sample}: ${reason}`),
    onProgress: progress("identify"),
  });
  return folder;
}

/** The command. */
export const command: Command = {
  name: "explore",
  summary: "show where heads attend and what answers lose without them, in one HTML file",
  options: {
    scores: {
      type: "string",
      value: "RUN",
      help: "folder of an identify run; without it heads are scored first, on --dataset",
    },
    ablation: {
      type: "string",
      value: "RUN",
      help: "folder of an ablate run, to show its effects",
    },
    speed: {
      type: "string",
      value: "RUN",
      help: "folder of an accelerate run, to show its answers",
    },
    beside: {
      type: "string",
      value: "RUN",
      help: "another identify run or imported list, whose head map is shown beside",
    },
    out: { type: "string", value: "F.html", help: "the file to write" },
    samples: {
      type: "string",
      value: "N",
      help: "maximum samples shown, evenly over domains (default 40)",
    },
    heads: {
      type: "string",
      value: "N",
      help: "heads whose attention is kept: the best, then controls (default: as many as fit)",
    },
    dataset: {
      type: "string",
      value: "DATASET",
      help: "without --scores, what heads are scored on; else where the scored samples are now " +
        "(default: as the record says; likewise --model)",
    },
    ...answerOptions,
  },
  needs: ["out"],
  examples: [
    "explore --dataset shipped --out heads.html",
    "explore --scores runs/heads --out heads.html",
    "explore --scores runs/heads --ablation runs/ablation --speed runs/fast --out heads.html",
  ],
  async run(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { listSamples } = await import("../lib/data/shipped_samples.ts");
    const { readManifest } = await import("../lib/experiments/record.ts");
    const { checkExperiment, experiments } = await import("../lib/experiments/registry.ts");
    const { explorer } = await import("../lib/explorer/explorer.ts");
    const given = args.text("scores"), out = args.required("out");
    if (!/\.html?$/i.test(out)) {
      throw new InputError(`Cannot write --out ${out}: wanted a file that ends in .html`);
    }
    await checkOutput(out, "file");
    const settings = {
      ...answerSettings(args),
      samples: args.integer("samples", 40, 1),
      ...(args.text("heads") === undefined ? {} : { heads: args.integer("heads", 0, 1) }),
    };
    const manifest = given === undefined ? null : await readManifest(given);
    if (given !== undefined) {
      checkExperiment(given, manifest, experiments.findHeads, experiments.attributeHeads);
    }
    const data = args.text("dataset") ?? manifest?.data;
    if (data === undefined) {
      throw new InputError(
        "Missing option --scores, the folder of an identify run (or --dataset, to score heads first)",
      );
    }
    const dataset = await listSamples(data, { skipBad: true }).catch((error) => {
      if (args.text("dataset") !== undefined || !(error instanceof InputError)) throw error;
      throw new InputError(
        `Cannot find the samples of ${given}: its record calls them ${
          quoted(data)
        }, which is no data ` +
          "set here; --dataset says where they are now",
      );
    });
    using model = await loadCommandModel(args, manifest?.model);
    const folder = given ?? await scoreFirst(args, model, dataset);
    const shown = await explorer(folder, {
      ...settings,
      model,
      dataset,
      ablation: args.text("ablation"),
      speed: args.text("speed"),
      beside: args.text("beside"),
      onProgress: progress("explore"),
      onNotice: (text) => console.error(text),
    });
    const bytes = await shown.save(out), { samples, kept } = shown.data;
    if (bytes > largePage) console.error("a large file: --samples and --heads make it smaller");
    if (args.flag("json")) {
      const ids = samples.map(({ id }) => id);
      return console.log(JSON.stringify({ file: out, bytes, samples: ids, heads: kept.length }));
    }
    const size = (bytes / 1e6).toFixed(1);
    console.log(
      `${out}: ${counted(samples.length, "sample")}, attention of ${
        counted(kept.length, "head")
      }, ` +
        `${size} MB`,
    );
    console.log("Open it in a browser; it needs no network, and may be sent to others.");
  },
};
