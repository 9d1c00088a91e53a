/**
 * Memory over many training steps: tensors and resident memory every hundred steps.
 *
 *     deno run -A bench/train_memory.ts [--steps 1000]
 *
 * Small steps of the shipped model's trainer (four layers, 32 visual tokens, fresh batches, with and
 * without the attention regulariser in turn), because growth is a matter of their number.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../lib/backend/select.ts";
import { Random } from "../lib/stats/random.ts";
import { imageGrids } from "../lab/training/curriculum.ts";
import { plainStages } from "../lab/training/stages.ts";
import { miniConfig, ModelParameters } from "../lab/training/parameters.ts";
import { optimiserOptions } from "../lab/training/recipe.ts";
import { wordSource } from "../lab/training/sources.ts";
import { tokenIds, vocabSize } from "../lab/training/token_format.ts";
import { Trainer } from "../lab/training/trainer.ts";
import { options } from "./report.ts";

const steps = Number(options(Deno.args, { steps: "1000" }).steps);
await useBackend("tensorflow", { threads: 1 });
const sizes = { layers: 4, heads: 4, keyValueHeads: 2 };
const config = miniConfig(sizes, { vocabSize, ...tokenIds });
const parameters = new ModelParameters(config, 1);
const trainer = new Trainer(config, parameters, optimiserOptions);
const grids = imageGrids(1, 4, 8);
const stage = { ...plainStages[0], grids: [grids], pairs: [4, 4] as const, contexts: 4 };
for (let step = 0; step <= steps; step++) {
  const random = new Random(step);
  const regulariser = step % 2 ? { sharpness: 0.01, mass: 0.01 } : undefined;
  trainer.step(
    wordSource(stage, grids, random, {}),
    { left: 1, own: 0.1, afterLayers: 2 },
    0.1,
    random,
    { regulariser },
  );
  if (step % 100 > 0) continue;
  const { rss, heapUsed } = Deno.memoryUsage();
  console.log(
    `step ${String(step).padStart(4)}  ${tf.memory().numTensors} tensors, ` +
      `${(tf.memory().numBytes / 1e6).toFixed(1)} MB in them; resident ` +
      `${(rss / 1e6).toFixed(0)} MB, heap ${(heapUsed / 1e6).toFixed(0)} MB`,
  );
}
trainer.dispose();
parameters.dispose();
