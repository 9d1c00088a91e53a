import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import {
  checkpointPath,
  hasCheckpointFile,
  readCheckpointJson,
  readCheckpointText,
} from "../../lib/weights/checkpoint_files.ts";
import { openWeights } from "../../lib/weights/weights.ts";
import { withFolder } from "./helpers.ts";

Deno.test("checkpointPath: links into the blob stores of a Hugging Face cache are followed, others not", () =>
  withFolder(async (folder) => {
    const repository = `${folder}/hub/models--org--name`;
    const snapshot = `${repository}/snapshots/${"a".repeat(40)}`;
    for (const made of [snapshot, `${repository}/blobs`, `${folder}/hub/blobs/ab`]) {
      await Deno.mkdir(made, { recursive: true });
    }
    await Deno.writeTextFile(`${repository}/blobs/one`, "1");
    await Deno.symlink("../../blobs/one", `${snapshot}/config.json`);
    await Deno.writeTextFile(`${folder}/hub/blobs/ab/shared`, "2");
    await Deno.symlink("../../blobs/ab/shared", `${repository}/blobs/two`);
    await Deno.symlink("../../blobs/two", `${snapshot}/model.safetensors`);
    await Deno.writeTextFile(`${folder}/secret`, "3");
    await Deno.symlink("../../../../secret", `${snapshot}/tokenizer.json`);
    await Deno.symlink(snapshot, `${folder}/by-another-name`);
    for (const dir of [snapshot, `${folder}/by-another-name`]) {
      assertEquals(await checkpointPath(dir, "config.json"), `${repository}/blobs/one`);
      assertEquals(await checkpointPath(dir, "model.safetensors"), `${folder}/hub/blobs/ab/shared`);
      await assertRejects(() => checkpointPath(dir, "tokenizer.json"), InputError, "leads out");
      await assertRejects(() => checkpointPath(dir, "../../blobs/one"), InputError, "leaves");
    }
  }));

Deno.test("checkpointPath: a folder merely called blobs is no blob store", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/model/snapshots/x`, { recursive: true });
    await Deno.mkdir(`${folder}/model/blobs`);
    await Deno.writeTextFile(`${folder}/model/blobs/one`, "1");
    await Deno.symlink("../../blobs/one", `${folder}/model/snapshots/x/config.json`);
    const open = () => checkpointPath(`${folder}/model/snapshots/x`, "config.json");
    await assertRejects(open, InputError, "leads out");
  }));

Deno.test("hasCheckpointFile: files, not folders and not links to nowhere", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/sub`);
    await Deno.writeTextFile(`${folder}/a`, "");
    await Deno.symlink("nowhere", `${folder}/dangling`);
    await Deno.symlink("loop", `${folder}/loop`);
    assert(await hasCheckpointFile(folder, "a"));
    for (const name of ["sub", "dangling", "loop", "b", "a/b"]) {
      assert(!await hasCheckpointFile(folder, name), name);
    }
  }));

Deno.test("readCheckpointText, readCheckpointJson: damaged files are named", () =>
  withFolder(async (folder) => {
    const refused = async (content: string | Uint8Array, message: string) => {
      const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
      await Deno.writeFile(`${folder}/config.json`, bytes);
      const read = () => readCheckpointJson(folder, "config.json");
      const error = await assertRejects(read, InputError, message);
      assert((error as Error).message.includes('"config.json"'));
    };
    await refused("", "it is not JSON");
    await refused("{", "it is not JSON");
    await refused("[]", "wanted a JSON object");
    await refused("null", "wanted a JSON object");
    await refused('{"a": 1, "a": 2}', 'names "a" twice');
    await refused(new Uint8Array([0x22, 0xff, 0x22]), "not text in UTF-8");
    await Deno.mkdir(`${folder}/sub`);
    await assertRejects(() => readCheckpointText(folder, "sub"), InputError, "not a file");
    await assertRejects(() => readCheckpointText(folder, "none"), InputError, "no such file");
  }));

Deno.test("readCheckpointText: a file larger than memory is refused before it is read", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/tokenizer.json`, "{}");
    await Deno.truncate(`${folder}/tokenizer.json`, 2 ** 40); // sparse
    const read = () => readCheckpointText(folder, "tokenizer.json");
    await assertRejects(read, InputError, "1099511627776 bytes");
  }));

Deno.test("links out of the folder: refused with the option that allows them, followed with it", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/model`);
    await Deno.writeTextFile(`${folder}/elsewhere.json`, '{"a": 1}');
    await Deno.symlink("../elsewhere.json", `${folder}/model/config.json`);
    const read = (followLinks: boolean) =>
      readCheckpointJson(`${folder}/model`, "config.json", { followLinks });
    await assertRejects(() => read(false), InputError, "followLinks (--follow-links) allows that");
    assertEquals(await read(true), { a: 1 });
  }));

Deno.test("a Git LFS pointer is named as that, whatever it stands for", () =>
  withFolder(async (dir) => {
    const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n";
    for (const name of ["config.json", "tokenizer.json", "model.safetensors", "model.gguf"]) {
      await Deno.writeTextFile(`${dir}/${name}`, pointer);
    }
    const message = 'it is a Git LFS pointer, not the file itself; run "git lfs pull"';
    await assertRejects(() => readCheckpointJson(dir, "config.json"), InputError, message);
    await assertRejects(() => readCheckpointText(dir, "tokenizer.json"), InputError, message);
    await assertRejects(() => openWeights(dir), InputError, message);
    await assertRejects(() => openWeights(`${dir}/model.gguf`), InputError, message);
  }));
