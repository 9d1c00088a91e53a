import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { imageTowerShapes } from "../../../lib/model/weight_shapes.ts";
import { float32Tensor, readSafetensorsFile } from "../../../lib/weights/safetensors_file.ts";
import {
  imageTowerInTraining,
  meanGradients,
  ThroughDecoder,
} from "../../../lab/training/through_decoder.ts";
import { storedTowerName } from "../../../lab/training/vision_tower_files.ts";
import { WeightVariables } from "../../../lab/training/weight_variables.ts";
import { goldenCase, goldenDir, goldenModel } from "../../suites/golden.ts";
import { assertNear } from "../../suites/near.ts";

/** The tower of the golden checkpoint as variables. */
class GoldenTower extends WeightVariables {
  constructor(shapes: Iterable<readonly [string, readonly number[]]>, stored: Stored) {
    super(() => false);
    for (const [name, shape] of shapes) {
      this.add(name, shape, float32Tensor(stored, storedTowerName(name)).data);
    }
  }
}
type Stored = Awaited<ReturnType<typeof readSafetensorsFile>>;

const network = await goldenModel("llava");
const { imageTower, text } = network.config;
const tower = new GoldenTower(
  imageTowerShapes(imageTower!, text.hiddenSize),
  await readSafetensorsFile(`${goldenDir("llava")}/model.safetensors`),
);
const { inputs: prompt } = await goldenCase("llava", "image");
const tokens = prompt.inputIds.length + 1;
const inputs = {
  ...prompt,
  inputIds: Int32Array.of(...prompt.inputIds, 7),
  positionIds: Int32Array.from({ length: tokens }, (_, i) => i),
  nextPosition: tokens,
};
const answered = { inputs, answerIds: Int32Array.of(7, 11) };

Deno.test("the loss of an answer and the tower's gradients are PyTorch's", async () => {
  const through = new ThroughDecoder(network, imageTowerInTraining(network, tower));
  const { loss, gradients } = await through.gradients(answered);
  const golden = await readSafetensorsFile(
    `${goldenDir("llava")}/expected/vision_gradients.safetensors`,
  );
  assertAlmostEquals(loss, float32Tensor(golden, "loss").data[0], 1e-4);
  let compared = 0;
  for (const [name, gradient] of Object.entries(gradients)) {
    const stored = [...golden.tensors.keys()].find((key) =>
      key.endsWith(storedTowerName(name).replace("vision_tower.vision_model.", ""))
    );
    if (!stored) continue;
    assertNear(gradient.dataSync(), float32Tensor(golden, stored).data, 1e-3, name);
    compared++;
  }
  assertEquals(compared, golden.tensors.size - 1);
  tf.dispose(gradients);
});

Deno.test("moving the projector moves the loss as its gradient says", async () => {
  const through = new ThroughDecoder(network, imageTowerInTraining(network, tower, 0.7));
  const { gradients } = await through.gradients(answered);
  const name = "projector.linear_2.weight", weight = tower.get(name);
  const slope = gradients[name].dataSync(), before = weight.dataSync().slice();
  const norm = Math.hypot(...slope), step = 0.02;
  const lossAt = async (length: number) => {
    weight.assign(tf.tensor(before.map((x, i) => x + length * slope[i] / norm), weight.shape));
    const found = await through.gradients(answered);
    tf.dispose(found.gradients);
    return found.loss;
  };
  const measured = (await lossAt(step) - await lossAt(-step)) / (2 * step);
  weight.assign(tf.tensor(before, weight.shape));
  assertAlmostEquals(measured / norm, 1, 0.02);
  tf.dispose(gradients);
});

Deno.test("answers in the midst of a prompt have the losses of prompts that end there", async () => {
  const through = new ThroughDecoder(network, imageTowerInTraining(network, tower));
  const short = { ...answered, inputs: prompt, answerIds: Int32Array.of(7) };
  const several = {
    inputs,
    answerIds: Int32Array.of(7, 11),
    answerRows: Int32Array.of(tokens - 2, tokens - 1),
  };
  const [early, both] = [await through.losses(short), await through.losses(several)];
  assertAlmostEquals(both[0], early[0], 1e-5);
  const [chosen, last] = [await through.gradients(several), await through.gradients(answered)];
  assertAlmostEquals(chosen.loss, last.loss, 1e-6);
  const name = "projector.linear_1.weight";
  assertNear(chosen.gradients[name].dataSync(), last.gradients[name].dataSync(), 1e-6, name);
  // a row left out adds nothing
  const [alone, ends] = [
    await through.gradients({
      ...several,
      answerIds: Int32Array.of(7),
      answerRows: Int32Array.of(tokens - 2),
    }),
    await through.gradients(short),
  ];
  assertNear(alone.gradients[name].dataSync(), ends.gradients[name].dataSync(), 1e-5, name);
  tf.dispose(
    [chosen, last, alone, ends].map(({ gradients }) => gradients) as unknown as tf.TensorContainer,
  );
});

Deno.test("nothing is left behind, and means are means", async () => {
  const through = new ThroughDecoder(network, imageTowerInTraining(network, tower));
  const before = [tf.memory().numTensors, network.kernels.tensorCount()];
  const [a, b] = [await through.gradients(answered), await through.gradients(answered)];
  const bias = a.gradients["projector.linear_2.bias"].dataSync().slice();
  const mean = meanGradients([a.gradients, b.gradients]);
  assertNear(mean["projector.linear_2.bias"].dataSync(), bias, 1e-6, "mean");
  tf.dispose(mean as unknown as tf.TensorContainer);
  assertEquals([tf.memory().numTensors, network.kernels.tensorCount()], before);
});

Deno.test("a prompt with too few placeholders, and a model without a tower, are refused", async () => {
  const through = new ThroughDecoder(network, imageTowerInTraining(network, tower));
  const { imageTokenId } = network.config;
  const inputIds = inputs.inputIds.map((id) => id === imageTokenId ? 5 : id);
  await assertRejects(
    () => through.gradients({ ...answered, inputs: { ...inputs, inputIds } }),
    InputError,
    "on 0 placeholder tokens",
  );
  const other = await goldenModel("qwen3_vl");
  let message = "";
  try {
    imageTowerInTraining(other, tower);
  } catch (error) {
    message = `${error}`;
  }
  assert(message.includes("no tower for images"), message);
  other.dispose();
});
