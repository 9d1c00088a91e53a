/** `corelens heads export|import`: head scores as the lists of other programs, and back. */
import { InputError } from "../lib/common/errors.ts";
import { counted } from "../lib/common/text.ts";
import { headListFormat, headListFormats, readHeadList } from "../lib/heads/formats/registry.ts";
import type { HeadIntervals, HeadList, ListSizes } from "../lib/heads/formats/format.ts";
import type { HeadScores } from "../lib/heads/head_scores.ts";
import type { Arguments, Command } from "./command.ts";
import { checkOutput } from "./outputs.ts";

const names = headListFormats.map(({ name }) => name).join("|");

/** Layers, query heads and key-value heads of a model, from its config alone. */
async function sizesOf(args: Arguments, model: string) {
  const { readingOptions } = await import("./model.ts");
  const { inspectModel } = await import("../lib/families/resolve.ts");
  const { CheckpointRules } = await import("../lib/weights/checkpoint_rules.ts");
  const options = { verify: args.flag("verify") };
  const { config } = await inspectModel(model, options, new CheckpointRules(readingOptions(args)));
  const { numHiddenLayers, numAttentionHeads, numKeyValueHeads } = config.text;
  return { layers: numHiddenLayers, heads: numAttentionHeads, keyValueHeads: numKeyValueHeads };
}

/** A whole number of an option, or undefined. */
function countOf(args: Arguments, name: string, least = 1): number | undefined {
  return args.text(name) === undefined ? undefined : args.integer(name, 0, least);
}

/** K of the scored model: by `--key-value-heads`, else from the model's config. */
async function keyValueHeads(args: Arguments, model: string): Promise<number> {
  const given = countOf(args, "key-value-heads");
  if (given !== undefined) return given;
  try {
    return (await sizesOf(args, args.text("model") ?? model)).keyValueHeads;
  } catch (error) {
    if (args.text("model") !== undefined) throw error;
    throw new InputError(
      `Cannot tell the key-value heads of ${
        JSON.stringify(model)
      }: give --key-value-heads or --model`,
    );
  }
}

/** The intervals of a record's scores.json, where they fit its scores. */
async function recordedIntervals(
  folder: string,
  [, layers, heads]: HeadScores["shape"],
): Promise<HeadIntervals | undefined> {
  const { readRecordJson } = await import("../lib/common/record_bytes.ts");
  const { ci95 } = await readRecordJson(folder, "scores.json") as { ci95?: unknown };
  const rows = Array.isArray(ci95) ? ci95.flat() : [];
  const isInterval = (ends: unknown): ends is readonly [number, number] =>
    Array.isArray(ends) && ends.length === 2 && ends.every(Number.isFinite);
  return rows.length === layers * heads && rows.every(isInterval) ? rows : undefined;
}

async function exportHeads(args: Arguments): Promise<void> {
  const { readFoundHeads } = await import("../lib/experiments/found_heads.ts");
  const { writeHeadList } = await import("../lib/heads/formats/registry.ts");
  if (args.words.length > 1) {
    throw new InputError(`Cannot use "${args.words[1]}" with heads export: it takes --scores RUN`);
  }
  const { name, files, byKeyValueHead } = headListFormat(args.required("to"));
  const out = args.required("out");
  await checkOutput(out, files ? "folder" : "file");
  const found = await readFoundHeads(args.required("scores"));
  const rule = args.text("rule") ?? found.rule;
  const scores = found.rules.find((own) => own.rule === rule);
  if (!scores) {
    const rules = found.rules.map((own) => own.rule).join(", ");
    throw new InputError(`Cannot export scores by rule "${rule}": the run has ${rules}`);
  }
  const model = found.origin?.model ?? "";
  const intervals = rule === found.rule
    ? await recordedIntervals(args.required("scores"), scores.shape)
    : undefined;
  const written = await writeHeadList(name, out, scores, {
    model,
    ...(byKeyValueHead ? { keyValueHeads: await keyValueHeads(args, model) } : {}),
    sink: args.integer("sink", 64, 0),
    recent: args.integer("window", 256, 1),
    intervals,
  });
  if (byKeyValueHead) {
    console.error("the score of a key-value head is the highest of its query heads' scores");
  }
  if (args.flag("json")) return console.log(JSON.stringify({ format: name, rule, files: written }));
  console.log(`${rule} of ${scores.shape[1]} x ${scores.shape[2]} heads: ${written.join(", ")}`);
}

/** Layers and heads that the options say, by number or by the model's name. */
async function givenSizes(args: Arguments): Promise<ListSizes> {
  const sizes = { layers: countOf(args, "layers"), heads: countOf(args, "heads") };
  const model = args.text("model");
  return model === undefined || sizes.layers && sizes.heads
    ? sizes
    : { ...await sizesOf(args, model), ...JSON.parse(JSON.stringify(sizes)) };
}

/** Whose heads these are: `--model`, what the file says, or the default model if it fits. */
async function modelOf(args: Arguments, list: HeadList): Promise<string> {
  const said = args.text("model") ?? list.model;
  if (said !== "") return said;
  const [, layers, heads] = list.scores.shape;
  const own = await sizesOf(args, "mini").catch(() => null);
  if (own?.layers === layers && own.heads === heads) {
    console.error("taken for heads of mini, the default model; --model names another");
    return "mini";
  }
  console.error(
    "the list does not say which model its heads are of: name it with --model, or use the scores " +
      "with --allow-other-scores",
  );
  return "";
}

async function importHeads(args: Arguments): Promise<void> {
  const { recordHeadList } = await import("../lib/experiments/imported_heads.ts");
  const { name } = headListFormat(args.required("from"));
  const path = args.words[1], folder = args.required("out");
  if (path === undefined) throw new InputError(`Missing the ${name} file: heads import … FILE`);
  await checkOutput(folder, "folder");
  const { hasRecordFile, readRecordText } = await import("../lib/common/record_bytes.ts");
  if (!args.flag("fresh") && await hasRecordFile(folder, "manifest.json")) {
    throw new InputError(
      `Cannot import into ${folder}: it holds a record; start over with --fresh, or choose ` +
        "another folder",
    );
  }
  const list = await readHeadList(name, path, await givenSizes(args));
  const { shape: [samples, layers, heads], rule } = list.scores;
  const model = await modelOf(args, list);
  if (list.listed < layers * heads) {
    console.error(
      `${list.listed} of ${layers * heads} heads are listed; the others have the score 0, or the ` +
        "lowest where that is below 0",
    );
  }
  if (list.notes["queryHeadsByKeyValueHead"] === 1) {
    console.error(
      "each key-value head counts as one query head; --heads or --model says otherwise",
    );
  }
  await recordHeadList(list, { folder, format: name, model, seed: args.integer("seed", 0, 0) });
  if (args.flag("json")) return console.log(await readRecordText(folder, "scores.json"));
  console.log(
    `${rule} of ${layers} layers with ${heads} heads, ${counted(samples, "sample")}`,
  );
  console.log(`record: ${folder}/scores.json, samples.arrow, manifest.json`);
}

export const command: Command = {
  name: "heads",
  summary: "write head scores as lists that other programs read, or read theirs",
  words: ["export|import", "[FILE]"],
  common: ["model", "seed", "verify", "json"],
  options: {
    scores: { type: "string", value: "RUN", help: "export: folder of an identify run" },
    to: { type: "string", value: "FORMAT", help: `export: ${names}` },
    rule: {
      type: "string",
      value: "NAME",
      help: "export: scoring rule (default: the run's first)",
    },
    "key-value-heads": {
      type: "string",
      value: "N",
      help: "export to duo-attention: key-value heads of a layer (default: as the model says)",
    },
    sink: { type: "string", value: "N", help: "export to duo-attention: sink_size (default 64)" },
    window: {
      type: "string",
      value: "N",
      help: "export to duo-attention: recent_size (default 256)",
    },
    from: { type: "string", value: "FORMAT", help: `import: ${names}` },
    layers: { type: "string", value: "N", help: "import: layers of the model" },
    heads: { type: "string", value: "N", help: "import: query heads of a layer" },
    fresh: { type: "boolean", help: "import: replace the record in --out" },
    out: { type: "string", value: "FILE|RUN", help: "file or folder that is written" },
  },
  examples: [
    "heads export --scores runs/heads --to duo-attention --out runs/pattern",
    "heads export --scores runs/heads --to retrieval-head --out heads.json",
    "heads import --from mmrethead heads.json --model Qwen/Qwen3-VL-8B-Instruct --out runs/theirs",
  ],
  async run(args) {
    switch (args.words[0]) {
      case "export":
        return await exportHeads(args);
      case "import":
        return await importHeads(args);
      default:
        throw new InputError(
          `Cannot ${
            args.words[0] === undefined
              ? "run corelens heads alone"
              : `use heads "${args.words[0]}"`
          }` +
            ": wanted heads export or heads import",
        );
    }
  },
};
