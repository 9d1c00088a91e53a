import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { Random } from "../../../lib/stats/random.ts";
import { readSafetensorsFile } from "../../../lib/weights/safetensors_file.ts";
import { hintNames } from "../../../lab/training/answer_hints.ts";
import { assembleBatch } from "../../../lab/training/batches.ts";
import { cellReadouts } from "../../../lab/training/cell_facts.ts";
import { loadCheckpoint } from "../../../lab/training/checkpoints.ts";
import { imageGrids, type Stage } from "../../../lab/training/curriculum.ts";
import { miniConfig, ModelParameters } from "../../../lab/training/parameters.ts";
import { optimiserOptions } from "../../../lab/training/recipe.ts";
import { imageSource, varietySource, wordSource } from "../../../lab/training/sources.ts";
import { tokenIds, vocabSize } from "../../../lab/training/token_format.ts";
import { type LogLine, type RunPlan, train } from "../../../lab/training/train.ts";
import { Trainer } from "../../../lab/training/trainer.ts";

await useBackend("auto");
const config = miniConfig({ layers: 2, heads: 4, keyValueHeads: 2 }, {
  vocabSize,
  image: tokenIds.image,
  video: tokenIds.video,
  end: tokenIds.end,
});
const stage: Stage = {
  ...{
    name: "tiny",
    grids: [imageGrids(1, 4)],
    pairs: [2, 3],
    words: 8,
    contexts: 2,
    questions: 2,
  },
  ...{ threshold: 1, minSteps: 0, left: 1, difficulties: [0, 2] },
};
const plan: Omit<RunPlan, "steps"> = {
  seed: 11,
  stages: [stage, { ...stage, left: 0 }],
  source: wordSource,
  schedule: { warmUp: 2, holdUntil: 3, end: 8, floor: 0.1 },
  afterLayers: 1,
};

/** Trains with the given plans one after the other, each with a fresh model, and copies the weights out. */
async function run(
  plans: readonly RunPlan[],
  all = false,
  readouts: readonly string[] = [],
): Promise<Map<string, Float32Array>> {
  let weights = new Map<string, Float32Array>();
  for (const one of plans) {
    const parameters = new ModelParameters(config, 5, { readouts: ["own", ...readouts] });
    const trainer = new Trainer(config, parameters, optimiserOptions, all ? () => true : undefined);
    await train(trainer, one);
    weights = new Map(
      [...parameters.variables].map(([name, v]) => [name, v.dataSync().slice() as Float32Array]),
    );
    trainer.dispose();
    parameters.dispose();
  }
  return weights;
}

Deno.test("an interrupted run ends with the same bits as one without interruption", async () => {
  for (const source of [wordSource, imageSource]) {
    const directory = await Deno.makeTempDir();
    const own = { ...plan, source };
    const whole = await run([{ ...own, steps: 6 }], source === imageSource);
    const checkpoint = `${directory}/state.safetensors`;
    const parts = await run([
      { ...own, steps: 2, checkpoint },
      { ...own, steps: 6, checkpoint },
    ], source === imageSource);
    for (const [name, values] of whole) assertEquals(parts.get(name), values, name);
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("a run over all varieties resumes too, with facts about cells and the average of weights", async () => {
  const own = {
    ...{ ...plan, source: varietySource, cellWeight: 0.05, averageDecay: 0.9 },
    hints: { weight: 0.3, afterLayers: 2 },
  };
  const readouts = [...cellReadouts, ...hintNames.map((name) => `hint_${name}`)];
  const directory = await Deno.makeTempDir();
  const [once, twice] = [`${directory}/once.safetensors`, `${directory}/twice.safetensors`];
  await run([{ ...own, steps: 4, checkpoint: once }], true, readouts);
  await run(
    [
      { ...own, steps: 1, checkpoint: twice },
      { ...own, steps: 4, checkpoint: twice },
    ],
    true,
    readouts,
  );
  const [whole, parts] = await Promise.all([once, twice].map(readSafetensorsFile));
  assertEquals(parts.metadata, whole.metadata);
  for (const [name, { data }] of whole.tensors) assertEquals(parts.tensors.get(name)!.data, data);
  const weights = new ModelParameters(config, 1, { readouts: ["own", ...readouts] });
  await loadCheckpoint(once, weights, null, { averaged: true });
  const name = "text.layers.0.self_attn.q_proj.weight";
  assertEquals(weights.get(name).dataSync(), whole.tensors.get(`average/${name}`)!.data);
  weights.dispose();
  await Deno.remove(directory, { recursive: true });
});

Deno.test("hints are read below the last layer through readouts that start at zero and learn", () => {
  const parameters = new ModelParameters(config, 5, { readouts: ["own", "hint_row"] });
  const trainer = new Trainer(config, parameters, optimiserOptions, () => true);
  const batch = assembleBatch({ grids: imageGrids(1, 1, 2), format: "images" }, [{
    ...{ labels: Int32Array.of(0, 1), pixels: null },
    questions: [{ domain: "scene", question: "redcircle", answer: "x3 y5" }],
  }]);
  const aux = { left: 0, own: 0, afterLayers: 1 };
  const moved = () => parameters.get("readout.hint_row").abs().max().dataSync()[0];
  assertEquals(trainer.step(batch, aux, 1, new Random(1)).hintLoss, null);
  assertEquals(moved(), 0);
  const told = { ...aux, hints: { weight: 0.3, afterLayers: 2 } };
  const { hintLoss } = trainer.step(batch, told, 1, new Random(2));
  assertAlmostEquals(hintLoss!, Math.log(vocabSize), 1e-4);
  assert(moved() > 0);
  trainer.dispose();
  parameters.dispose();
});

Deno.test("a run that saves more often, or is asked to stop, goes on from where it was", async () => {
  const directory = await Deno.makeTempDir();
  const checkpoint = `${directory}/state.safetensors`;
  const stop = new AbortController();
  const seen: number[] = [];
  const onLine = ({ step }: LogLine) => {
    seen.push(step);
    if (step === 2) stop.abort();
  };
  await run([
    { ...plan, steps: 5, checkpoint, onLine, signal: stop.signal, saveEvery: 1 },
    { ...plan, steps: 5, checkpoint, onLine },
  ]);
  assertEquals(seen, [0, 1, 2, 3, 4]);
  await assertRejects(
    () => run([{ ...plan, seed: 12, steps: 6, checkpoint }]),
    Error,
    "it is of seed 11, wanted 12",
  );
  await Deno.remove(directory, { recursive: true });
});

Deno.test("the loss falls, and no tensor is left after a step", async () => {
  const parameters = new ModelParameters(config, 5);
  const trainer = new Trainer(config, parameters, optimiserOptions, () => true);
  const losses: number[] = [], counts: number[] = [];
  await train(trainer, {
    ...plan,
    source: imageSource,
    steps: 12,
    schedule: { warmUp: 1, holdUntil: 12, end: 12, floor: 1 },
    onLine: ({ answerLoss }) => {
      losses.push(answerLoss);
      counts.push(tf.memory().numTensors);
    },
  });
  assert(losses[11] < losses[0] - 0.5, losses.join(" "));
  assertEquals(new Set(counts).size, 1, counts.join(" "));
  trainer.dispose();
  parameters.dispose();
});

Deno.test("the vision blocks stay as they are while the decoder and the merger learn", async () => {
  const before = await run([{ ...plan, source: imageSource, steps: 0 }], true);
  const after = await run([{ ...plan, source: imageSource, steps: 2 }], true);
  const moved = (name: string) => String(before.get(name)) !== String(after.get(name));
  assert(moved("vision.merger.linear_fc1.weight"));
  assert(moved("text.layers.0.self_attn.q_proj.weight"));
  assert(moved("text.embed_tokens.weight"));
  assert(!moved("vision.blocks.0.attn.qkv.weight"));
  assert(!moved("vision.pos_embed.weight"));
});

Deno.test("a checkpoint of another size is refused", async () => {
  const directory = await Deno.makeTempDir();
  const checkpoint = `${directory}/state.safetensors`;
  await run([{ ...plan, steps: 1, checkpoint }]);
  const other = new ModelParameters(
    { ...config, text: { ...config.text, intermediateSize: 128 } },
    1,
  );
  await assertRejects(() => loadCheckpoint(checkpoint, other, null), Error, "has shape [256,128]");
  other.dispose();
  await Deno.remove(directory, { recursive: true });
});
