import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { readCheckpointJson } from "../../lib/weights/checkpoint_files.ts";
import { checkpointDigests } from "../../lib/weights/checkpoint_digest.ts";
import { findGguf } from "../../lib/weights/gguf_files.ts";
import { openGguf } from "../../lib/weights/gguf.ts";

const golden = (family: string) => `tests/golden/gguf_multimodal/${family}`;

/** A folder with some golden files under other names. */
async function folderOf(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await Deno.makeTempDir();
  for (const [name, from] of Object.entries(files)) {
    await Deno.copyFile(`tests/golden/${from}.gguf`, `${folder}/${name}`);
  }
  return folder;
}

const pair = {
  "Qwen3-VL-Q8_0.gguf": "gguf_multimodal/qwen3_vl/model",
  "mmproj-F16.gguf": "gguf_multimodal/qwen3_vl/mmproj",
};

Deno.test("findGguf: two files of a folder, the path of either", async () => {
  const folder = await folderOf(pair);
  const files = { model: `${folder}/Qwen3-VL-Q8_0.gguf`, mmproj: `${folder}/mmproj-F16.gguf` };
  assertEquals(await findGguf(folder), files);
  assertEquals(await findGguf(files.model), files);
  assertEquals(await findGguf(files.mmproj), files);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("findGguf: a named file decides where there are several", async () => {
  const folder = await folderOf({
    ...pair,
    "mmproj-Q8_0.gguf": "gguf_multimodal/qwen3_vl/mmproj",
    "smol.gguf": "gguf/tiny-llama",
  });
  await assertRejects(() => findGguf(folder), InputError, "name one of them");
  const vl = `${folder}/Qwen3-VL-Q8_0.gguf`;
  await assertRejects(() => findGguf(vl), InputError, '"mmproj-F16.gguf" and "mmproj-Q8_0.gguf"');
  await assertRejects(() => findGguf(`${folder}/mmproj-F16.gguf`), InputError, "found");
  // a text model takes no tower that lies there for another
  const smol = `${folder}/smol.gguf`;
  assertEquals(await findGguf(smol), { model: smol, mmproj: null });
  await Deno.remove(smol);
  assertEquals((await findGguf(`${folder}/mmproj-Q8_0.gguf`))?.model, vl);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a tower that is missing, alone or another's is told", async () => {
  const missing = `${golden("qwen3_vl")}/model.gguf`;
  const alone = await folderOf({ "model.gguf": "gguf_multimodal/qwen3_vl/model" });
  await assertRejects(() => readCheckpointJson(alone, "config.json"), InputError, "mmproj-");
  await Deno.remove(`${alone}/model.gguf`);
  await Deno.copyFile(`${golden("qwen3_vl")}/mmproj.gguf`, `${alone}/mmproj.gguf`);
  await assertRejects(() => findGguf(alone), InputError, "a vision tower only");
  await Deno.copyFile(missing, `${alone}/model.gguf`);
  await Deno.copyFile(`${golden("llava")}/mmproj.gguf`, `${alone}/mmproj.gguf`);
  await assertRejects(() => openGguf(alone), InputError, "goes with llama");
  await Deno.remove(alone, { recursive: true });
});

Deno.test("a checkpoint's digest is that of both files", async () => {
  const folder = await folderOf(pair);
  const before = await checkpointDigests(folder);
  const tower = await Deno.open(`${folder}/mmproj-F16.gguf`, { write: true, append: true });
  await tower.write(new Uint8Array(4));
  tower.close();
  const after = await checkpointDigests(folder);
  assertEquals(before.weights === after.weights, false);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a truncated tower and one with an unknown tensor are errors", async () => {
  const folder = await folderOf(pair), tower = `${folder}/mmproj-F16.gguf`;
  const bytes = await Deno.readFile(tower);
  const place = (text: string) => {
    const wanted = new TextEncoder().encode(text);
    return bytes.findIndex((_, i) => wanted.every((byte, k) => bytes[i + k] === byte));
  };
  const renamed = bytes.slice();
  renamed.set(new TextEncoder().encode("mm.7.bias"), place("mm.0.bias"));
  await Deno.writeFile(tower, renamed);
  await assertRejects(() => openGguf(folder), InputError, '"mm.7.bias", whose meaning is unknown');
  await Deno.writeFile(tower, bytes.subarray(0, bytes.length - 1000));
  await assertRejects(() => openGguf(folder), InputError, "truncated");
  await Deno.remove(folder, { recursive: true });
});
