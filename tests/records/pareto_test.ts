/** The tables of speed and quality in docs/referee.md say what their records say. */
import { assert } from "@std/assert";
import { join } from "node:path";
import { type HybridQualityRow, readHybridQuality } from "../../lib/experiments/hybrid_quality.ts";
import { repository } from "../suites/program.ts";

const percent = (share: number) => `${(100 * share).toFixed(0)}%`;
const range = (ends: readonly number[], digits: number, unit = 1) =>
  `[${ends.map((end) => (unit * end).toFixed(digits)).join(", ")}]`;

/** The cells of a row: plan, speed-up, its bound, right answers. */
export function cellsOf(row: HybridQualityRow): string[] {
  const { policy, draw, fullHeads, speedup, speedup95, bound, sparseValue, ci95 } = row;
  const share = fullHeads > 0 ? `, ${+(100 * fullHeads).toFixed(1)}%` : "";
  return [
    `${policy}${share}${draw ? ", another draw" : ""}`,
    speedup && speedup95 ? `${speedup.toFixed(2)} ${range(speedup95, 2)}` : "–",
    policy === "oracle" ? "–" : bound.toFixed(2),
    `${percent(sparseValue)} ${range(ci95, 0, 100)}`,
  ];
}

/** Lines of a table without the spaces that fill its columns. */
const plain = (text: string) => text.replace(/ *\| */g, "|");

const referee = plain(Deno.readTextFileSync(join(repository, "docs/referee.md")));
for (const name of ["mini/pareto-1024", "mini/pareto-4096", "smol/pareto-2048"]) {
  Deno.test(`docs/referee.md: ${name} as recorded`, async () => {
    const rows = await readHybridQuality(join(repository, "data/results", name));
    const section = referee.split(`**\`${name}\`**`)[1]?.split("**`")[0];
    assert(section, `no table of ${name}`);
    const [{ denseValue, dense95, samples, contexts }] = rows;
    assert(section.includes(`dense ${percent(denseValue)} ${range(dense95, 0, 100)}`));
    assert(section.replace(/\s+/g, " ").includes(`${samples} questions on ${contexts} contexts`));
    for (const row of rows) {
      assert(section.includes(`|${cellsOf(row).join("|")}|`), cellsOf(row).join(" | "));
      assert(row.speedup !== undefined && row.dense95.length === 2);
    }
  });
}
