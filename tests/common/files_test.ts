import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import {
  containedPath,
  relativeNameProblem,
  removeIfThere,
  writeAtomically,
  writeTextAtomically,
} from "../../lib/common/files.ts";

/** A folder that is removed at the end. */
async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(await Deno.realPath(folder));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("containedPath: files below the folder, also through links that stay inside", () =>
  withFolder(async (folder) => {
    await Deno.mkdir(`${folder}/root/sub`, { recursive: true });
    await Deno.writeTextFile(`${folder}/root/sub/a.txt`, "a");
    await Deno.symlink("sub/a.txt", `${folder}/root/link.txt`);
    const real = `${folder}/root/sub/a.txt`;
    assertEquals(await containedPath(`${folder}/root`, "sub/a.txt"), real);
    assertEquals(await containedPath(`${folder}/root`, "./sub/../sub/a.txt"), real);
    assertEquals(await containedPath(`${folder}/root/`, "link.txt"), real);
  }));

Deno.test("containedPath: names and links that leave the folder are refused", () =>
  withFolder(async (folder) => {
    const root = `${folder}/root`;
    await Deno.mkdir(root);
    await Deno.mkdir(`${folder}/root-of-somebody-else`);
    await Deno.writeTextFile(`${folder}/root-of-somebody-else/secret.txt`, "s");
    await Deno.symlink("../root-of-somebody-else/secret.txt", `${root}/link.txt`);
    await Deno.symlink("../root-of-somebody-else", `${root}/folder`);
    await Deno.symlink("loop", `${root}/loop`);
    const refused = async (name: string, message: string) => {
      await assertRejects(() => containedPath(root, name), InputError, message);
    };
    await refused("../root-of-somebody-else/secret.txt", "it leaves the folder");
    await refused("a/../../x", "it leaves the folder");
    await refused("..\\x", "it leaves the folder");
    await refused("/etc/passwd", "absolute path");
    await refused("C:\\x", "absolute path");
    await refused("", "empty");
    await refused(".", "names the folder itself");
    await refused("a\0b", "zero character");
    await refused("missing.txt", "no such file");
    await refused("link.txt", "a symbolic link leads out of the folder");
    await refused("folder/secret.txt", "a symbolic link leads out of the folder");
    await refused("loop", "loop");
    const allowed = `${folder}/root-of-somebody-else`;
    assertEquals(await containedPath(root, "link.txt", [allowed]), `${allowed}/secret.txt`);
  }));

Deno.test("relativeNameProblem: agrees with a plain reading of the rules", () => {
  for (const good of ["a", "a/b.c", "model-00001-of-00002.safetensors", "..a", "a..", "é/ü"]) {
    assertEquals(relativeNameProblem(good), null);
  }
  for (
    const bad of ["", "/a", "a/", "a//b", "./a", "a/..", "../../x", "a\\b", "C:/x", "a\nb", "a\0b"]
  ) assert(relativeNameProblem(bad) !== null, bad);
  assert(relativeNameProblem("é".repeat(128)) !== null);
});

Deno.test("relativeNameProblem: an accepted name stays below its folder", () => {
  const part = fc.constantFrom("a", "..", ".", "", "b c", "\\", "C:", "...");
  fc.assert(fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
    const name = parts.join("/");
    if (relativeNameProblem(name) !== null) return;
    assert(new URL(encodeURI(name), "file:///root/folder/").pathname.startsWith("/root/folder/"));
  }));
});

Deno.test("writeAtomically: replaces a file whole", () =>
  withFolder(async (folder) => {
    await writeTextAtomically(`${folder}/new/x.txt`, "first, and long");
    await writeTextAtomically(`${folder}/new/x.txt`, "second");
    assertEquals(await Deno.readTextFile(`${folder}/new/x.txt`), "second");
    assertEquals((await Array.fromAsync(Deno.readDir(`${folder}/new`))).length, 1);
  }));

Deno.test("writeAtomically: a failure leaves the old file and nothing else", () =>
  withFolder(async (folder) => {
    await writeTextAtomically(`${folder}/x.txt`, "old");
    await assertRejects(
      () =>
        writeAtomically(`${folder}/x.txt`, async (file) => {
          await file.write(new Uint8Array([1, 2, 3]));
          throw new Error("disk full");
        }),
      Error,
      "disk full",
    );
    assertEquals(await Deno.readTextFile(`${folder}/x.txt`), "old");
    await Deno.mkdir(`${folder}/taken`);
    await assertRejects(() => writeTextAtomically(`${folder}/taken`, "x"));
    const names = (await Array.fromAsync(Deno.readDir(folder))).map((entry) => entry.name).sort();
    assertEquals(names, ["taken", "x.txt"]);
  }));

Deno.test("removeIfThere: a file goes, none is no error, and a folder with something in it stays", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, "");
    for (let time = 0; time < 2; time++) await removeIfThere(`${folder}/a`);
    assertEquals([...Deno.readDirSync(folder)], []);
    await Deno.mkdir(`${folder}/b/c`, { recursive: true });
    await assertRejects(() => removeIfThere(`${folder}/b`));
    assertEquals((await Deno.stat(`${folder}/b/c`)).isDirectory, true);
  }));
