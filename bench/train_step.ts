/**
 * One training step of the shipped model's decoder against the same step in PyTorch.
 *
 *     deno run -A bench/train_step.ts [--python PATH] [--rounds 5] [--steps 4] [--threads 2]
 *
 * Rounds of both alternate, because a machine's speed drifts; the result is the median of the
 * rounds' ratios. The step: 16 contexts of 64 visual tokens with 8 questions each, embeddings to
 * cross entropy of answers and left neighbours, gradients, clipping, Muon and AdamW.
 * @module
 */
import { fileURLToPath } from "node:url";
import { useBackend } from "../lib/backend/select.ts";
import { Random } from "../lib/stats/random.ts";
import { sequenceLength } from "../lab/training/layout.ts";
import { plainStages } from "../lab/training/stages.ts";
import { ModelParameters } from "../lab/training/parameters.ts";
import { afterLayers, optimiserOptions, shippedConfig } from "../lab/training/recipe.ts";
import { wordSource } from "../lab/training/sources.ts";
import { Trainer } from "../lab/training/trainer.ts";
import { PythonPeer } from "./python_peer.ts";
import { options, peakMegabytes } from "./report.ts";

const args = options(Deno.args, { python: "python3", rounds: "5", steps: "4", threads: "2" });
const steps = Number(args.steps), threads = Number(args.threads);

await useBackend("tensorflow", { threads });
const parameters = new ModelParameters(shippedConfig, 1);
const trainer = new Trainer(shippedConfig, parameters, optimiserOptions);
const random = new Random(1);
const stage = plainStages[0];
const batch = wordSource(stage, stage.grids[0], random, {});

/** Milliseconds of one step, the mean of several. */
function ours(): number {
  const started = performance.now();
  for (let i = 0; i < steps; i++) {
    trainer.step(batch, { left: 1, own: 0, afterLayers }, 1, random);
  }
  return (performance.now() - started) / steps;
}

const { text } = shippedConfig;
const shape = {
  layers: text.numHiddenLayers,
  heads: text.numAttentionHeads,
  keyValueHeads: text.numKeyValueHeads,
  headDim: text.headDim,
  width: text.hiddenSize,
  hidden: text.intermediateSize,
  vocabulary: text.vocabSize,
  afterLayers,
  batch: batch.count,
  context: batch.layout.context,
  block: batch.layout.block,
  blocks: batch.layout.blocks,
  visual: [...batch.layout.visual],
  answerRows: batch.rows.length,
  steps,
  threads,
};
const script = fileURLToPath(new URL("train_step_torch.py", import.meta.url));
await using peer = new PythonPeer(args.python, script, [JSON.stringify(shape)]);
type Reply = { readonly milliseconds: number; readonly peakMegabytes: number };
const theirs = () => peer.ask<Reply>("go");

ours();
await theirs(); // both have warmed up
const ratios: number[] = [];
let memory = "";
console.log(`tokens of a step: ${batch.count * sequenceLength(batch.layout)}, threads: ${threads}`);
for (let round = 0; round < Number(args.rounds); round++) {
  const a = ours();
  const { milliseconds: b, peakMegabytes: peak } = await theirs();
  memory = `${peakMegabytes().toFixed(0)} MB against ${peak.toFixed(0)} MB`;
  ratios.push(a / b);
  console.log(
    `TensorFlow.js ${a.toFixed(0)} ms  PyTorch ${b.toFixed(0)} ms  ratio ${(a / b).toFixed(2)}`,
  );
}
ratios.sort((a, b) => a - b);
console.log(
  `median ratio ${
    ratios[Math.floor(ratios.length / 2)].toFixed(2)
  } (below 1: TensorFlow.js is faster)`,
);
console.log(`largest memory of the process: ${memory}`);
trainer.dispose();
parameters.dispose();
