import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { hasCheckpointFile, readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { ggufWith, readInsideGguf } from "../../lib/weights/gguf_checkpoint.ts";
import { findGguf } from "../../lib/weights/gguf_files.ts";
import { resolveCheckpoint } from "../../lib/weights/hub.ts";
import { openWeights } from "../../lib/weights/weights.ts";

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
