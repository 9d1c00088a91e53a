import { assertEquals, assertNotEquals } from "@std/assert";
import { fileURLToPath } from "node:url";
import { digestOfBytes } from "../../lib/common/digest.ts";
import { checkpointDigests } from "../../lib/weights/checkpoint_digest.ts";
import { fileDigest } from "../../lib/weights/file_digest.ts";
import { goldenDir } from "../suites/golden.ts";
import { noise } from "./fake_hub.ts";
import { withFolder } from "./helpers.ts";

/** Changes one byte in place and puts the time back. */
async function flip(path: string, at: number): Promise<void> {
  const { mtime } = await Deno.stat(path);
  const bytes = await Deno.readFile(path);
  bytes[at] ^= 1;
  await Deno.writeFile(path, bytes);
  await Deno.utime(path, mtime!, mtime!);
}

Deno.test("small files are digested by their bytes", async () => {
  await withFolder(async (folder) => {
    await Deno.writeFile(`${folder}/a`, noise(1000));
    assertEquals(await fileDigest(`${folder}/a`), digestOfBytes(noise(1000)));
  });
});

Deno.test("the digest is of the content: name and place play no part, any byte does", async () => {
  await withFolder(async (folder) => {
    const cache = `${folder}/cache`;
    await Deno.writeFile(`${folder}/a`, noise(1_500_000));
    await Deno.writeFile(`${folder}/b`, noise(1_500_000));
    const before = await fileDigest(`${folder}/a`, { cache });
    assertEquals(await fileDigest(`${folder}/b`, { cache }), before);
    for (const at of [0, 700_000, 1_499_999]) {
      await flip(`${folder}/b`, at);
      assertNotEquals(await fileDigest(`${folder}/b`, { cache }), before);
      await flip(`${folder}/b`, at);
      assertEquals(await fileDigest(`${folder}/b`, { cache }), before);
    }
  });
});

Deno.test("a remembered digest serves while the file is as it was, and is never believed else", async () => {
  await withFolder(async (folder) => {
    const cache = `${folder}/cache`, path = `${folder}/a`;
    const entries = () => {
      try {
        return Array.from(Deno.readDirSync(cache), ({ name }) => `${cache}/${name}`);
      } catch {
        return [];
      }
    };
    await Deno.writeFile(path, noise(1_500_000));
    const before = await fileDigest(path, { cache });
    assertEquals(entries(), [], "a file of this moment is not remembered");
    await new Promise((resolve) => setTimeout(resolve, 2100));
    await fileDigest(path, { cache });
    const [entry] = entries();
    const text = await Deno.readTextFile(entry);
    await Deno.writeTextFile(entry, text.replace(before, "0".repeat(32)));
    assertEquals(await fileDigest(path, { cache }), "0".repeat(32), "read from the cache");
    await flip(path, 5); // same size and time of change: the inode's own time tells
    assertNotEquals(await fileDigest(path, { cache }), "0".repeat(32));
    await flip(path, 5);
    for (const damaged of ["", "x", `${text.split("\n")[0]}\nshort`, "{}\n" + before]) {
      await Deno.writeTextFile(entry, damaged);
      assertEquals(await fileDigest(path, { cache }), before);
    }
    assertEquals(await fileDigest(path, { cache: null }), before);
    assertEquals(await fileDigest(path, { cache: `${path}/no folder` }), before);
  });
});

Deno.test("above the limit, header, size and changes of a tensor's size show", async () => {
  await withFolder(async (folder) => {
    const path = `${folder}/large`, size = 120_000_000;
    const options = { cache: null, wholeLimit: 1 << 20 };
    using file = await Deno.open(path, { create: true, read: true, write: true });
    await file.truncate(size);
    const before = await fileDigest(path, options);
    const change = async (from: number, count: number) => {
      await file.seek(from, Deno.SeekMode.Start);
      await file.write(new Uint8Array(count).fill(7));
      const found = await fileDigest(path, options);
      await file.seek(from, Deno.SeekMode.Start);
      await file.write(new Uint8Array(count));
      return found;
    };
    assertNotEquals(await change(10, 1), before); // header
    assertNotEquals(await change(50_000_000, 40_000), before); // a small tensor
    assertNotEquals(await change(size - 1, 1), before);
    await file.truncate(size - 1);
    assertNotEquals(await fileDigest(path, options), before);
  });
});

Deno.test("a checkpoint: weights and each file that says how it computes", async () => {
  await withFolder(async (folder) => {
    for (const { name, isFile } of Deno.readDirSync(goldenDir("qwen3_vl"))) {
      if (isFile) await Deno.copyFile(`${goldenDir("qwen3_vl")}/${name}`, `${folder}/${name}`);
    }
    const before = await checkpointDigests(folder);
    assertEquals(before, await checkpointDigests(goldenDir("qwen3_vl")), "wherever it lies");
    await flip(`${folder}/model.safetensors`, 100_000);
    assertNotEquals((await checkpointDigests(folder)).weights, before.weights);
    await flip(`${folder}/model.safetensors`, 100_000);
    await Deno.writeTextFile(`${folder}/README.md`, "not asked");
    assertEquals(await checkpointDigests(folder), before);
    for (const name of Object.keys(before).filter((part) => part !== "weights")) {
      const text = await Deno.readTextFile(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}`, text + " ");
      const changed = await checkpointDigests(folder);
      assertEquals(
        Object.keys(before).filter((part) => changed[part] !== before[part]),
        [name],
      );
      await Deno.writeTextFile(`${folder}/${name}`, text);
    }
  });
});

Deno.test("shards are digested with their index; a GGUF file by itself", async () => {
  await withFolder(async (folder) => {
    const index = (shard: string) =>
      JSON.stringify({ weight_map: { a: "one.safetensors", b: shard } });
    await Deno.writeFile(`${folder}/one.safetensors`, noise(100));
    await Deno.writeFile(`${folder}/two.safetensors`, noise(100, 2));
    await Deno.writeFile(`${folder}/three.safetensors`, noise(100, 3));
    const write = (text: string) =>
      Deno.writeTextFile(`${folder}/model.safetensors.index.json`, text);
    await write(index("two.safetensors"));
    const { weights } = await checkpointDigests(folder);
    await flip(`${folder}/two.safetensors`, 50);
    assertNotEquals((await checkpointDigests(folder)).weights, weights);
    await flip(`${folder}/two.safetensors`, 50);
    await flip(`${folder}/three.safetensors`, 50); // no part of the checkpoint
    assertEquals((await checkpointDigests(folder)).weights, weights);
    await write(index("three.safetensors"));
    assertNotEquals((await checkpointDigests(folder)).weights, weights);
  });
  const gguf = fileURLToPath(new URL("../golden/gguf/tiny-llama.gguf", import.meta.url));
  const { weights } = await checkpointDigests(gguf);
  assertEquals(weights, await fileDigest(gguf));
});
