/** The model card's table of forms says what the records of varieties say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { varieties } from "../../lab/training/varieties.ts";
import { byForm, type VarietyAccuracy } from "../../tools/evaluate_varieties.ts";
import { repository } from "../suites/program.ts";

Deno.test("the model card's forms are those of the records", () => {
  const read = (path: string) => Deno.readTextFileSync(join(repository, path));
  const records = ["mini", "mini-natural", "mini-varied"].map((name): VarietyAccuracy[] =>
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

interface Judged {
  readonly difficulty: number;
  readonly length: number;
  readonly asked: number;
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

Deno.test("the model card's accuracy of mini-varied by domain and length is the record's", () => {
  const read = (path: string) => Deno.readTextFileSync(join(repository, path));
  const judged = ["accuracy", "accuracy-4096"].flatMap((name): Judged[] =>
    JSON.parse(read(`data/results/mini-varied/${name}.json`)).accuracy
  );
  const card = read("data/models/README.md"), percent = (share: number) => (100 * share).toFixed(1);
  const kinds = new Set(judged.map(({ difficulty, length }) => `${difficulty} ${length}`));
  assertEquals(kinds.size, 7);
  for (const kind of kinds) {
    const [difficulty, length] = kind.split(" ").map(Number);
    const cells = judged.filter((one) => one.difficulty === difficulty && one.length === length)
      .map(({ estimate, low, high, asked }) =>
        `${percent(estimate)} [${percent(low)}, ${percent(high)}], n ${asked}`
      );
    const line = `| ${difficulty} | ${length.toLocaleString("en-US")} | ${cells.join(" | ")} |`;
    assert(card.includes(line), line);
  }
});
