import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { readRope } from "../../lib/families/rope_config.ts";
import { plainFrequencies } from "../../lib/nn/rope_scaling.ts";
import { hasCheckpointFile, readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { ggufWith, readInsideGguf } from "../../lib/weights/gguf_checkpoint.ts";
import { findGguf } from "../../lib/weights/gguf_files.ts";
import { resolveCheckpoint } from "../../lib/weights/hub.ts";
import { openWeights } from "../../lib/weights/weights.ts";
import { type Entry, ggufBytes, type Note, numberNote, textNote } from "./gguf_bytes.ts";

const tiny = "tests/golden/gguf/tiny-llama.gguf";
const alone = (model: string) => ({ model, mmproj: null });

Deno.test("findGguf: a file, the only one in a folder, none beside safetensors", async () => {
  const folder = await Deno.makeTempDir();
  assertEquals(await findGguf(tiny), alone(tiny));
  assertEquals(await findGguf(folder), null);
  assertEquals(await findGguf(`${folder}/none.gguf`), null);
  await Deno.copyFile(tiny, `${folder}/a.gguf`);
  assertEquals(await findGguf(folder), alone(`${folder}/a.gguf`));
  await Deno.copyFile(tiny, `${folder}/b.gguf`);
  await assertRejects(() => findGguf(folder), InputError, '"a.gguf" and "b.gguf"');
  await Deno.writeTextFile(`${folder}/model.safetensors`, "");
  assertEquals(await findGguf(folder), null);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a folder with a GGUF file has Hugging Face's files; those on disk come first", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.copyFile(tiny, `${folder}/a.gguf`);
  assertEquals(await resolveCheckpoint(folder), folder);
  assertEquals(await resolveCheckpoint(tiny), tiny);
  for (const name of ["config.json", "tokenizer.json", "tokenizer_config.json"]) {
    assert(await ggufWith(folder, name) && await hasCheckpointFile(folder, name));
    assertEquals(await readCheckpointJson(folder, name), await readInsideGguf(alone(tiny), name));
  }
  assert(!await hasCheckpointFile(folder, "preprocessor_config.json"));
  assertEquals(await ggufWith(folder, "toString"), null);
  await Deno.writeTextFile(`${folder}/config.json`, '{"model_type": "own"}');
  assertEquals(await readCheckpointJson(folder, "config.json"), { model_type: "own" });
  using weights = await openWeights(folder);
  assertEquals(weights.path, `${folder}/a.gguf`);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("readInsideGguf: a header longer than the first piece is read whole", async () => {
  const folder = await Deno.makeTempDir();
  const bytes = await Deno.readFile(tiny);
  // One more note of 1.5 MB behind the counts: key "x", a text.
  const more = new Uint8Array(21 + 1_500_011).fill(97);
  const view = new DataView(more.buffer);
  view.setBigUint64(0, 1n, true);
  view.setUint32(9, 8, true);
  view.setBigUint64(13, 1_500_011n, true);
  const longer = new Uint8Array(bytes.length + more.length);
  longer.set(bytes.subarray(0, 24));
  longer.set(more, 24);
  longer.set(bytes.subarray(24), 24 + more.length);
  const notes = new DataView(longer.buffer);
  notes.setBigUint64(16, notes.getBigUint64(16, true) + 1n, true);
  await Deno.writeFile(`${folder}/long.gguf`, longer);
  const config = await readInsideGguf(alone(`${folder}/long.gguf`), "config.json");
  assertEquals(config, await readInsideGguf(alone(tiny), "config.json"));
  await Deno.remove(folder, { recursive: true });
});

const float = (key: string, value: number): Note => [
  key,
  6,
  new Uint8Array(Float32Array.of(value).buffer),
];

/** A small LLaMA's file with divisors of its rotary frequencies. */
async function withFactors(theta: number, headDim: number, factors: number[], more: Note[] = []) {
  const notes = [
    textNote("general.architecture", "llama"),
    ...[["block_count", 1], ["context_length", 512], ["embedding_length", 2 * headDim]]
      .concat([["feed_forward_length", 64], ["attention.head_count", 2]])
      .map(([key, value]) => numberNote(`llama.${key}`, value as number)),
    float("llama.attention.layer_norm_rms_epsilon", 1e-5),
    float("llama.rope.freq_base", theta),
    ...more,
  ];
  const entries: Entry[] = [
    ["rope_freqs.weight", [factors.length], 0, 0],
    ["token_embd.weight", [2 * headDim, 8], 0, 128],
  ];
  const data = new Uint8Array(128 + 64 * headDim);
  data.set(new Uint8Array(Float32Array.from(factors).buffer));
  const path = await Deno.makeTempFile({ suffix: ".gguf" });
  await Deno.writeFile(path, ggufBytes(notes, entries, data));
  return path;
}

Deno.test("rope_freqs.weight: Llama 3.1's frequencies are those of transformers", async () => {
  const reference = JSON.parse(await Deno.readTextFile("tests/golden/inputs/rope_scaling.json"));
  const { headDim } = reference;
  const known = reference.frequencies.filter((one: { scaling: { rope_type: string } }) =>
    one.scaling.rope_type === "llama3"
  );
  assert(known.length > 0);
  for (const { theta, frequencies } of known) {
    // as the converter of llama.cpp makes them: divisors of the frequencies
    const plain = plainFrequencies({ headDim, ropeTheta: theta });
    const path = await withFactors(
      theta,
      headDim,
      frequencies.map((f: number, i: number) => plain[i] / f),
    );
    const config = await readInsideGguf(alone(path), "config.json");
    const rope = readRope(new JsonReader({ ...config, rope_theta: theta }, path), headDim, 512, {});
    assertEquals(rope.ropeScaling!.attentionFactor, 1);
    for (const length of [8, 4096]) {
      const ours = rope.ropeScaling!.frequencies({ headDim, ropeTheta: theta }, length);
      ours.forEach((f, i) =>
        assert(Math.abs(f / frequencies[i] - 1) < 3e-7, `${f} ${frequencies[i]}`)
      );
    }
    using weights = await openWeights(path);
    assertEquals(weights.names(), ["model.embed_tokens.weight"]);
    await Deno.remove(path);
  }
});

Deno.test("rope_freqs.weight: divisors that fit no head, or beside another scaling, are refused", async () => {
  const half = (value: number) => Array<number>(8).fill(value);
  const linear = [
    textNote("llama.rope.scaling.type", "linear"),
    float("llama.rope.scaling.factor", 2),
  ];
  const refused: [number[], Note[], string][] = [
    [half(1).slice(1), [], "wanted F32 of [8]"],
    [[...half(1).slice(1), 0], [], "one of its divisors is 0"],
    [[...half(1).slice(1), NaN], [], "one of its divisors is NaN"],
    [half(1), linear, "another scaling"],
  ];
  for (const [factors, more, message] of refused) {
    const path = await withFactors(10000, 16, factors, more);
    const error = await assertRejects(
      () => readInsideGguf(alone(path), "config.json"),
      InputError,
      message,
    );
    assert(error.message.includes(path) && error.message.includes("rope_freqs.weight"));
    await Deno.remove(path);
  }
});
