import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { windowHybrid } from "../../../lab/studies/window_figures.ts";
import { readHybridQuality } from "../../../lib/experiments/hybrid_quality.ts";
import { repository } from "../../suites/program.ts";

Deno.test("windowHybrid: a bar for every kind of layer, with the intervals of the record", async () => {
  const rows = await readHybridQuality(join(repository, "data/results/gemma/hybrid-window"));
  const { data, layout } = JSON.parse(JSON.stringify(windowHybrid(rows)));
  const [bar] = data;
  const figure = JSON.stringify({ data, layout });
  for (const label of ["every layer", "global layers", "local layers", "no layer"]) {
    assert(figure.includes(`"${label}"`), label);
  }
  assertEquals(bar.y.length, 1 + rows.length);
  const shares = [rows[0].denseValue, ...rows.map(({ sparseValue }) => sparseValue)];
  assertEquals(bar.x, shares.map((share) => 100 * share));
  assertEquals(JSON.stringify(layout).includes("n = 20 texts of 718 tokens"), true);
});
