import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../../../lib/backend/select.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { Random } from "../../../lib/stats/random.ts";
import { albumCells } from "../../../lab/pages/albums.ts";
import { albumPrompt, albumTurns } from "../../../lab/training/album_prompts.ts";
import { assembleFastVlm } from "../../../lab/training/photograph_tower.ts";
import { freshProjector } from "../../../lab/training/projector.ts";
import { albumViews, trainProjectorThrough } from "../../../lab/training/projector_through.ts";
import { publishedNetwork } from "../../suites/published_network.ts";

await useBackend("auto");

const folder = await Deno.makeTempDir(), width = 64, channels = 12, cells = albumCells ** 2;
await assembleFastVlm("tests/golden/gguf/tiny-llama.gguf", await publishedNetwork(), folder);
const load = () => fromPretrained(folder, { dtype: "float32" });
const names = ["fox", "key", "owl", "pig"];

Deno.test("every picture of an album is asked about once, and no answer stands in an earlier turn", () => {
  for (let seed = 0; seed < 20; seed++) {
    const turns = albumTurns(names, new Random(seed));
    const answered = turns.map(({ question, begun, rest }) => {
      const number = /\d/.exec(question + begun + rest)![0];
      const name = names.find((own) => `${question}${begun}${rest}`.includes(own));
      assertEquals(names[Number(number) - 1], name);
      return name;
    });
    assertEquals(new Set(answered).size, names.length);
    turns.forEach(({ rest, begun, question }) => {
      assert(!`${question}${begun}`.includes(rest.trim()), `${question} ${begun}`);
    });
  }
});

Deno.test("a prompt's rows predict its answers, and its images stand before the first question", async () => {
  using model = await load();
  const turns = albumTurns(names, new Random(3));
  const { inputs, answerIds, answerRows } = await albumPrompt(model, names.length, turns);
  const ids = [...inputs.inputIds], { imageTokenId } = model.config;
  const visual = ids.flatMap((id, i) => id === imageTokenId ? [i] : []);
  assertEquals(visual.length, names.length * cells);
  assert(visual.at(-1)! < answerRows![0]);
  assertEquals(answerRows!.at(-1), ids.length - 1);
  answerRows!.forEach((row, i) => {
    if (row < ids.length - 1) assertEquals(ids[row + 1], answerIds[i]);
  });
  const text = model.processor.tokenizer.decode([...ids, answerIds.at(-1)!]);
  const said = turns.map(({ begun, rest }) => begun + rest);
  assert(said.every((answer) => text.includes(answer)), text);
  // the first turn is what a single question is
  const alone = await albumPrompt(model, names.length, turns.slice(0, 1));
  assertEquals(ids.slice(0, alone.inputs.inputIds.length), [...alone.inputs.inputIds]);
});

Deno.test("an answer of one token is chosen from those of the album's other pictures", async () => {
  using model = await load(); // its words of one token are few; of numbers each digit is one
  for (const [album, kinds] of [[["the", "of"], ["what", "which"]], [names, ["which"]]]) {
    for (let seed = 0; seed < 5; seed++) {
      const turns = albumTurns(album, new Random(seed));
      const options = { choosing: true };
      const prompt = await albumPrompt(model, album.length, turns, options);
      const { answerIds, answerChoices } = prompt;
      assertEquals(answerChoices!.length, answerIds.length);
      answerChoices!.forEach((choices, i) => {
        if (!choices) return;
        assert(choices.includes(answerIds[i]));
        assertEquals(new Set(choices).size, album.length);
      });
      const wanted = turns.filter(({ rest }) =>
        kinds.includes(/^\d/.test(rest) ? "which" : "what")
      );
      assertEquals(answerChoices!.filter((choices) => choices).length, wanted.length);
    }
  }
});

Deno.test("an album shows no name twice", () => {
  const words = Int32Array.of(0, 0, 0, 1, 1, 2);
  for (let seed = 0; seed < 10; seed++) {
    const views = albumViews({ words }, 3, new Random(seed));
    assertEquals(new Set(Array.from(views, (view) => words[view])).size, 3);
  }
});

const random = new Random("features");
const normals = (n: number) => Float32Array.from({ length: n }, () => random.normal());
const features = {
  data: normals(4 * cells * channels),
  ...{ cells, channels, words: Int32Array.of(0, 1, 2, 3) },
};
const table = { embeddings: normals(4 * width), words: 4, width, scale: 0.1 };

/** Trains for some steps and gives the weights and what was told. */
async function train(work: string, steps: number, until = steps) {
  using model = await load();
  using projector = freshProjector(features, table, 1);
  const stop = new AbortController(), losses: number[] = [], validations: number[] = [];
  await trainProjectorThrough(model, projector, names, features, {
    ...{ work, steps, pictures: 2, alignment: { views: 4, cells: 2 }, seed: 1 },
    ...{ validateEvery: 2, albums: 1, signal: stop.signal },
    onStep: (step, { loss }) => {
      losses.push(loss);
      if (step + 1 === until) stop.abort();
    },
    onValidation: (_, loss) => validations.push(loss),
  });
  return { weights: projector.weights(), losses, validations };
}

Deno.test("through the decoder the projector moves, what is best on the validation is kept, and an interrupted run goes on", async () => {
  const before = tf.memory().numTensors;
  const whole = await train(`${folder}/whole`, 4);
  assertEquals(tf.memory().numTensors, before);
  assertEquals([whole.losses.length, whole.validations.length], [4, 3]);
  await train(`${folder}/parts`, 4, 2);
  const rest = await train(`${folder}/parts`, 4);
  assertEquals(rest.losses, whole.losses.slice(2));
  assertEquals(rest.weights, whole.weights);
  using start = freshProjector(features, table, 1);
  const moved = whole.weights["linear_2.bias"].some((value, i) =>
    Math.abs(value - start.weights()["linear_2.bias"][i]) > 1e-6
  );
  assert(moved);
});
