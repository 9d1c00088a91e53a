import { assertEquals } from "@std/assert";
import { repository } from "../suites/program.ts";

/** Source files below a folder. */
function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (/\.tsx?$/.test(name)) yield `${folder}/${name}`;
  }
}

Deno.test("no address of a module is taken for a path, which differ where folders have spaces", () => {
  const taken = ["bench", "cli", "lab", "lib", "tests", "tools"]
    .flatMap((folder) => [...sources(`${repository}${folder}`)])
    .filter((path) => /import\.meta\.url\)\.pathname/.test(Deno.readTextFileSync(path)));
  assertEquals(taken, [], "fileURLToPath of node:url, or import.meta.filename");
});
