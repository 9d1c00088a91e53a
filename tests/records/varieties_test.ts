/** The model card's table of forms says what the records of varieties say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { varieties } from "../../lab/training/varieties.ts";
import { byForm, type VarietyAccuracy } from "../../tools/evaluate_varieties.ts";
import { repository } from "../suites/program.ts";

Deno.test("the model card's forms are those of the records", () => {
  const read = (path: string) => Deno.readTextFileSync(join(repository, path));
  const records = ["mini", "mini-natural", "varied"].map((name): VarietyAccuracy[] =>
    JSON.parse(read(`data/results/${name}/varieties/results.json`))
  );
  for (const rows of records) {
    assertEquals(rows.map(({ variety }) => variety), varieties.map(({ name }) => name));
  }
  const card = read("data/models/README.md"), tables = records.map(byForm);
  for (const form of Object.keys(tables[0])) {
    const line = `| ${form} | ${tables.map((table) => table[form]).join(" | ")} |`;
    assert(card.includes(line), line);
  }
});
