import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { Random } from "../../../lib/stats/random.ts";
import type { Photograph } from "../../../lab/pages/photographs.ts";
import { assembleLlava } from "../../../lab/training/assemble_llava.ts";
import {
  isOneToken,
  mixedPages,
  photographWords,
  takeEncoder,
} from "../../../lab/training/photograph_batches.ts";
import { photographPrompt, trainThrough } from "../../../lab/training/train_through.ts";
import { saveVisionTower } from "../../../lab/training/vision_tower_files.ts";
import { imageTowerInTraining, ThroughDecoder } from "../../../lab/training/through_decoder.ts";
import {
  visionTowerConfig,
  VisionTowerParameters,
} from "../../../lab/training/vision_tower_model.ts";

await useBackend("auto");

const width = 64, folder = await Deno.makeTempDir();
const tower = () =>
  new VisionTowerParameters(visionTowerConfig, width, new Float32Array(width).fill(0.1), 1);
const first = tower();
await saveVisionTower(`${folder}/tower`, first, 1, new Int32Array(0), []);
await assembleLlava("tests/golden/gguf/tiny-llama.gguf", `${folder}/tower`, `${folder}/model`);

/** Squares of noise with names that the tiny tokenizer knows of. */
const photographs: readonly Photograph[] = Array.from({ length: 10 }, (_, i) => {
  const random = new Random(i);
  const data = Uint8Array.from({ length: 20 * 20 * 4 }, () => random.integer(256));
  const name = `thing${"abcdefghij"[i]}`;
  return { name, caption: "", file: "", kind: "train", image: { width: 20, height: 20, data } };
});

Deno.test("words are those of one token, each once, and pages mix them with photographs", () => {
  const encode = (text: string) => text === " thinga" ? [1, 2] : [text.length];
  assertEquals(isOneToken(encode, "thinga"), false);
  const words = photographWords(encode, [...photographs, ...photographs]);
  assertEquals(words.includes("thinga"), false);
  assertEquals(new Set(words).size, words.length);
  assertEquals(words.slice(0, 3), ["\n", ":", "."]);
  const named = photographs.slice(1);
  const { pixels, labels } = mixedPages(new Random(1), 4, 1, words, named);
  assertEquals([...pixels.shape, labels.length], [4, 3, 384, 384, 256]);
  const captions = Array.from(labels.slice(128), (label) => words[label]);
  assertEquals([captions[0], captions[1], captions[3]], ["A", ":", "\n"]);
  assert(named.some(({ name }) => name === captions[2]));
});

Deno.test("an encoder is taken over, the projector is not", async () => {
  const taken = new VisionTowerParameters(visionTowerConfig, width, new Float32Array(width), 2);
  const [encoder, projector] = ["encoder.layers.0.mlp.fc1.bias", "projector.linear_2.bias"];
  await takeEncoder(taken, `${folder}/tower`);
  assertEquals(taken.get(encoder).dataSync(), first.get(encoder).dataSync());
  assert(taken.get(projector).dataSync().every((value) => value === 0));
  taken.dispose();
});

Deno.test("the phase lowers the loss of a frozen model, and goes on where it stopped", async () => {
  using model = await fromPretrained(`${folder}/model`, { dtype: "float32" });
  const listed = await photographPrompt(model, photographs, 0);
  const asked = await photographPrompt(model, photographs, 2);
  assert(listed.answerIds.length > 8, "all captions of a page");
  assertEquals(asked.answerIds.length, 1);
  const head = (await model.forward({ ...listed.inputs })).logits!.data.slice();
  const run = async (name: string, stopAfter: number) => {
    const losses: number[] = [], parameters = tower(), stop = new AbortController();
    const given = { checkpoint: `${folder}/${name}`, steps: 2, prompts: 1, saveEvery: 1 };
    const onStep = (step: number, loss: number) => {
      losses.push(loss);
      if (step + 1 === stopAfter) stop.abort();
    };
    await trainThrough(model, parameters, 1, photographs, {
      ...given,
      onStep,
      signal: stop.signal,
    });
    await trainThrough(model, parameters, 1, photographs, { ...given, onStep });
    const bias = parameters.get("projector.linear_2.bias").dataSync().slice();
    parameters.dispose();
    return { losses, bias };
  };
  const whole = await run("whole", 2), stopped = await run("stopped", 1);
  assertEquals([whole.losses.length, stopped.losses.length], [2, 2]);
  whole.bias.forEach((value, i) => assertAlmostEquals(value, stopped.bias[i], 1e-6));
  assert(whole.bias.some((value) => Math.abs(value - 0.1) > 1e-5), "nothing was learnt");
  assertEquals((await model.forward({ ...listed.inputs })).logits!.data, head); // it is frozen
});

Deno.test("repeated on one prompt, the loss falls", async () => {
  using model = await fromPretrained(`${folder}/model`, { dtype: "float32" });
  const parameters = tower();
  const through = new ThroughDecoder(
    model.network,
    imageTowerInTraining(model.network, parameters),
  );
  const prompt = await photographPrompt(model, photographs, 2);
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    const { loss, gradients } = await through.gradients(prompt);
    losses.push(loss);
    tf.tidy(() => {
      const bias = parameters.get("projector.linear_2.bias");
      bias.assign(tf.sub(bias, tf.mul(gradients["projector.linear_2.bias"], 0.05)));
    });
    tf.dispose(gradients as unknown as tf.TensorContainer);
  }
  assert(losses[3] < losses[0], losses.join(" "));
  parameters.dispose();
  await Deno.remove(folder, { recursive: true });
});
