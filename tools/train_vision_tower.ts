/**
 * Trains the vision tower of SmolLM2: a small CLIP tower and LLaVA's projector that turn each cell of a page
 * into the embedding of its word. Needs the language model (`deno task smol`); about an
 * hour on one core. Goes on where it stopped; with --steps 0 it only exports what there is.
 *
 *     deno run -A tools/train_vision_tower.ts [--steps 3000] [--pages 16] [--work .cache/training/vision_tower]
 *       [--out data/models/smollm2-vision-tower]
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { useBackend } from "../lib/backend/select.ts";
import { loadProcessorOf } from "../lib/families/pretrained.ts";
import { shippedOrGiven } from "../lib/families/shipped.ts";
import { saveVisionTower } from "../lab/training/vision_tower_files.ts";
import { pageWordTokens, trainVisionTower, wordTableOf } from "../lab/training/run_vision_tower.ts";

const { values: args } = parseArgs({
  args: [...Deno.args],
  options: {
    work: { type: "string", default: ".cache/training/vision_tower" },
    steps: { type: "string", default: "3000" },
    pages: { type: "string", default: "16" },
    out: { type: "string", default: "data/models/smollm2-vision-tower" },
  },
});
await Deno.mkdir(args.work, { recursive: true });
await useBackend("auto");
const dir = shippedOrGiven("smol");
const { tokenizer } = await loadProcessorOf(dir);
const encode = (text: string) => [...tokenizer.encode(text, { addSpecialTokens: false })];
const table = await wordTableOf(dir, encode);
const log = Deno.openSync(join(args.work, "vision_tower.jsonl"), { create: true, append: true });
const stop = new AbortController();
Deno.addSignalListener("SIGTERM", () => stop.abort());
Deno.addSignalListener("SIGINT", () => stop.abort());
let last = performance.now();
const parameters = await trainVisionTower(table, {
  checkpoint: join(args.work, "vision_tower.safetensors"),
  steps: Number(args.steps),
  pages: Number(args.pages),
  saveEvery: 50,
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
  await saveVisionTower(args.out, parameters, table.scale, pageWordTokens(encode));
}
parameters.dispose();
