/** GGUF files in several parts, as `llama-gguf-split` writes them: the first has the notes. */
import { assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { checkpointDigests } from "../../lib/weights/checkpoint_digest.ts";
import { openGguf } from "../../lib/weights/gguf.ts";
import { findGguf, ggufHeader } from "../../lib/weights/gguf_files.ts";
import { join, le, type Note, numberNote, text } from "./gguf_bytes.ts";

const source = "tests/golden/gguf/tiny-llama.gguf";

/** Where a text with its length in front stands in a file. */
function placeOf(bytes: Uint8Array, name: string): number {
  const wanted = text(name);
  for (let at = 24; at < bytes.length; at++) {
    if (wanted.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  throw new Error(`no ${name}`);
}

/** Writes the parts of a file: every tensor as it is, at another place. */
async function writeParts(folder: string, stem: string, count: number): Promise<string[]> {
  const bytes = await Deno.readFile(source), { tensors } = await ggufHeader(source);
  const all = [...tensors].map(([name, own]) => ({ name, at: placeOf(bytes, name), ...own }));
  const first = Math.min(...all.map(({ at }) => at));
  const noteBytes = ([key, kind, value]: Note) => join(text(key), le(kind, 4), value);
  const paths: string[] = [];
  for (let part = 0; part < count; part++) {
    const own = all.filter((_, i) => i % count === part), pieces: Uint8Array[] = [];
    let offset = 0;
    const entries = own.map(({ at, name, shape, offset: from, byteLength }) => {
      const length = text(name).length + 4 + 8 * shape.length + 4;
      const entry = join(bytes.subarray(at, at + length), le(offset, 8));
      const padding = new Uint8Array((32 - byteLength % 32) % 32);
      pieces.push(bytes.subarray(from, from + byteLength), padding);
      offset += byteLength + padding.length;
      return entry;
    });
    const split = [
      numberNote("split.no", part),
      numberNote("split.count", count),
      numberNote("split.tensors.count", all.length),
    ].map(noteBytes);
    const notes = part === 0 ? [bytes.subarray(24, first), ...split] : split;
    const kinds = part === 0 ? Number(new DataView(bytes.buffer).getBigUint64(16, true)) + 3 : 3;
    const header = join(
      bytes.subarray(0, 8),
      le(own.length, 8),
      le(kinds, 8),
      ...notes,
      ...entries,
    );
    const padded = join(header, new Uint8Array((32 - header.length % 32) % 32), ...pieces);
    const digits = (value: number) => String(value).padStart(5, "0");
    paths.push(`${folder}/${stem}-${digits(part + 1)}-of-${digits(count)}.gguf`);
    await Deno.writeFile(paths[part], padded);
  }
  return paths;
}

Deno.test("a GGUF file in three parts is the file that they were, from the folder or any part", async () => {
  const folder = await Deno.makeTempDir();
  const paths = await writeParts(folder, "tiny", 3);
  using whole = await openGguf(source);
  for (const path of [folder, ...paths]) {
    const found = await findGguf(path);
    assertEquals([found?.model, ...found?.parts ?? []], paths);
    using weights = await openGguf(path === folder ? found! : path);
    assertEquals([...weights.names()].sort(), [...whole.names()].sort());
    for (const name of whole.names()) {
      assertEquals(await weights.readWeight(name), await whole.readWeight(name), name);
    }
  }
  const logits = async (path: string) => {
    using model = await fromPretrained(path, { dtype: "float32" });
    const { inputIds } = await model.prepare([{ role: "user", content: "Hello" }]);
    const positionIds = Int32Array.from(inputIds, (_, i) => i);
    const inputs = { inputIds, positionIds, nextPosition: inputIds.length, media: {} };
    return (await model.forward(inputs)).logits!.data;
  };
  assertEquals(await logits(paths[1]), await logits(source));
  const before = await checkpointDigests(folder);
  const last = await Deno.readFile(paths[2]);
  last[last.length - 40] ^= 1;
  await Deno.writeFile(paths[2], last);
  const { weights: changed } = await checkpointDigests(folder);
  assertEquals(changed === before.weights, false, "every part counts");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a missing or wrong part of a GGUF file is named", async () => {
  const folder = await Deno.makeTempDir();
  const paths = await writeParts(folder, "tiny", 3);
  const bytes = await Deno.readFile(paths[1]);
  await Deno.remove(paths[1]);
  for (const path of [folder, paths[0], paths[2]]) {
    await assertRejects(
      () => findGguf(path),
      InputError,
      "its part tiny-00002-of-00003.gguf is missing; wanted all 3 parts",
    );
  }
  await Deno.copyFile(paths[2], paths[1]);
  await assertRejects(() => openGguf(paths[0]), InputError, "again");
  await Deno.writeFile(paths[1], bytes);
  await Deno.remove(paths[0]);
  await assertRejects(() => findGguf(folder), InputError, "tiny-00001-of-00003.gguf is missing");
  await Deno.remove(folder, { recursive: true });
});
