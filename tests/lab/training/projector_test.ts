import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { Random } from "../../../lib/stats/random.ts";
import { alignProjector, freshProjector, trainProjector } from "../../../lab/training/projector.ts";

await useBackend("auto");

const channels = 24, width = 16, words = 5, cells = 4, viewsOfEach = 6, scale = 0.3;
const random = new Random("planted names");
const normals = (n: number) => Float32Array.from({ length: n }, () => random.normal());
const embeddings = normals(words * width), centres = normals(words * channels);

/** Views of planted things: a centre of each word, far from 0 and of unequal channels, and noise. */
function planted(noise: number) {
  const labels = Int32Array.from({ length: words * viewsOfEach }, (_, i) => i % words);
  const data = new Float32Array(labels.length * cells * channels).map((_, i) => {
    const channel = i % channels, view = Math.floor(i / channels / cells);
    return 3 +
      (channel + 1) * (centres[labels[view] * channels + channel] + noise * random.normal());
  });
  return { data, cells, channels, words: labels };
}

/** The projector as transformers computes it. */
function project(
  weights: Awaited<ReturnType<typeof trainProjector>>,
  data: Float32Array,
): Float32Array {
  const linear = (name: "linear_1" | "linear_2", x: Float32Array, inputs: number) => {
    const [w, b] = [weights[`${name}.weight`], weights[`${name}.bias`]];
    return b.map((start, o) => x.reduce((sum, value, i) => sum + value * w[o * inputs + i], start));
  };
  const erf = (x: number) => tf.tidy(() => tf.erf(tf.scalar(x)).dataSync()[0]);
  const hidden = linear("linear_1", data, channels).map((x) => x / 2 * (1 + erf(x / Math.SQRT2)));
  return linear("linear_2", hidden, width);
}

Deno.test("a projector gives planted things the embeddings of their names, in the language model's scale", async () => {
  const before = tf.memory().numTensors, losses: number[] = [];
  const weights = await trainProjector(planted(0.15), { embeddings, words, width, scale }, {
    ...{ steps: 150, views: 16, cells: 2, seed: 1 },
    onStep: (_, { loss }) => losses.push(loss),
  });
  assertEquals(tf.memory().numTensors, before);
  assert(losses.at(-1)! < losses[0] / 4, `${losses[0]} ${losses.at(-1)}`);
  const fresh = planted(0.15);
  let right = 0, rows = 0;
  for (let view = 0; view < fresh.words.length; view++) {
    const at = view * cells * channels,
      given = project(weights, fresh.data.slice(at, at + channels));
    const distances = Array.from(
      { length: words },
      (_, w) => given.reduce((sum, x, i) => sum + (x - scale * embeddings[w * width + i]) ** 2, 0),
    );
    right += Number(distances.indexOf(Math.min(...distances)) === fresh.words[view]);
    rows++;
  }
  assert(right >= 0.95 * rows, `${right} of ${rows}`);
});

Deno.test("the seed decides the projector", async () => {
  const features = planted(0.1), table = { embeddings, words, width, scale };
  const train = async (seed: number) =>
    (await trainProjector(features, table, { steps: 3, views: 4, cells: 2, seed }))[
      "linear_2.weight"
    ];
  const [first, again, other] = [await train(1), await train(1), await train(2)];
  assertEquals(first, again);
  assert(Math.abs(first[0] - other[0]) > 1e-6);
  assertAlmostEquals(first[0], again[0]);
});

Deno.test("a name without a photograph is learnt from the direction of its class", async () => {
  const seen = planted(0.1), last = words - 1;
  const views = [...seen.words.keys()].filter((view) => seen.words[view] !== last);
  const size = cells * channels;
  const features = {
    ...{ cells, channels, words: Int32Array.from(views, (view) => seen.words[view]) },
    data: Float32Array.from(
      views.flatMap((view) => [...seen.data.subarray(view * size, (view + 1) * size)]),
    ),
  };
  // a linear classifier for channels of unequal spread
  const direction = Float32Array.from(
    { length: channels },
    (_, i) => centres[last * channels + i] / (i + 1),
  );
  const share = async (known: boolean) => {
    const classes = known ? { data: [direction], words: Int32Array.of(last) } : undefined;
    using projector = freshProjector(features, { embeddings, words, width, scale }, 1, classes);
    await alignProjector(projector, { steps: 150, views: 16, cells: 2, seed: 1 });
    const weights = projector.weights(), fresh = planted(0.1);
    const own = [...fresh.words.keys()].filter((view) => fresh.words[view] === last);
    const right = own.filter((view) => {
      const given = project(weights, fresh.data.slice(view * size, view * size + channels));
      const distances = Array.from(
        { length: words },
        (_, w) =>
          given.reduce((sum, x, i) => sum + (x - scale * embeddings[w * width + i]) ** 2, 0),
      );
      return distances.indexOf(Math.min(...distances)) === last;
    });
    return right.length / own.length;
  };
  assert(await share(true) > 0.9, `${await share(true)}`);
  assert(await share(false) < 0.5, `${await share(false)}`);
});
