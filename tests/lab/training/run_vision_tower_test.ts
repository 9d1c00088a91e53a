import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { Random } from "../../../lib/stats/random.ts";
import { pageWordClass, pageWords, tokenText } from "../../../lab/pages/page_words.ts";
import { visionTowerConfig } from "../../../lab/training/vision_tower_model.ts";
import { randomPages } from "../../../lab/training/vision_tower_pages.ts";
import {
  distanceWeightAt,
  pageWordTokens,
  trainVisionTower,
  varietyAt,
  wordTable,
} from "../../../lab/training/run_vision_tower.ts";

await useBackend("auto");

const encode = (text: string) => [2 + pageWords.findIndex((word) => tokenText(word) === text)];
const random = new Random(1), width = 32;
const embeddings = Float32Array.from(
  { length: (pageWords.length + 2) * width },
  () => 3 * random.normal(),
);
const table = wordTable({ encode, embeddings, width });

Deno.test("the table holds the words' embeddings, scaled to one size", () => {
  const word = pageWordClass("lantern"), token = encode(" lantern")[0];
  for (let i = 0; i < width; i++) {
    const wanted = embeddings[token * width + i] / table.scale;
    assertAlmostEquals(table.embeddings[word * width + i], wanted, 1e-5);
  }
  const squares = table.embeddings.reduce((sum, value) => sum + value * value, 0);
  assertAlmostEquals(squares / table.embeddings.length, 1, 1e-3);
});

Deno.test("words of several tokens are named", () => {
  const cut = (text: string) => text === " violin" ? [1, 2] : encode(text);
  assertThrows(() => pageWordTokens(cut), InputError, "not one token are violin");
});

Deno.test("pages for training have the words that their labels say, drawn as they grow varied", () => {
  const { pixels, labels } = randomPages(new Random(3), 2, { level: 0 });
  assertEquals([...pixels.shape], [2, 3, 384, 384]);
  assertEquals(labels.length, 128);
  const plane = 384 * 384;
  labels.forEach((label, i) => {
    const page = Math.floor(i / 64), row = Math.floor(i % 64 / 8), column = i % 8;
    let ink = 0;
    for (let y = 0; y < 48; y++) {
      const start = page * 3 * plane + (row * 48 + y) * 384 + column * 48;
      ink += pixels.data.subarray(start, start + 48).filter((value) => value < 0.99).length;
    }
    assertEquals(ink > 0, pageWords[label] !== "\n", pageWords[label]);
  });
  const steps = [0, 100, 300, 999];
  for (const  of of[varietyAt, distanceWeightAt]) {
    const values = steps.map((step) => of(step, 1000));
    assertEquals(values, [...values].sort((a, b) => a - b));
    assert(values[3] > values[0]);
  }
});

Deno.test("drawn words stand for their first tokens, and take half of the cells", () => {
  const drawn = [{ text: "lanterns", piece: "lantern" }];
  const share = (of: typeof drawn) => {
    const { pixels, labels } = randomPages(new Random(3), 20, { level: 0 }, pageWords, of);
    const own = pageWordClass("lantern");
    return {
      pixels,
      labels,
      share: labels.filter((label) => label === own).length / labels.length,
    };
  };
  const [some, none] = [share(drawn), share([])];
  assert(some.share > 0.45 && some.share < 0.55 && none.share < 0.02);
  const other = share([{ text: "lantern", piece: "lantern" }]);
  assertEquals(other.labels, some.labels);
  const differ = other.pixels.data.filter((value, i) => value !== some.pixels.data[i]).length;
  assert(differ > 20 * 64 * 0.45, `${differ} pixels show that words are drawn in full`);
});

const small = { depth: 1, featureDepth: 1, hiddenSize: 16, intermediateSize: 16, numHeads: 2 };
const tower = { ...visionTowerConfig, encoder: { ...visionTowerConfig.encoder, ...small } };

Deno.test("a stop that comes from outside is heard between savings, and leaves a whole checkpoint", async () => {
  const folder = await Deno.makeTempDir(), checkpoint = `${folder}/state`;
  const stop = new AbortController(), steps: number[] = [];
  setTimeout(() => stop.abort(), 0); // as a signal, it comes with the event loop
  const onStep = (step: number) => {
    steps.push(step);
    for (const from = performance.now(); performance.now() - from < 60;); // a step of some length
  };
  const run = { checkpoint, steps: 40, pages: 1, saveEvery: 1000, tower };
  (await trainVisionTower(table, { ...run, signal: stop.signal, onStep })).dispose();
  assert(steps.length < 5, `${steps.length} steps were made`);
  const next: number[] = [];
  const only = { ...run, steps: steps.length + 1, onStep: (step: number) => next.push(step) };
  (await trainVisionTower(table, only)).dispose();
  assertEquals(next, [steps.length]);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a run that was stopped goes on exactly where it stopped", async () => {
  const folder = await Deno.makeTempDir();
  const weights = async (name: string, stopAfter: number) => {
    const run = { checkpoint: `${folder}/${name}`, steps: 3, pages: 1, saveEvery: 1, tower };
    const stop = new AbortController();
    const first = await trainVisionTower(table, {
      ...run,
      signal: stop.signal,
      onStep: (step) => step + 1 === stopAfter && stop.abort(),
    });
    first.dispose();
    const parameters = await trainVisionTower(table, run);
    const bias = parameters.variables.get("projector.linear_2.bias")!.dataSync().slice();
    parameters.dispose();
    return bias;
  };
  assertEquals(await weights("stopped", 1), await weights("whole", 3));
  await Deno.remove(folder, { recursive: true });
});
