import { assert, assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import {
  photographReading,
  photographReadingResults,
  readPhotographReading,
} from "../../../lab/studies/photograph_reading.ts";

await useBackend("auto");

const image = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) };
const question = (asked: number) => ({
  sample: {
    ...{ id: `q${asked}`, domain: "example", question: "Which?", answer: "a", evidence: [] },
    images: [image],
  },
  begun: "It is",
  candidates: [" a", " the", " picture"],
  asked,
});

Deno.test("of the candidates exactly one is the likeliest, whatever is right", async () => {
  using model = await fromPretrained("tests/golden/internvl", { dtype: "float32" });
  const folder = await Deno.makeTempDir();
  const samples = [0, 1, 2].map((asked) => ({
    id: `${asked}`,
    kind: "one image",
    draw: () => question(asked),
  }));
  const given = {
    model,
    samples,
    views: ["seen", "blind"] as const,
    name: "golden",
    data: "three",
  };
  const [result] = await photographReading(given, { folder });
  assertEquals([result.samples, Object.keys(result.choice)], [3, ["seen", "blind"]]);
  assertAlmostEquals(result.chance, 1 / 3);
  assertAlmostEquals(result.choice.seen![0], 1 / 3);
  assertAlmostEquals(result.choice.blind![0], 1 / 3);
  assert(result.free.seen![0] <= result.choice.seen![0]);
  const [kept] = await readPhotographReading(folder); // with seven digits
  assertEquals([kept.kind, kept.samples], [result.kind, 3]);
  assertAlmostEquals(kept.choice.seen![1], result.choice.seen![1], 1e-6);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a photograph is named by the embedding nearest to the mean of its cells", async () => {
  using model = await fromPretrained("tests/golden/internvl", { dtype: "float32" });
  const { network, processor: { tokenizer } } = model, { kernels: k, vision, decoder } = network;
  const captions = ["a", "the", "the", "picture"];
  const prompt = await model.prepare([{
    role: "user",
    content: [{ type: "image", image }, { type: "text", text: "Which?" }],
  }]);
  const features = vision!.encodeMedia(prompt.media).images!.features, width = features.shape[1];
  const rows = await k.read(features) as Float32Array;
  const ids = question(0).candidates.map((text) =>
    tokenizer.encode(text, { addSpecialTokens: false })[0]
  );
  const table = await k.read(decoder.embed(Int32Array.from(ids))) as Float32Array;
  const right = [0, 1, 2].map((asked) => {
    const cells = [...captions.keys()].filter((i) =>
      captions[i] === ["a", "the", "picture"][asked]
    );
    const distances = ids.map((_, word) =>
      Array.from({ length: width }, (_, i) => {
        const mean = cells.reduce((sum, cell) => sum + rows[cell * width + i], 0) / cells.length;
        return (mean - table[word * width + i]) ** 2;
      }).reduce((a, b) => a + b, 0)
    );
    return Number(distances.indexOf(Math.min(...distances)) === asked);
  });
  const samples = [0, 1, 2].map((asked) => ({
    ...{ id: `${asked}`, kind: `${asked}` },
    draw: () => ({ ...question(asked), captions }),
  }));
  const results = await photographReading({
    ...{ model, samples, views: ["named"], name: "golden", data: "three" },
  });
  assertEquals(results.map(({ choice }) => choice.named![0]), right);
});

Deno.test("shares are counted by kind, with Wilson's intervals", () => {
  const row = (kind: string, seen: number) => ({
    ...{ id: "", kind, chance: 0.125 },
    choice: { seen },
    free: { seen: 0 },
  });
  const results = photographReadingResults([row("x", 1), row("y", 0), row("x", 0)]);
  assertEquals(results.map(({ kind, samples }) => [kind, samples]), [["x", 2], ["y", 1]]);
  const [share, low, high] = results[0].choice.seen!;
  assertEquals(share, 0.5);
  // Wilson's interval of one of two
  assertAlmostEquals(low, 0.0945, 1e-3);
  assertAlmostEquals(high, 0.9055, 1e-3);
});

Deno.test("answers that begin alike are refused", async () => {
  using model = await fromPretrained("tests/golden/internvl", { dtype: "float32" });
  const draw = () => ({ ...question(0), candidates: [" a", " at", " a"] });
  const samples = [{ id: "twins", kind: "one image", draw }];
  await assertRejects(
    () => photographReading({ model, samples, name: "golden", data: "one" }),
    InputError,
    "begin with the same token",
  );
});
