import { assertEquals } from "@std/assert";
import { ablationLines } from "../../cli/ablation_lines.ts";
import type { AblationResult } from "../../lib/experiments/ablation_results.ts";
import { readRecordJson } from "../../lib/common/record_bytes.ts";

Deno.test("a model that gives no answer as it is has a line that says so", async () => {
  const results = await readRecordJson(
    "data/results/mini/ablate",
    "results.json",
  ) as AblationResult[];
  const said = (rows: readonly AblationResult[]) =>
    ablationLines(rows).filter((line) => line.includes("no heads can cost one")).length;
  assertEquals(said(results), 0);
  const nothing = results.map((row) => ({
    ...row,
    value: row.condition === "none" ? 0 : row.value,
  }));
  assertEquals(said(nothing), 1);
});
