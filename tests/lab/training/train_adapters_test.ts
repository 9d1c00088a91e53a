import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { useBackend } from "../../../lib/backend/select.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { Random } from "../../../lib/stats/random.ts";
import { albumCells } from "../../../lab/pages/albums.ts";
import { albumPrompt, albumTurns } from "../../../lab/training/album_prompts.ts";
import { assembleFastVlm, emptyProjector } from "../../../lab/training/photograph_tower.ts";
import { freshProjector } from "../../../lab/training/projector.ts";
import {
  chosenViews,
  outputsOutOfFold,
  projectedFeatures,
  renamedOutputs,
  tellableViews,
} from "../../../lab/training/projector_folds.ts";
import { loadCheckpoint } from "../../../lab/training/checkpoints.ts";
import { DecoderAdapters } from "../../../lab/training/decoder_adapters.ts";
import { trainAdapters } from "../../../lab/training/train_adapters.ts";
import { publishedNetwork } from "../../suites/published_network.ts";

await useBackend("auto");

const folder = await Deno.makeTempDir(), width = 64, channels = 12, cells = albumCells ** 2;
const base = "tests/golden/gguf/tiny-llama.gguf", network = await publishedNetwork();
await assembleFastVlm(base, network, folder);
const load = (from = folder) => fromPretrained(from, { dtype: "float32" });
const names = ["fox", "key", "owl", "pig"];
const random = new Random("features"), views = 2;
const normals = (n: number) => Float32Array.from({ length: n }, () => random.normal());

/** Two photographs of each of three names and one of the fourth, two views each: a name is a direction, with noise. */
const words = Int32Array.from([0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3]);
const directions = names.map(() => normals(channels));
const features = {
  data: Float32Array.from(words).reduce((all, word, view) => {
    for (let i = 0; i < cells * channels; i++) {
      all[view * cells * channels + i] = 3 * directions[word][i % channels] + random.normal();
    }
    return all;
  }, new Float32Array(words.length * cells * channels)),
  ...{ cells, channels, words },
};
const table = { embeddings: normals(4 * width), words: 4, width, scale: 0.1 };
/** A vector without its part along another. */
function directionless(x: Float32Array, along: (i: number) => number): Float32Array {
  const other = x.map((_, i) => along(i));
  const share = x.reduce((sum, value, i) => sum + value * other[i], 0) /
    other.reduce((sum, value) => sum + value * value, 0);
  return x.map((value, i) => value - share * other[i]);
}

const noClasses = { data: [], words: new Int32Array(0) };

Deno.test("outputs out of fold are not those of a projector that saw the photograph, and point at its name", async () => {
  const before = tf.memory().numTensors;
  const run = { perPhotograph: views, views: 8, cells: 4, folds: 7, steps: 60, seed: 1 };
  const { data } = await outputsOutOfFold(features, table, noClasses, run);
  assertEquals(tf.memory().numTensors, before);
  assertEquals(data.length, words.length * cells * width);
  let right = 0;
  const tellable = tellableViews(features, views, noClasses);
  for (const view of tellable) {
    const own = data.subarray(view * cells * width, (view + 1) * cells * width);
    const scores = names.map((_, word) =>
      own.reduce((sum, value, i) => sum + value * table.embeddings[word * width + i % width], 0)
    );
    right += Number(scores.indexOf(Math.max(...scores)) === words[view]);
  }
  assert(right > 0.8 * tellable.length, `${right} of ${tellable.length}`);
  assertEquals(await outputsOutOfFold(features, table, noClasses, run), {
    ...{ data, cells, channels: width, words },
  });
});

Deno.test("a name with one photograph can be told only by a class", () => {
  assertEquals(tellableViews(features, views, noClasses), Array.from({ length: 12 }, (_, i) => i));
  assertEquals(tellableViews(features, views, { words: Int32Array.of(3) }).length, 14);
  const { data, words: chosen } = chosenViews(features, [13, 0]);
  assertEquals([...chosen], [3, 0]);
  assertEquals(data.slice(-cells * channels), features.data.slice(0, cells * channels));
});

Deno.test("renamed outputs have the other word's direction in place of the photograph's, and the rest of it", () => {
  const one = 20 * width, shares = [0.5, 0.1];
  const common = normals(width), rest = normals(width);
  const towards = (word: number, i: number) => 0.1 * table.embeddings[word * width + i] - common[i];
  // a picture with half of its word in it and one with a tenth, and two that cancel their parts in the mean
  const own = directionless(rest, (i) => towards(0, i));
  const signs = [1, -1];
  const data = Float32Array.from({ length: 4 * width }, (_, at) => {
    const i = at % width, picture = Math.floor(at / width), sign = signs[picture % 2];
    return common[i] + sign * (shares[Math.floor(picture / 2)] * towards(0, i) + own[i]);
  });
  const outputs = { data, cells: 1, channels: width, words: new Int32Array(4) };
  const renamed = renamedOutputs(outputs, table, { count: 20, least: 0.25, random: new Random(1) });
  assertEquals(renamed.data.length, one);
  for (let picture = 0; picture < 20; picture++) {
    const word = renamed.words[picture];
    const found = renamed.data.subarray(picture * width, (picture + 1) * width);
    const candidates = signs.flatMap((sign) =>
      shares.map((share) =>
        found.map((_, i) =>
          common[i] + sign * own[i] + Math.max(sign * share, 0.25) * towards(word, i)
        )
      )
    );
    const nearest = Math.min(
      ...candidates.map((x) => Math.hypot(...x.map((v, i) => v - found[i]))),
    );
    assert(nearest < 1e-3, `picture ${picture}: ${nearest}`);
  }
  assert(new Set(renamed.words).size > 1);
});

Deno.test("an album's prompt shows as many places of a picture as are wanted", async () => {
  using model = await load();
  const turns = albumTurns(names, new Random(3));
  const prompts = await Promise.all(
    [undefined, 3].map((places) => albumPrompt(model, names.length, turns, { places })),
  );
  const visual = prompts.map(({ inputs: { inputIds } }) =>
    inputIds.filter((id) => id === model.config.imageTokenId).length
  );
  assertEquals(visual, [4 * cells, 4 * 3]);
  assertEquals(prompts[0].answerIds, prompts[1].answerIds);
  assertEquals(prompts[0].answerChoices, undefined);
  for (const { inputs: { inputIds }, answerIds, answerRows } of prompts) {
    answerRows!.forEach((row, i) => {
      if (row + 1 < inputIds.length) assertEquals(inputIds[row + 1], answerIds[i]);
    });
  }
});

/** Trains for some steps and gives the merged matrices and what was told. */
async function train(work: string, steps: number, { until = steps, judged = true } = {}) {
  using model = await load();
  using projector = freshProjector(features, table, 1);
  const outputs = projectedFeatures(projector, features);
  const stop = new AbortController(), losses: number[] = [], validations: number[] = [];
  const validation = judged ? outputs : null;
  using adapters = await trainAdapters(model, names, [{ outputs, share: 1 }], validation, {
    ...{ work, steps, rank: 2, pictures: 2, places: 3, albums: 2, validateEvery: 2, seed: 1 },
    signal: stop.signal,
    onStep: (step, loss) => {
      losses.push(loss);
      if (step + 1 === until) stop.abort();
    },
    onValidation: (_, loss) => validations.push(loss),
  });
  return { merged: adapters.merged(), losses, validations };
}

Deno.test("adapters learn from albums, an interrupted run goes on, and no tensor is left behind", async () => {
  const before = tf.memory().numTensors;
  const whole = await train(`${folder}/whole`, 12);
  assertEquals(tf.memory().numTensors, before);
  assert(Math.min(...whole.validations) < whole.validations[0], `${whole.validations}`);
  await train(`${folder}/parts`, 12, { until: 4 });
  const rest = await train(`${folder}/parts`, 12);
  assertEquals(rest.losses, whole.losses.slice(4));
  assertEquals(rest.merged, whole.merged);
});

Deno.test("without a validation adapters are left as they are at the end, after an interruption too", async () => {
  const whole = await train(`${folder}/unjudged`, 12, { judged: false });
  assertEquals([whole.losses.length, whole.validations.length], [12, 0]);
  // the same steps as those of a training that is judged, whose last state is on file
  await train(`${folder}/judged`, 12);
  using model = await load();
  using last = new DecoderAdapters(model.network, 2, new Random(1));
  await loadCheckpoint(`${folder}/judged/state.safetensors`, last, null);
  assertEquals(whole.merged, last.merged());
  await train(`${folder}/unjudged-parts`, 12, { until: 5, judged: false });
  const rest = await train(`${folder}/unjudged-parts`, 12, { judged: false });
  assertEquals(rest.merged, whole.merged);
});

Deno.test("a checkpoint with merged adapters is the model that they adapt", async () => {
  using model = await load();
  const changed = new Map([...(await train(`${folder}/whole`, 12)).merged]);
  const out = await Deno.makeTempDir();
  await assembleFastVlm(base, network, out, emptyProjector(width), changed);
  using adapted = await load(out);
  const name = "layers.1.self_attn.v_proj.weight";
  const [before, after] = [model, adapted].map(({ network: { decoder, kernels } }) =>
    kernels.readSync(decoder.weights.get(name))
  );
  const wanted = changed.get(name)!;
  let moved = 0;
  after.forEach((value, i) => {
    // stored in bfloat16, to eight bits
    assert(Math.abs(value - wanted[i]) <= Math.abs(wanted[i]) / 256 + 1e-8);
    moved += Math.abs(value - before[i]);
  });
  assert(moved > 0);
  await Deno.remove(out, { recursive: true });
});
