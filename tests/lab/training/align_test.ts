import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { Random } from "../../../lib/stats/random.ts";
import { Aligner } from "../../../lab/training/align.ts";
import { miniConfig, miniSizes, ModelParameters } from "../../../lab/training/parameters.ts";
import { imageWords } from "../../../lab/training/image_words.ts";
import { tokenIds, vocabSize } from "../../../lab/training/token_format.ts";

await useBackend("auto");

Deno.test("alignment moves the vision encoder towards the words, and nothing else", () => {
  const config = miniConfig({ ...miniSizes, layers: 1 }, {
    vocabSize,
    image: tokenIds.image,
    video: tokenIds.video,
    end: tokenIds.end,
  });
  const parameters = new ModelParameters(config, 1);
  const table = parameters.get("text.embed_tokens.weight").dataSync().slice();
  const aligner = new Aligner(config, parameters);
  const batch = imageWords(new Random(1)); // one batch again and again: it can be learnt by heart
  const first = aligner.evaluate(batch);
  const before = tf.memory().numTensors;
  for (let i = 0; i < 12; i++) aligner.step(batch, 1);
  assertEquals(tf.memory().numTensors, before);
  const last = aligner.evaluate(batch);
  assert(last.loss < first.loss - 0.5, `${first.loss} ${last.loss}`);
  assertEquals(parameters.get("text.embed_tokens.weight").dataSync(), table);
  assert(parameters.get("vision.pos_embed.weight").dataSync().every((x) => x === 0));
  aligner.dispose();
  parameters.dispose();
});

Deno.test("images for alignment have as many pixels as words", () => {
  for (let seed = 0; seed < 10; seed++) {
    const { grids, labels, pixels } = imageWords(new Random(seed));
    const cells = grids.reduce((sum, [rows, columns]) => sum + rows * columns, 0);
    assertEquals(labels.length, cells);
    assertEquals(pixels.length, cells * 16 * 16 * 3 * 2);
  }
});
