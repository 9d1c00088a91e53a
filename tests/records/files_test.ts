import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readManifest } from "../../lib/experiments/record.ts";
import { damagedFile } from "../../lib/experiments/run_folder.ts";
import { repository } from "../suites/program.ts";

/** Most bytes of all files of `data` that are under version control. */
const limit = 40_000_000;

/** Files of `data` under version control; null outside a checkout. */
async function trackedFiles(): Promise<string[] | null> {
  try {
    const command = new Deno.Command("git", { args: ["ls-files", "-z", "data"], cwd: repository });
    const { code, stdout } = await command.output();
    const names = new TextDecoder().decode(stdout).split("\0").filter((name) => name !== "");
    return code === 0 && names.length > 0 ? names : null;
  } catch {
    return null; // no git
  }
}

const files = await trackedFiles();
if (files === null) {
  Deno.test.ignore("size of data (this is no checkout, or git is not there)", () => {});
} else {
  Deno.test("all of data has at most 40 MB", () => {
    const sizes = files.map((file) => ({
      file,
      size: Deno.lstatSync(join(repository, file)).size,
    }));
    const total = sizes.reduce((sum, { size }) => sum + size, 0);
    const largest = sizes.toSorted((a, b) => b.size - a.size).slice(0, 20)
      .map(({ file, size }) => `${size} ${file}`);
    assert(
      total <= limit,
      `${total} bytes, at most ${limit}: compress records (data/README.md), or leave some out\n` +
        largest.join("\n"),
    );
  });
}

/** Folders below this one with a manifest. */
function* recordFolders(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* recordFolders(join(folder, name));
    else if (/^manifest\.json(\.gz)?$/.test(name)) yield folder;
  }
}

Deno.test("every record has the files that its manifest names, as they were written", async () => {
  const folders = [...recordFolders(join(repository, "data/results"))], damaged: string[] = [];
  assert(folders.length > 100);
  for (const folder of folders) {
    const name = await damagedFile(folder, await readManifest(folder));
    if (name !== null) damaged.push(`${folder.slice(repository.length)}: ${name}`);
  }
  assertEquals(damaged, [], "what a record does not keep must go from its manifest's files, too");
});
