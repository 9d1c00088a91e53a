import { assertEquals } from "@std/assert";
import { makeWorkFolder, removeLeftFolders } from "../../tools/setup/work_folder.ts";

const names = (folder: string) => Array.from(Deno.readDirSync(folder), ({ name }) => name).sort();

Deno.test("a folder of a killed set-up goes at the next start, one in use and others stay", async () => {
  const parent = await Deno.makeTempDir();
  const program = `import { makeWorkFolder } from ${
    JSON.stringify(import.meta.resolve("../../tools/setup/work_folder.ts"))
  };
    const { path } = await makeWorkFolder(Deno.args[0]);
    await Deno.writeTextFile(path + "/half", "x");
    console.log(path);
    await new Promise((resolve) => setTimeout(resolve, 60_000));`;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", "-", parent],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const input = child.stdin.getWriter();
  await input.write(new TextEncoder().encode(program));
  await input.close();
  const reader = child.stdout.getReader();
  await reader.read(); // its folder is there
  await Deno.mkdir(`${parent}/.native`);
  await Deno.mkdir(`${parent}/.native-just-made.tmp`); // not locked yet
  await Deno.mkdir(`${parent}/.native-old.tmp`);
  await Deno.utime(`${parent}/.native-old.tmp`, 1e9, 1e9);
  {
    using own = await makeWorkFolder(parent);
    await removeLeftFolders(parent);
    assertEquals(names(parent).length, 4, "the killed one's, still in use, and three more");
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    await removeLeftFolders(parent);
    assertEquals(names(parent).length, 3);
    await Deno.stat(own.path);
  }
  assertEquals(names(parent), [".native", ".native-just-made.tmp"]);
  await Deno.remove(parent, { recursive: true });
});
