import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { readAblatedHeads } from "../../lib/experiments/ablate_heads.ts";
import { readFoundHeads } from "../../lib/experiments/found_heads.ts";
import { checkExperiment, experiments } from "../../lib/experiments/registry.ts";

Deno.test("names and commands are each of one experiment", () => {
  const facts = Object.values(experiments);
  assertEquals(new Set(facts.map(({ name }) => name)).size, facts.length);
  const commands = facts.flatMap(({ command }) => command === null ? [] : [command]);
  assertEquals(commands, ["identify", "ablate", "attribute", "steer", "retrieve", "accelerate"]);
});

Deno.test("a record of another experiment is refused with what it is and what is wanted", async () => {
  const folder = await Deno.makeTempDir();
  const write = (experiment: string) =>
    Deno.writeTextFile(`${folder}/manifest.json`, JSON.stringify({ experiment }));
  await Deno.writeTextFile(`${folder}/samples.arrow`, "x");
  await write("ablate_heads");
  await assertRejects(
    () => readFoundHeads(folder),
    Error,
    "it holds a record of ablate_heads (corelens ablate); wanted a record of find_heads (corelens identify)",
  );
  await write("find_heads");
  await assertRejects(() => readAblatedHeads(folder), Error, "record of find_heads");
  await write("page_reading");
  await assertRejects(() => readFoundHeads(folder), Error, "it holds a record of page_reading;");
  await Deno.remove(folder, { recursive: true });
  checkExperiment(folder, null, experiments.findHeads); // nobody says what it is
  assertThrows(() => checkExperiment("x", { experiment: "e" }, experiments.findHeads));
});
