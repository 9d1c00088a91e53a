import { assertEquals, assertThrows } from "@std/assert";
import { memoryTables } from "../../bench/memory_tables.ts";
import { markdownTable, memoryPage, page, Records, withTables } from "../../bench/page.ts";
import { tables } from "../../bench/page_tables.ts";

Deno.test("the tables of docs/benchmarks.md are those of the records", () => {
  const text = Deno.readTextFileSync(page);
  assertEquals(withTables(text), text, "write them: deno run -A bench/page.ts");
});

Deno.test("the tables of docs/memory.md follow from the models' shapes and the record", () => {
  const text = Deno.readTextFileSync(memoryPage);
  assertEquals(withTables(text, memoryTables), text, "write it: deno run -A bench/page.ts");
});

Deno.test("a number that was typed into a table is found", () => {
  const text = Deno.readTextFileSync(page);
  const [table] = text.match(/<!-- table: ram -->[\s\S]*?<!-- end -->/)!;
  const typed = text.replace(table, table.replace(/0\.\d\d/, "9.99"));
  assertEquals(typed === text, false);
  assertEquals(withTables(typed), text);
});

Deno.test("pages name every table, and only tables that there are", () => {
  const block = (name: string) => `<!-- table: ${name} -->\n<!-- end -->\n`;
  const all = Object.keys(tables).map(block).join("");
  withTables(all);
  assertThrows(() => withTables(all + block("other")), Error, 'no table "other"');
  assertThrows(() => withTables(all.replace(block("ram"), "")), Error, "lacks the tables ram");
});

Deno.test("a table is written as the formatter writes it, from the records' values", () => {
  assertEquals(
    markdownTable([["a", "long"], ["12345", "1"]]),
    "| a     | long |\n| ----- | ---- |\n| 12345 | 1    |",
  );
  const rows = new Records().where(["ram_pass"], { tokens: 1024, program: "RAM" });
  const [, first] = tables.ram(new Records());
  const [estimate] = rows[0].toPrefill as number[];
  assertEquals(first[1].startsWith(estimate.toFixed(2)), true);
});
