/**
 * Aligns a vision tower for Qwen2.5-Coder-0.5B to photographs and words: each cell of a page is to become the
 * embedding of what it shows. Begins with the encoder of SmolLM2's tower. Needs `deno task qwen` and
 * `deno task photographs`. Goes on where it stopped; with --steps 0 it only exports what there is.
 *
 *     deno run -A tools/train_photographs.ts [--steps 1200] [--pages 16]
 *       [--work .cache/training/photographs] [--out .cache/training/photographs/tower]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { widenToFloat32 } from "../lib/backend/widen.ts";
import { openCheckpoint } from "../lib/families/checkpoint.ts";
import { loadProcessorOf } from "../lib/families/pretrained.ts";
import { dataFolder, shippedOrGiven } from "../lib/families/shipped.ts";
import { loadPhotographs, photographsFolder } from "../lab/pages/photographs.ts";
import {
  isOneToken,
  mixedPages,
  photographWords,
  takeEncoder,
} from "../lab/training/photograph_batches.ts";
import {
  freshVisionTower,
  pageWordTokens,
  trainVisionTower,
  wordTable,
} from "../lab/training/run_vision_tower.ts";
import { saveVisionTower } from "../lab/training/vision_tower_files.ts";

const { values: args } = parseArgs({
  args: [...Deno.args],
  options: {
    base: { type: "string", default: "qwen" },
    photographs: { type: "string", default: photographsFolder },
    work: { type: "string", default: ".cache/training/photographs" },
    steps: { type: "string", default: "1200" },
    pages: { type: "string", default: "16" },
    out: { type: "string", default: ".cache/training/photographs/tower" },
  },
});
await Deno.mkdir(args.work, { recursive: true });
await useBackend("auto");
const dir = shippedOrGiven(args.base);
const { tokenizer } = await loadProcessorOf(dir);
const encode = (text: string) => [...tokenizer.encode(text, { addSpecialTokens: false })];
const all = await loadPhotographs(args.photographs, (name) => isOneToken(encode, name));
const photographs = all.filter(({ kind }) => kind === "train");
const words = photographWords(encode, photographs);
const { config, source } = await openCheckpoint(dir);
const { bytes, dtype } = await source.readWeight("model.embed_tokens.weight");
source.close();
const embeddings = widenToFloat32(bytes, dtype);
const table = wordTable({ encode, embeddings, width: config.text.hiddenSize }, words);
const start = freshVisionTower(table);
await takeEncoder(start, join(dataFolder(), "models", "smollm2-vision-tower"));

const log = Deno.openSync(join(args.work, "align.jsonl"), { create: true, append: true });
const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());
Deno.addSignalListener("SIGINT", () => stop.abort());
let last = performance.now();
const parameters = await trainVisionTower(table, {
  start,
  draw: (random, pages, level) => mixedPages(random, pages, level, words, photographs),
  checkpoint: join(args.work, "align.safetensors"),
  steps: Number(args.steps),
  pages: Number(args.pages),
  saveEvery: 25,
  signal: stop.signal,
  onStep(step, report, level) {
    const ms = Math.round(performance.now() - last);
    last = performance.now();
    log.writeSync(new TextEncoder().encode(JSON.stringify({ step, ...report, level, ms }) + "\n"));
    if (step % 10 > 0) return;
    const { loss, accuracy, distance } = report;
    console.log(
      `${step}  loss ${loss.toFixed(3)}  right ${(100 * accuracy).toFixed(1)}%  distance ` +
        `${distance.toFixed(3)}  variety ${level.toFixed(2)}  ${ms} ms`,
    );
  },
});
if (!stop.signal.aborted) {
  await saveVisionTower(args.out, parameters, table.scale, pageWordTokens(encode, words), words);
}
parameters.dispose();
