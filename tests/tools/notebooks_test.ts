import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { fileURLToPath } from "node:url";
import {
  asModule,
  notebookModel,
  notebookPaths,
  readCells,
  withModel,
} from "../../tools/notebooks.ts";

const paths = notebookPaths(fileURLToPath(new URL("../../notebooks", import.meta.url)));

const file = (cells: unknown[]) => JSON.stringify({ cells, nbformat: 4 });

Deno.test("the notebooks are those that their README lists, whatever else lies beside them", async () => {
  const folder = await Deno.makeTempDir();
  await Deno.writeTextFile(`${folder}/README.md`, "| [01 A](01_a.ipynb) | [00 B](00_b.ipynb) |");
  for (const name of ["00_b", "01_a", "my_own"]) {
    await Deno.writeTextFile(`${folder}/${name}.ipynb`, file([]));
  }
  assertEquals(notebookPaths(folder), [`${folder}/00_b.ipynb`, `${folder}/01_a.ipynb`]);
  await Deno.remove(folder, { recursive: true });
  const here = fileURLToPath(new URL("../../notebooks", import.meta.url));
  const numbered = [...Deno.readDirSync(here)].map(({ name }) => name)
    .filter((name) => /^\d\d_.*\.ipynb$/.test(name));
  assertEquals(paths, numbered.sort().map((name) => `${here}/${name}`));
});

Deno.test("the notebooks about the shipped model have one line to change", () => {
  const numbers = paths.filter((path) => notebookModel(readCells(path)) === "mini")
    .map((path) => path.split("/").pop()!.slice(0, 2));
  for (const number of ["00", "01", "02", "03", "04", "05"]) {
    assert(numbers.includes(number), `${number} does not name the shipped model`);
  }
});

Deno.test("another model changes that line and nothing else", async () => {
  const out = await Deno.makeTempFile({ suffix: ".ipynb" });
  for (const path of paths.filter((path) => notebookModel(readCells(path)) !== null)) {
    await Deno.writeTextFile(out, withModel(await Deno.readTextFile(path), "other/model"));
    const [before, after] = [path, out].map((file) => asModule(readCells(file)).split("\n"));
    const changed = after.filter((line, i) => line !== before[i]);
    assertEquals(changed, ['const MODEL = "other/model";'], path);
    assertEquals(after.length, before.length);
  }
  await Deno.remove(out);
});

Deno.test("any name survives, also with quotes, backslashes and dollar signs", () => {
  const text = file([
    { cell_type: "markdown", source: 'const MODEL = "text";' },
    { cell_type: "code", source: ["let x = 1;\n", 'const MODEL = "mini";\n', "x;"] },
  ]);
  fc.assert(fc.property(fc.string(), (name) => {
    const { cells } = JSON.parse(withModel(text, name));
    assertEquals(cells[0].source, 'const MODEL = "text";');
    const [, value] = /^const MODEL = (.*);$/m.exec(cells[1].source)!;
    assertEquals(JSON.parse(value), name);
    assertEquals(cells[1].source, `let x = 1;\nconst MODEL = ${value};\nx;`);
  }));
});

Deno.test("a notebook without the line names no model", () => {
  assertEquals(
    notebookModel([{ type: "code", source: "let x = 1;", outputs: [], tags: [] }]),
    null,
  );
});
