/** `corelens attribute`: what answers would lose without each head, all heads by one pass back. */
import type { AttributedEdge, AttributedHead } from "../lib/experiments/attribution_results.ts";
import { InputError } from "../lib/common/errors.ts";
import { readRecordJson } from "../lib/common/record_bytes.ts";
import { dataOptions, readData } from "./data.ts";
import { withInterval } from "./numbers.ts";
import { progress } from "./progress.ts";
import { readyRun, runCommand } from "./runs.ts";

/** Heads and edges that are printed at most. */
const shown = 10;

/** How a reader is called: `queries of L5H2`, `values of L5K1`, `network of layer 5`, `logits`. */
function readerOf({ input, to: [layer, head] }: AttributedEdge): string {
  if (layer === null) return "logits";
  if (head === null) return `network of layer ${layer}`;
  return `${input} of L${layer}${input === "queries" ? "H" : "K"}${head}`;
}

/** The command. */
export const command = runCommand({
  name: "attribute",
  summary: "estimate what answers lose without each head, all heads by one pass back",
  options: {
    ...dataOptions,
    "mask-kind": {
      type: "string",
      value: "KIND",
      help: "what a head gives instead: zero (default), mean, uniform or block-visual",
    },
    corrupted: {
      type: "string",
      value: "KIND",
      help:
        "instead of --mask-kind, what heads give on another prompt: noise (its images shuffled) or " +
        "other (another sample of the domain, with its tokens at the same positions)",
    },
    metric: {
      type: "string",
      value: "NAME",
      help:
        "log-prob of the answer (default), logit of its first token, or logit-difference to the " +
        "first token of the other sample's answer",
    },
    scope: {
      type: "string",
      value: "WHERE",
      help: "answer: from the question on (default); all: at every position (default if corrupted)",
    },
    steps: {
      type: "string",
      value: "N",
      help: "points over which gradients are averaged (default 1; more: integrated gradients)",
    },
    "grad-drop": {
      type: "boolean",
      help: "rank by sizes that do not cancel (GradDrop of AtP*); a pass back for each layer",
    },
    inputs: {
      type: "boolean",
      help: "also what is owed to each head's query, keys and values (with --corrupted)",
    },
    edges: {
      type: "string",
      value: "N",
      help: "also the N largest edges from heads to their readers, in edges.json (default 0)",
    },
  },
  examples: [
    "attribute --dataset shipped:scene --limit 5 --out runs/attribution",
    "attribute --dataset shipped:scene --corrupted other --metric logit-difference --edges 50 " +
    "--out runs/edges",
    "ablate --dataset shipped:scene --skip 5 --scores runs/attribution --out runs/ablation",
  ],
  async open(args) {
    const { loadCommandModel } = await import("./model.ts");
    const { attributeHeadsRun, attributionMetrics } = await import(
      "../lib/experiments/attribute_heads.ts"
    );
    const { attributionSamples, corruptions } = await import(
      "../lib/experiments/attribution_samples.ts"
    );
    const corrupted = args.text("corrupted") === undefined
      ? undefined
      : args.oneOf("corrupted", corruptions, "noise");
    if (corrupted !== undefined && args.text("mask-kind") !== undefined) {
      throw new InputError("Cannot use --mask-kind with --corrupted: wanted one of them");
    }
    if (corrupted === undefined && args.flag("inputs")) {
      throw new InputError("Cannot use --inputs without --corrupted: wanted noise or other");
    }
    const metric = args.oneOf("metric", attributionMetrics, "log-prob");
    if (metric === "logit-difference" && corrupted !== "other") {
      throw new InputError("Cannot use --metric logit-difference without --corrupted other");
    }
    const settings = {
      change: args.text("mask-kind"),
      metric,
      scope: args.text("scope") === undefined
        ? undefined
        : args.oneOf("scope", ["answer", "all"] as const, "answer"),
      steps: args.integer("steps", 1, 1),
      gradDrop: args.flag("grad-drop"),
      inputs: args.flag("inputs"),
      edges: args.integer("edges", 0, 0),
    };
    const { samples, record } = await readData(args);
    const model = await loadCommandModel(args);
    try {
      const prepared = attributionSamples(model, samples, corrupted);
      const run = attributeHeadsRun(model, prepared, { ...record, ...settings });
      return readyRun(model, run, record, progress("attribute"));
    } catch (error) {
      model[Symbol.dispose]();
      throw error;
    }
  },
  async show(args, folder) {
    const { readManifest } = await import("../lib/experiments/record.ts");
    const heads = await readRecordJson(folder, "results.json") as AttributedHead[];
    const { samples, options } = await readManifest(folder);
    const { rules, edges: count } = options as { rules: string[]; edges: number };
    const edges = count > 0 ? await readRecordJson(folder, "edges.json") as AttributedEdge[] : [];
    if (args.flag("json")) {
      return console.log(JSON.stringify(count > 0 ? { heads, edges } : { heads }, null, 2));
    }
    console.log(`head   ${rules.map((rule) => rule.padEnd(26)).join("")}`.trimEnd());
    for (const { layer, head, losses } of heads.slice(0, shown)) {
      const cells = rules.map((rule) => {
        const { loss, ci95 } = losses[rule];
        return withInterval(loss, ci95, samples).padEnd(26);
      });
      console.log(`${`L${layer}H${head}`.padEnd(6)} ${cells.join("")}`.trimEnd());
    }
    for (const edge of edges.slice(0, shown)) {
      const { from: [layer, head], loss, ci95 } = edge;
      const names = `L${layer}H${head}`.padEnd(6) + ` into ${readerOf(edge)}`.padEnd(25);
      console.log(`${names} ${withInterval(loss, ci95, samples)}`);
    }
    console.log(
      `record: ${folder}/results.json, scores.json, samples.arrow, rows.json, manifest.json` +
        (count > 0 ? ", edges.json" : ""),
    );
  },
});
