import { assert, assertEquals } from "@std/assert";
import type { ConcentrationRow } from "../../lab/studies/concentration.ts";
import { type Declared, tables } from "./declared.ts";
import { isRounded, numbersIn, tableBehind } from "./tables.ts";

/** What is wrong with a table; nothing where every number is its record's. */
function problems({ file, heading, columns, rows }: Declared, markdown: string): string[] {
  const cells = tableBehind(markdown, heading);
  const width = new Set(cells.map(({ column }) => column)).size;
  const found: string[] = [];
  if (cells.length !== rows.length * width) {
    found.push(`${file}, ${heading}: ${cells.length / width} rows, ${rows.length} are declared`);
  }
  cells.forEach(({ row, column, text }, i) => {
    const where = `${file}, ${heading}: "${row}" of ${column}`;
    const [label, recorded] = rows[Math.floor(i / width)] ?? [];
    const own = columns[column];
    if (label !== row || !recorded) return void found.push(`${where}: the row is not declared`);
    if (!own) return void found.push(`${where}: the column is not declared`);
    const exact = recorded(own), printed = numbersIn(text);
    if (exact === null) {
      if (printed.length > 0) found.push(`${where}: ${text} has no record`);
    } else if (
      printed.length !== exact.length || !printed.every((one, j) => isRounded(one, exact[j]))
    ) {
      found.push(
        `${where}: "${text}", the record says ${exact.map((x) => x.toFixed(2)).join(", ")}`,
      );
    }
  });
  return found;
}

for (const declared of tables) {
  Deno.test(`${declared.file}, ${declared.heading}: each number is its record's`, async () => {
    const markdown = await Deno.readTextFile(declared.file);
    assertEquals(problems(declared, markdown), []);
  });
}

Deno.test("a changed number, a number without a record and an undeclared row are found", async () => {
  const [declared] = tables;
  const markdown = await Deno.readTextFile(declared.file);
  const wrong = (change: (text: string) => string) => problems(declared, change(markdown)).length;
  assertEquals(wrong((text) => text), 0);
  assertEquals(wrong((text) => text.replace(/\| 270 /, "| 271 ")), 1);
  assert(wrong((text) => text.replace("| –", "| 12%")) >= 1);
  assert(wrong((text) => text.replace("| heads ", "| all heads ")) >= 1);
});

Deno.test("the recorded concentration: mini's is due to the evidence, that of untrained models is not", async () => {
  const path = "data/results/mini/concentration/results.json";
  const rows: ConcentrationRow[] = JSON.parse(await Deno.readTextFile(path));
  assertEquals(rows.map(({ trained }) => trained), [true, ...Array(5).fill(false)]);
  for (const { trained, movedAmong: { foils }, shuffled } of rows) {
    for (const { pValue } of [foils.topMass, foils.topShare]) {
      assert(trained ? pValue === 0.001 : pValue > 0.05);
    }
    assertEquals(shuffled.pValue, 0.001); // a shuffle of heads cannot tell them apart
  }
});

Deno.test("numbers are read from cells, names of heads are not", () => {
  assertEquals(numbersIn("−2.7 [-4.0, 1] of L3H1, n 5"), [
    { value: -2.7, digits: 1 },
    { value: -4, digits: 1 },
    { value: 1, digits: 0 },
    { value: 5, digits: 0 },
  ]);
  assert(
    isRounded({ value: 98.2, digits: 1 }, 98.15) && !isRounded({ value: 98, digits: 0 }, 97.4),
  );
});
