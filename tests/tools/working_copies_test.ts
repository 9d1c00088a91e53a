import { assertEquals } from "@std/assert";
import { copyNotebooks } from "../../tools/working_copies.ts";

const notebook = (source: string, outputs: unknown[] = []) =>
  JSON.stringify({ cells: [{ cell_type: "code", source, outputs }], nbformat: 4 });

/** Folders with two notebooks and their copies. */
async function folders() {
  const root = await Deno.makeTempDir();
  const from = `${root}/from`, to = `${root}/to`;
  await Deno.mkdir(from);
  await Deno.writeTextFile(`${from}/README.md`, "[A](00_a.ipynb) [B](01_b.ipynb)");
  await Deno.writeTextFile(`${from}/00_a.ipynb`, notebook("1"));
  await Deno.writeTextFile(`${from}/01_b.ipynb`, notebook("2"));
  return { root, from, to };
}

Deno.test("copies are made once, and what is edited, run or added there stays", async () => {
  const { root, from, to } = await folders();
  const first = await copyNotebooks(from, to);
  assertEquals(first, { copied: ["00_a.ipynb", "01_b.ipynb"], kept: [] });
  const ran = notebook("1", [{ output_type: "stream", text: "1" }]);
  await Deno.writeTextFile(`${to}/00_a.ipynb`, ran);
  await Deno.writeTextFile(`${to}/01_b.ipynb`, notebook("mine"));
  await Deno.writeTextFile(`${to}/own.ipynb`, notebook("own"));
  assertEquals(await copyNotebooks(from, to), { copied: [], kept: [] });
  assertEquals(await Deno.readTextFile(`${to}/00_a.ipynb`), ran);
  assertEquals(await Deno.readTextFile(`${to}/01_b.ipynb`), notebook("mine"));
  assertEquals(await Deno.readTextFile(`${to}/own.ipynb`), notebook("own"));
  await Deno.remove(root, { recursive: true });
});

Deno.test("a new original replaces a copy that was only run, never one that was edited", async () => {
  const { root, from, to } = await folders();
  await copyNotebooks(from, to);
  await Deno.writeTextFile(`${to}/00_a.ipynb`, notebook("1", [{ output_type: "stream" }]));
  await Deno.writeTextFile(`${to}/01_b.ipynb`, notebook("mine"));
  for (const name of ["00_a", "01_b"]) {
    await Deno.writeTextFile(`${from}/${name}.ipynb`, notebook("new"));
  }
  const second = { copied: ["00_a.ipynb"], kept: ["01_b.ipynb"] };
  assertEquals(await copyNotebooks(from, to), second);
  assertEquals(await Deno.readTextFile(`${to}/00_a.ipynb`), notebook("new"));
  assertEquals(await Deno.readTextFile(`${to}/01_b.ipynb`), notebook("mine"));
  assertEquals(await copyNotebooks(from, to), { copied: [], kept: ["01_b.ipynb"] });
  await Deno.remove(`${to}/01_b.ipynb`);
  assertEquals((await copyNotebooks(from, to)).copied, ["01_b.ipynb"]);
  await Deno.remove(root, { recursive: true });
});

Deno.test("a damaged list or copy is the user's, not overwritten", async () => {
  const { root, from, to } = await folders();
  await copyNotebooks(from, to);
  await Deno.writeTextFile(`${to}/.copied.json`, "{");
  await Deno.writeTextFile(`${to}/00_a.ipynb`, "not JSON");
  assertEquals(await copyNotebooks(from, to), { copied: [], kept: ["00_a.ipynb"] });
  await Deno.remove(root, { recursive: true });
});
