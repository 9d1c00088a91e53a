/**
 * Trains a vision tower for Qwen2.5-Coder-0.5B on pages of manuals, words and photographs, in two phases. `align`: each
 * cell of a page is to become a word's embedding; the language model is not run. `decoder`: the loss of answers goes back
 * through the language model, of which no weight changes. Then the tower and the model with it are written. Begins
 * with the encoder of SmolLM2's tower, made twice as wide. Needs `deno task qwen`, `deno task photographs` and
 * `deno task manuals`. Goes on where it stopped.
 *
 *     deno run -A tools/train_photographs.ts [--phases align,decoder] [--steps 1150] [--pages 24]
 *       [--decoder-steps 40] [--prompts 4] [--work .cache/training/photographs] [--out data/models/qwen-vision]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { fromPretrained, loadProcessorOf } from "../lib/families/pretrained.ts";
import { dataFolder, shippedOrGiven } from "../lib/families/shipped.ts";
import { photographsFolder } from "../lab/pages/photographs.ts";
import { assembleLlava } from "../lab/training/assemble_llava.ts";
import { mixedPages, takeEncoder } from "../lab/training/photograph_batches.ts";
import { loadReadingMatter } from "../lab/training/reading_matter.ts";
import {
  freshVisionTower,
  pageWordTokens,
  trainVisionTower,
  wordTableOf,
} from "../lab/training/run_vision_tower.ts";
import { trainThrough } from "../lab/training/train_through.ts";
import { loadVisionTower, saveVisionTower } from "../lab/training/vision_tower_files.ts";
import { type VisionTowerParameters, wideTowerConfig } from "../lab/training/vision_tower_model.ts";

const { values: args } = parseArgs({
  args: [...Deno.args],
  options: {
    base: { type: "string", default: "qwen" },
    photographs: { type: "string", default: photographsFolder },
    work: { type: "string", default: ".cache/training/photographs" },
    phases: { type: "string", default: "align,decoder" },
    steps: { type: "string", default: "1150" },
    pages: { type: "string", default: "24" },
    "decoder-steps": { type: "string", default: "40" },
    prompts: { type: "string", default: "4" },
    out: { type: "string", default: join(dataFolder(), "models", "qwen-vision") },
  },
});
await Deno.mkdir(args.work, { recursive: true });
await useBackend("auto");
const dir = shippedOrGiven(args.base);
const { tokenizer } = await loadProcessorOf(dir);
const { encode, photographs: all, sections, words, drawn } = await loadReadingMatter(tokenizer, {
  photographs: args.photographs,
});
const photographs = all.filter(({ kind }) => kind === "train");
const readable = sections.train.filter(({ captions }) => !captions.includes(null));
const table = await wordTableOf(dir, encode, words);
const stop = new AbortController(), { signal } = stop;
Deno.addSignalListener("SIGTERM", () => stop.abort());
Deno.addSignalListener("SIGINT", () => stop.abort());

/** Writes what a step gave to a log, and a line on some of them. */
function logged(name: string, every: number): (step: number, report: object) => void {
  const log = Deno.openSync(join(args.work, `${name}.jsonl`), { create: true, append: true });
  let last = performance.now();
  return (step, report) => {
    const ms = Math.round(performance.now() - last);
    last = performance.now();
    const line = JSON.stringify({ step, ...report, ms });
    log.writeSync(new TextEncoder().encode(line + "\n"));
    if (step % every === 0) console.log(line);
  };
}

/** A tower's folder in the work folder. */
const towerOf = (phase: string) => join(args.work, `tower-${phase}`);

async function save(parameters: VisionTowerParameters, phase: string): Promise<void> {
  const tower = towerOf(phase);
  await saveVisionTower(tower, parameters, table.scale, pageWordTokens(encode, words), words);
  await assembleLlava(dir, tower, args.out);
}

async function align(): Promise<void> {
  const start = freshVisionTower(table, wideTowerConfig);
  await takeEncoder(start, join(dataFolder(), "models", "smollm2-vision-tower"));
  const report = logged("align", 10);
  const parameters = await trainVisionTower(table, {
    start,
    draw: (random, pages, level) =>
      mixedPages(random, pages, level, words, photographs, readable, drawn),
    checkpoint: join(args.work, "align.safetensors"),
    steps: Number(args.steps),
    pages: Number(args.pages),
    saveEvery: 25,
    signal,
    onStep: (step, { loss, accuracy, distance }) => report(step, { loss, accuracy, distance }),
  });
  if (!signal.aborted) await save(parameters, "align");
  parameters.dispose();
}

async function throughDecoder(): Promise<void> {
  using model = await fromPretrained(args.out, { dtype: "float32" });
  const parameters = await loadVisionTower(towerOf("align"), table, wideTowerConfig);
  const report = logged("decoder", 1);
  await trainThrough(model, parameters, table.scale, photographs, {
    checkpoint: join(args.work, "decoder.safetensors"),
    steps: Number(args["decoder-steps"]),
    prompts: Number(args.prompts),
    saveEvery: 2,
    signal,
    onStep: (step, loss) => report(step, { loss }),
  });
  if (!signal.aborted) await save(parameters, "decoder");
  parameters.dispose();
}

const phases = args.phases.split(",");
if (phases.includes("align")) await align();
if (phases.includes("decoder") && !signal.aborted) await throughDecoder();
