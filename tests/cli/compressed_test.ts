import { assertEquals, assertMatch } from "@std/assert";
import { gzipSync } from "node:zlib";
import { readMoved } from "../../lib/experiments/moved_maps.ts";
import { corelens as run } from "../suites/command_line.ts";

/** Puts `FILE.gz` in the place of each file of a folder, as `gzip` does. */
async function compress(folder: string): Promise<void> {
  for (const { name } of [...Deno.readDirSync(folder)]) {
    await Deno.writeFile(
      `${folder}/${name}.gz`,
      gzipSync(await Deno.readFile(`${folder}/${name}`)),
    );
    await Deno.remove(`${folder}/${name}`);
  }
}

Deno.test("runs whose files are all compressed are shown, read, and not run again", async () => {
  const folder = await Deno.makeTempDir(), heads = `${folder}/identify`;
  const tested = ["--dataset", "shipped:page", "--skip", "2", "--limit", "2"];
  const byScores = [...tested, "--scores", heads];
  const commands: Record<string, string[]> = {
    identify: ["--dataset", "shipped:page", "--limit", "2"],
    ablate: [...byScores, "--draws", "1", "--fractions", "0.05"],
    attribute: [...tested, "--corrupted", "other", "--edges", "3"],
    steer: [...byScores, "--biases", "8", "--draws", "1"],
    retrieve: [...byScores, "--draws", "1"],
    accelerate: [...byScores, "--policies", "core", "--fractions", "0.1"],
  };
  for (const [name, options] of Object.entries(commands)) {
    const out = `${folder}/${name}`, line = [name, ...options, "--out", out];
    const before = await run(...line);
    assertEquals(before.code, 0, before.err);
    const moved = await readMoved(out);
    await compress(out);
    const files = [...Deno.readDirSync(out)].map(({ name }) => name).sort();
    const after = await run(...line);
    assertEquals([after.code, after.out], [0, before.out], after.err);
    assertMatch(after.err, /nothing to do/);
    assertEquals(await readMoved(out), moved);
    assertEquals([...Deno.readDirSync(out)].map(({ name }) => name).sort(), files);
    const other = await run(...line, "--seed", "5");
    assertEquals(other.code, 2, `${name} with another seed went on`);
    assertMatch(other.err, /was finished there with other settings \(.*seed/);
    if (name !== "identify") continue;
    assertEquals(moved.size, 2);
    const list = `${folder}/list.csv`, page = `${folder}/heads.html`;
    for (
      const reader of [
        ["heads", "export", "--scores", out, "--to", "csv", "--out", list],
        ["explore", "--scores", out, "--out", page],
      ]
    ) {
      const read = await run(...reader);
      assertEquals(read.code, 0, read.err);
    }
    const imported = await run("heads", "import", "--from", "csv", list, "--out", out);
    assertEquals(imported.code, 2);
    assertMatch(imported.err, /it holds a record/);
  }
  const fresh = await run(
    "retrieve",
    ...commands.retrieve,
    "--out",
    `${folder}/retrieve`,
    "--fresh",
  );
  assertEquals(fresh.code, 0, fresh.err);
  const names = [...Deno.readDirSync(`${folder}/retrieve`)].map(({ name }) => name).sort();
  assertEquals(names, ["manifest.json", "results.json", "rows.json"]);
  await Deno.remove(folder, { recursive: true });
});
