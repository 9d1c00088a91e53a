import { assert, assertEquals } from "@std/assert";
import {
  codeDigest,
  digestKey,
  keptOutputs,
  outputDifferences,
  withOutputs,
} from "../../tools/notebook_outputs.ts";
import { type Cell, readCells } from "../../tools/notebooks.ts";
import { curves } from "../../lib/figures/curves.ts";
import { jupyterDisplay } from "../../lib/figures/figure.ts";

const figure = (title: string, y: number) =>
  curves([{ name: "a", x: [0, 1], y: [0, y] }], { title, xTitle: "x", yTitle: "y" });
const shown = (title: string, y: number) => ({
  output_type: "execute_result",
  execution_count: 7,
  data: figure(title, y)[jupyterDisplay](),
});
const cell = (source: string, outputs: Cell["outputs"], tags: string[] = []): Cell => ({
  type: "code",
  source,
  outputs,
  tags,
});

Deno.test("a figure is committed as its drawing and text, without what changes from run to run", () => {
  const [kept] = keptOutputs([shown("Loss", 1)], []) as [{ data: Record<string, string[]> }];
  assertEquals(Object.keys(kept.data), ["image/svg+xml", "text/plain"]);
  assertEquals(kept.data["image/svg+xml"].join(""), figure("Loss", 1).toSvg());
  assertEquals(JSON.stringify(kept).includes("execution_count"), false);
  const noise = [
    { output_type: "execute_result", data: { "text/plain": "undefined" } },
    { output_type: "stream", name: "stdout", text: ["a\n", "b"] },
  ];
  assertEquals(keptOutputs(noise, []), [{
    name: "stdout",
    output_type: "stream",
    text: ["a\n", "b"],
  }]);
});

Deno.test("cells about the machine or a model that must be fetched are committed without outputs", () => {
  for (const tag of ["machine", "fetched"]) assertEquals(keptOutputs([shown("s", 1)], [tag]), []);
});

Deno.test("outputs written into a notebook carry the digest of its code, and change nothing else", async () => {
  const notebook = {
    cells: [
      { cell_type: "markdown", id: "a", metadata: {}, source: ["# A"] },
      { cell_type: "code", id: "b", metadata: {}, source: ["1"], outputs: [], execution_count: 3 },
    ],
    metadata: { kernelspec: { name: "deno" } },
    nbformat: 4,
  };
  const path = await Deno.makeTempFile();
  await Deno.writeTextFile(path, JSON.stringify(notebook));
  const [text, code] = readCells(path);
  const written = JSON.parse(
    withOutputs(JSON.stringify(notebook), [text, { ...code, outputs: [shown("t", 1)] }]),
  );
  assertEquals(written.metadata[digestKey], codeDigest([text, code]));
  assert(codeDigest([code]) !== codeDigest([{ ...code, source: "2" }]));
  assertEquals(codeDigest([{ ...text, source: "# B" }, code]), codeDigest([text, code]));
  assertEquals(written.cells[1].outputs.length, 1);
  assertEquals(
    { ...written.cells[1], outputs: [] },
    { ...notebook.cells[1], execution_count: null },
  );
  await Deno.remove(path);
});

Deno.test("another figure, order or kind of output is a difference; other numbers are none", () => {
  const committed = [cell("1", keptOutputs([shown("n = 40 samples", 1)], []))];
  const against = (outputs: Cell["outputs"]) => outputDifferences(committed, [cell("1", outputs)]);
  assertEquals(against([shown("n = 41 samples", 2)]), []);
  assertEquals(against([shown("other", 1)]).length, 1);
  assertEquals(against([]).length, 1);
  assertEquals(against([{ output_type: "stream", name: "stdout", text: "n = 40" }]).length, 1);
});
