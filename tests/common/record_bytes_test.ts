import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { gzipSync } from "node:zlib";
import { digestOfBytes } from "../../lib/common/digest.ts";
import { writeRecord } from "../../lib/experiments/record.ts";
import { hasRecordFile, readRecordBytes, readRecordJson } from "../../lib/common/record_bytes.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { readRanking } from "../../lib/heads/ranking_file.ts";
import { damagedFile } from "../../lib/experiments/run_folder.ts";

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (said: string) => new TextEncoder().encode(said);

async function inFolder(use: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await use(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("a record's file is read as written, or unpacked where it was compressed", async () => {
  await inFolder(async (folder) => {
    const missing = await assertRejects(() => readRecordBytes(folder, "a"), Error, "Cannot find");
    assertEquals(missing.cause instanceof Deno.errors.NotFound, true);
    assertMatch(missing.message, /wanted the folder of a run$/);
    await Deno.writeTextFile(`${folder}/file`, "");
    const file = `${folder}/file`, wanted = "no folder; wanted the folder of a run";
    await assertRejects(() => readRecordBytes(file, "a"), Error, wanted);
    await Deno.writeFile(`${folder}/a.gz`, gzipSync("packed"));
    assertEquals(text(await readRecordBytes(folder, "a")), "packed");
    const manifest = (said: string) => ({ files: { a: digestOfBytes(bytes(said)) } });
    assertEquals(await damagedFile(folder, manifest("packed")), null);
    assertEquals(await damagedFile(folder, manifest("other")), "a");
    await Deno.writeTextFile(`${folder}/a`, "plain");
    assertEquals(text(await readRecordBytes(folder, "a")), "plain");
  });
});

Deno.test("a compressed file that is damaged or unpacks without end is refused", async () => {
  await inFolder(async (folder) => {
    const packed = gzipSync(new Uint8Array(1 << 24));
    const endless = new Uint8Array(Array.from({ length: 17 }, () => [...packed]).flat());
    for (const wrong of [packed.subarray(0, 20), bytes("no gzip"), endless]) {
      await Deno.writeFile(`${folder}/a.gz`, wrong);
      await assertRejects(
        () => readRecordBytes(folder, "a"),
        Error,
        "it is no gzip file of at most",
      );
    }
  });
});

Deno.test("JSON of a record is read compressed, too; messages name the file as it was written", async () => {
  await inFolder(async (folder) => {
    assertEquals(await hasRecordFile(folder, "scores.json"), false);
    await assertRejects(() => readRecordJson(folder, "scores.json"), Error, "/scores.json");
    await Deno.writeFile(`${folder}/scores.json.gz`, gzipSync('{"ranking": [[0, 1], [0, 0]]}'));
    assertEquals(await hasRecordFile(folder, "scores.json"), true);
    assertEquals((await readRanking(folder, { layers: 1, heads: 2 }))[0], { layer: 0, head: 1 });
    await Deno.writeFile(`${folder}/scores.json.gz`, gzipSync("no JSON"));
    const message = '/scores.json" as JSON';
    await assertRejects(() => readRecordJson(folder, "scores.json"), Error, message);
  });
});

Deno.test("writing a record anew removes the compressed copy of what it replaces", async () => {
  await inFolder(async (folder) => {
    for (const name of ["a", "manifest.json"]) {
      await Deno.writeFile(`${folder}/${name}.gz`, gzipSync("before"));
    }
    await writeRecord(folder, {} as Parameters<typeof writeRecord>[1], { a: "now" });
    const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
    assertEquals(names, ["a", "manifest.json"]);
  });
});

Deno.test("compressed records hold what their scores were computed from", async () => {
  const folder = "data/results/mini/identify";
  const { rules } = await readFoundHeads(folder); // checks the digest, too
  assertEquals(rules[0].sampleIds.length, 100);
});
