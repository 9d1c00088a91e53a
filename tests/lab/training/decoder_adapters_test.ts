import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { Random } from "../../../lib/stats/random.ts";
import { DecoderAdapters, meanWeights } from "../../../lab/training/decoder_adapters.ts";
import { ThroughDecoder } from "../../../lab/training/through_decoder.ts";
import { WeightVariables } from "../../../lab/training/weight_variables.ts";
import { goldenCase, goldenModel } from "../../suites/golden.ts";
import { assertNear } from "../../suites/near.ts";

const network = await goldenModel("llava"), { text } = network.config, rank = 3;
const { inputs } = await goldenCase("llava", "image");
/** Two answers within the prompt and one behind it, so that the last layer gives some rows only. */
const answerRows = Int32Array.of(
  inputs.inputIds.length - 6,
  inputs.inputIds.length - 4,
  inputs.inputIds.length - 1,
);
const prompt = { inputs, answerIds: Int32Array.of(7, 11, 5), answerRows };
const features = network.vision!.encodeMedia(inputs.media).images!.features;
const shown = Float32Array.from(await network.kernels.read(features));
network.kernels.dispose(features);
const tower = {
  parameters: new WeightVariables(() => false),
  features: () => tf.tensor2d(shown, [shown.length / text.hiddenSize, text.hiddenSize]),
};

function assign(variable: tf.Variable, values: ArrayLike<number>): void {
  tf.tidy(() => variable.assign(tf.tensor(Float32Array.from(values), variable.shape)));
}

/** Adapters that change something. */
function adapters(seed: number): DecoderAdapters {
  const random = new Random(`adapters ${seed}`);
  const found = new DecoderAdapters(network, rank, random.fork(0));
  for (const [name, variable] of found.variables) {
    if (!name.endsWith(".B")) continue;
    const values = Float32Array.from({ length: variable.size }, () => random.normal(0, 0.1));
    assign(variable, values);
  }
  return found;
}

Deno.test("fresh adapters change nothing, and each matrix of the attention has two factors", async () => {
  const fresh = new DecoderAdapters(network, rank, new Random(1));
  assertEquals(fresh.variables.size, 2 * 4 * text.numHiddenLayers);
  const plain = await new ThroughDecoder(network, tower).losses(prompt);
  const adapted = await new ThroughDecoder(network, tower, fresh).losses(prompt);
  assertNear(adapted, plain, 1e-6, "losses");
  fresh.dispose();
});

Deno.test("moving a factor moves the loss as its gradient says", async () => {
  const own = adapters(2), through = new ThroughDecoder(network, tower, own);
  const { gradients } = await through.gradients(prompt);
  assertEquals(new Set(Object.keys(gradients)), new Set(own.variables.keys()));
  const last = text.numHiddenLayers - 1;
  for (const layer of [0, last]) {
    for (const role of ["q_proj", "k_proj", "v_proj", "o_proj"]) {
      for (const factor of ["A", "B"]) {
        const name = `layers.${layer}.self_attn.${role}.${factor}`, weight = own.get(name);
        assertEquals(gradients[name].shape, weight.shape);
        const slope = gradients[name].dataSync(), before = weight.dataSync().slice();
        const norm = Math.hypot(...slope), step = 0.02;
        assert(norm > 0, `${name} has no gradient`);
        const lossAt = async (length: number) => {
          const moved = before.map((x, i) => x + length * slope[i] / norm);
          assign(weight, moved);
          const losses = await through.losses(prompt);
          return losses.reduce((sum, loss) => sum + loss, 0) / losses.length;
        };
        const measured = (await lossAt(step) - await lossAt(-step)) / (2 * step);
        assign(weight, before);
        assertAlmostEquals(measured / norm, 1, 0.05, name);
      }
    }
  }
  tf.dispose(gradients as unknown as tf.TensorContainer);
  own.dispose();
});

Deno.test("a checkpoint of merged matrices is the adapted model", () => {
  const own = adapters(3), merged = own.merged(), { kernels: k } = network;
  using adapted = own.adapted();
  assertEquals(merged.size, 4 * text.numHiddenLayers);
  for (const [name, data] of merged) {
    const used = k.readSync(adapted.network.decoder.weights.get(name));
    assertEquals(used.length, data.length);
    assertNear(used, data, 1e-6, name);
    const base = k.readSync(network.decoder.weights.get(name));
    assert(base.some((value, i) => Math.abs(value - data[i]) > 1e-3), `${name} is as it was`);
  }
  own.dispose();
});

Deno.test("adapters leave no tensor behind, and the model as it was", async () => {
  const plain = await new ThroughDecoder(network, tower).losses(prompt);
  const before = tf.memory().numTensors;
  const own = adapters(4), through = new ThroughDecoder(network, tower, own);
  tf.dispose((await through.gradients(prompt)).gradients as unknown as tf.TensorContainer);
  own.dispose();
  assertEquals(tf.memory().numTensors, before);
  assertEquals(await new ThroughDecoder(network, tower).losses(prompt), plain);
});

Deno.test("a decoder with norms behind its attention is refused", async () => {
  const gemma = await goldenModel("gemma3_text");
  assertThrows(() => new DecoderAdapters(gemma, rank, new Random(1)), InputError, "Cannot adapt");
  gemma.dispose();
});

Deno.test("the mean of checkpoints needs the same matrices in all of them", () => {
  const one = new Map([["q_proj", Float32Array.of(1, 2)]]);
  const mean = meanWeights([one, new Map([["q_proj", Float32Array.of(2, 6)]])]);
  assertEquals(mean, new Map([["q_proj", Float32Array.of(1.5, 4)]]));
  const others = [
    new Map(),
    new Map([["k_proj", Float32Array.of(1, 2)]]),
    new Map([["q_proj", Float32Array.of(1)]]),
  ];
  for (const other of others) assertThrows(() => meanWeights([one, other]), InputError, "q_proj");
  assertThrows(() => meanWeights([]), InputError, "none");
});
