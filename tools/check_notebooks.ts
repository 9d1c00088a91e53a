/**
 * Checks the notebooks: their code is formatted, type-checks and lints, each stays short, and the
 * outputs that are committed are those of its code.
 *
 * `deno check` and `deno lint` do not read notebooks, so their cells are joined into TypeScript files
 * under `out/notebooks_check/` first.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { codeDigest, digestKey, largestNotebook, largestTogether } from "./notebook_outputs.ts";
import { asModule, codeLines, notebookPaths, readCells } from "./notebooks.ts";

/** A notebook longer than this should move code into the library. */
const maxCodeLines = 105, maxCells = 30;

const root = fileURLToPath(new URL("..", import.meta.url));
const folder = `${root}out/notebooks_check`;
await Deno.mkdir(folder, { recursive: true });

let problems = 0;
let together = 0;
const files: string[] = [];
const formatted: string[] = [];
for (const path of notebookPaths(`${root}notebooks`)) {
  const cells = readCells(path);
  const name = path.split("/").pop()!.replace(".ipynb", "");
  const lines = codeLines(cells);
  if (lines > maxCodeLines || cells.length > maxCells) {
    problems++;
    console.error(
      `${name}: ${lines} lines of code in ${cells.length} cells; at most ${maxCodeLines} in ${maxCells}`,
    );
  }
  const { size } = await Deno.stat(path);
  together += size;
  if (size > largestNotebook) {
    problems++;
    console.error(`${name}: ${size} bytes with its outputs; at most ${largestNotebook}`);
  }
  if (JSON.stringify(cells.map(({ outputs }) => outputs)).includes(root)) {
    problems++;
    console.error(`${name}: its outputs name the folder of this checkout`);
  }
  const { metadata } = JSON.parse(await Deno.readTextFile(path));
  if (metadata[digestKey] !== codeDigest(cells)) {
    problems++;
    console.error(
      `${name}: its outputs are of other code; run deno task notebooks ${name.slice(0, 2)}`,
    );
  }
  const file = `${folder}/${name}.ts`;
  await Deno.writeTextFile(file, asModule(cells));
  files.push(file);
  await Deno.copyFile(path, `${folder}/${name}.ipynb`);
  formatted.push(`${folder}/${name}.ipynb`);
}

if (together > largestTogether) {
  problems++;
  console.error(
    `The notebooks take ${together} bytes with their outputs; at most ${largestTogether}`,
  );
}

/** Runs Deno on files under `out/`, which the repository's own settings exclude. */
async function succeeds(command: string[], config: string, paths: string[]): Promise<boolean> {
  const args = [...command, "--config", config, ...paths];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) Deno.stderr.writeSync(stderr);
  return success;
}

const config = `${folder}/deno.json`;
const { exclude: _, lint: _lint, tasks: _tasks, exports: _exports, ...settings } = JSON.parse(
  await Deno.readTextFile(`${root}deno.json`),
);
const imports = Object.fromEntries(
  Object.entries(settings.imports as Record<string, string>).map(([name, target]) => [
    name,
    target.startsWith("./") ? `${root}${target.slice(2)}` : target,
  ]),
);
await Deno.writeTextFile(
  config,
  JSON.stringify({ ...settings, imports, nodeModulesDir: "none", lock: false }),
);
if (!await succeeds(["check"], config, files)) problems++;
if (!await succeeds(["lint", "--quiet"], config, files)) problems++;
if (!await succeeds(["fmt", "--quiet"], config, formatted)) problems++;
for (const copy of formatted) {
  const name = copy.split("/").pop()!;
  if (await Deno.readTextFile(copy) !== await Deno.readTextFile(`${root}notebooks/${name}`)) {
    problems++;
    console.error(`${name}: not formatted; run deno fmt notebooks`);
  }
}
console.log(`${files.length} notebooks checked, ${problems} problems`);
Deno.exit(problems > 0 ? 1 : 0);
