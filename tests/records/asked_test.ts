/** The page of answers on the shipped samples, and what README and model card say of it, are the record's. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { isCorrect } from "../../lib/data/metrics.ts";
import { readFolderDataSet } from "../../lib/data/folder_data_set.ts";
import { type AskedSample, rightByDomain, samplesPage } from "../../tools/ask_samples.ts";
import { repository } from "../suites/program.ts";

const read = (path: string) => Deno.readTextFileSync(join(repository, path));
const rows: AskedSample[] = JSON.parse(read("data/results/mini-varied/asked/results.json"));

Deno.test("every shipped sample was asked, and right is what the metric says", async () => {
  const samples = await readFolderDataSet(join(repository, "data/samples"));
  const models = [...rightByDomain(rows).keys()];
  assertEquals(models, ["mini", "mini-natural", "mini-varied"]);
  for (const model of models) {
    const own = rows.filter((row) => row.model === model);
    assertEquals(own.map(({ sample }) => sample), samples.map(({ id }) => id));
    samples.forEach((sample, i) => {
      assertEquals(own[i].question, sample.question);
      assertEquals(own[i].right, isCorrect(own[i].answer, sample), sample.id);
    });
  }
});

Deno.test("data/results/mini-varied/asked.md is the record's page", () => {
  assertEquals(read("data/results/mini-varied/asked.md"), samplesPage(rows));
});

Deno.test("README and model card say how many samples each model answers", () => {
  const counts = rightByDomain(rows), card = read("data/models/README.md");
  const all = (model: string) => counts.get(model)!.get("all")!;
  const readme = read("README.md").replace(/\s+/g, " ");
  const said = `\`mini-varied\` answers ${all("mini-varied")}`;
  assert(readme.includes(said), said);
  assert(readme.includes(`\`mini\` ${all("mini")}`));
  for (const [model, own] of counts) {
    const line = `| \`${model}\` | ${[...own.values()].join(" | ")} |`;
    assert(card.includes(line), line);
  }
});
