/** `corelens explore`: the head explorer of an identify run, in one HTML file. */
import { InputError } from "../lib/common/errors.ts";
import type { Command } from "./command.ts";
import { answerOptions, answerSettings } from "./data.ts";
import { checkOutput } from "./outputs.ts";
import { progress } from "./progress.ts";

/** Bytes of a page at most, for the message; larger ones are written all the same. */
const largePage = 12_000_000;

/** The command. */
export const command: Command = {
  name: "explore",
  summary: "see where heads look and what answers lose without them: one HTML file",
  options: {
    scores: { type: "string", value: "RUN", help: "folder of an identify run" },
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
    out: { type: "string", value: "F.html", help: "the file to write" },
    samples: {
      type: "string",
      value: "N",
      help: "samples shown at most, evenly over domains (default 40)",
    },
    heads: {
      type: "string",
      value: "N",
      help: "heads whose attention is kept: the best, then controls (default: as many as fit)",
    },
    dataset: {
      type: "string",
      value: "DIR|NAME:DIR|shipped:DOMAIN",
      help: "where the scored samples lie now (default: as the record says; so for --model)",
    },
    ...answerOptions,
  },
  examples: [
    "explore --scores runs/heads --out heads.html",
    "explore --scores runs/heads --ablation runs/ablation --speed runs/fast --out heads.html",
  ],
  async run(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { listSamples } = await import("../lib/data/shipped_samples.ts");
    const { readManifest } = await import("../lib/experiments/record.ts");
    const { explorer } = await import("../lib/explorer/explorer.ts");
    const folder = args.required("scores"), out = args.required("out");
    if (!/\.html?$/i.test(out)) {
      throw new InputError(`Cannot write --out ${out}: wanted a file that ends in .html`);
    }
    await checkOutput(out, "file");
    const settings = {
      ...answerSettings(args),
      samples: args.integer("samples", 40, 1),
      ...(args.text("heads") === undefined ? {} : { heads: args.integer("heads", 0, 1) }),
    };
    const manifest = await readManifest(folder);
    const dataset = await listSamples(args.text("dataset") ?? manifest.data, { skipBad: true });
    using model = await loadCommandModel(args, manifest.model);
    const shown = await explorer(folder, {
      ...settings,
      model,
      dataset,
      ablation: args.text("ablation"),
      speed: args.text("speed"),
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
    console.log(`${out}: ${samples.length} samples, attention of ${kept.length} heads, ${size} MB`);
    console.log("Open it in a browser; it needs no network, and may be sent to others.");
  },
};
