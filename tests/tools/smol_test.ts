import { assertEquals, assertRejects } from "@std/assert";
import { exists, SetupError } from "../../tools/setup/command.ts";
import {
  fileProblem,
  isWholeCheckpoint,
  linkCheckpoint,
  place,
  smolFile,
} from "../../tools/setup/smol.ts";

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

Deno.test("the model is named by a whole checksum", () => {
  assertEquals(/^[0-9a-f]{64}$/.test(smolFile.sha256), true);
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
