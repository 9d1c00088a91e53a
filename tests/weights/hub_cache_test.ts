import { assert, assertEquals } from "@std/assert";
import {
  cachedCommit,
  linkIntoSnapshot,
  missingFiles,
  rememberCommit,
  repositoryFolder,
  snapshotFolder,
} from "../../lib/weights/hub_cache.ts";
import { commit } from "./fake_hub.ts";
import { withFolder } from "./helpers.ts";

Deno.test("folders: huggingface_hub's names", () => {
  assertEquals(repositoryFolder("/c", "Qwen/Qwen3-VL-4B"), "/c/models--Qwen--Qwen3-VL-4B");
  assertEquals(snapshotFolder("/c", "a/b", commit), `/c/models--a--b/snapshots/${commit}`);
});

Deno.test("cachedCommit, rememberCommit: branches, nested names, damaged files", () =>
  withFolder(async (folder) => {
    assertEquals(await cachedCommit(folder, "a/b", commit), commit);
    assertEquals(await cachedCommit(folder, "a/b", "main"), null);
    for (const revision of ["main", "refs/pr/1"]) {
      await rememberCommit(folder, "a/b", revision, commit);
      assertEquals(await cachedCommit(folder, "a/b", revision), commit);
      const path = `${folder}/models--a--b/refs/${revision}`;
      assertEquals(await Deno.readTextFile(path), commit); // no line end: as Python writes it
    }
    assertEquals(await cachedCommit(folder, "a/b", "refs"), null);
    assertEquals(await cachedCommit(folder, "a/b", "main/x"), null);
    await Deno.writeTextFile(`${folder}/models--a--b/refs/main`, "../../..");
    assertEquals(await cachedCommit(folder, "a/b", "main"), null);
    await rememberCommit(folder, "c/d", commit, commit);
    assertEquals(await Deno.stat(`${folder}/models--c--d`).catch(() => null), null);
  }));

Deno.test("missingFiles: config, tokenizer, and every shard that the index names", () =>
  withFolder(async (folder) => {
    const write = (name: string, text = "{}") => Deno.writeTextFile(`${folder}/${name}`, text);
    assertEquals(await missingFiles(folder, false), ["config.json", "tokenizer.json"]);
    await write("config.json");
    await Deno.symlink("../../blobs/gone", `${folder}/tokenizer.json`);
    assertEquals(await missingFiles(folder, false), ["tokenizer.json"]);
    await Deno.remove(`${folder}/tokenizer.json`);
    await write("tokenizer.json");
    assertEquals(await missingFiles(folder, false), []);
    assertEquals(await missingFiles(folder, true), ["model.safetensors"]);
    const map = { a: "1.safetensors", b: "2.safetensors", c: "1.safetensors" };
    await write("model.safetensors.index.json", JSON.stringify({ weight_map: map }));
    await write("1.safetensors");
    assertEquals(await missingFiles(folder, true), ["2.safetensors"]);
    await write("2.safetensors");
    assertEquals(await missingFiles(folder, true), []);
    await write("model.safetensors.index.json", "damaged");
    assertEquals(await missingFiles(folder, true), ["model.safetensors"]);
    await write("model.safetensors");
    assertEquals(await missingFiles(folder, true), []);
  }));

Deno.test("linkIntoSnapshot: relative links, also for nested files, in place of what was there", () =>
  withFolder(async (folder) => {
    const repository = `${folder}/models--a--b`;
    const snapshot = `${repository}/snapshots/${commit}`;
    await Deno.mkdir(`${repository}/blobs`, { recursive: true });
    await Deno.writeTextFile(`${repository}/blobs/old`, "old");
    await Deno.writeTextFile(`${repository}/blobs/new`, "new");
    for (const name of ["config.json", "sub/folder/x.json"]) {
      for (const blob of ["old", "new"]) {
        await linkIntoSnapshot(`${repository}/blobs/${blob}`, snapshot, name);
        assertEquals(await Deno.readTextFile(`${snapshot}/${name}`), blob);
      }
    }
    assertEquals(await Deno.readLink(`${snapshot}/config.json`), "../../blobs/new");
    assertEquals(await Deno.readLink(`${snapshot}/sub/folder/x.json`), "../../../../blobs/new");
    await Deno.rename(repository, `${folder}/moved`);
    assertEquals(await Deno.readTextFile(`${folder}/moved/snapshots/${commit}/config.json`), "new");
  }));

const restricted = await Deno.realPath(await Deno.makeTempDir());

Deno.test({
  name: "linkIntoSnapshot: without the right to make symbolic links it makes a second name",
  permissions: { read: true, write: [restricted] },
  fn: async () => {
    const repository = `${restricted}/models--a--b`;
    await Deno.mkdir(`${repository}/blobs`, { recursive: true });
    await Deno.writeTextFile(`${repository}/blobs/one`, "content");
    const snapshot = `${repository}/snapshots/${commit}`;
    await linkIntoSnapshot(`${repository}/blobs/one`, snapshot, "config.json");
    const path = `${snapshot}/config.json`;
    assertEquals(await Deno.readTextFile(path), "content");
    assert(!(await Deno.lstat(path)).isSymlink);
    await Deno.remove(restricted, { recursive: true });
  },
});
