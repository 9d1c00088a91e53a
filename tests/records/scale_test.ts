/** The tables of sizes and trials in docs/paper_map.md say what their records say. */
import { assert, assertEquals } from "@std/assert";
import { join } from "node:path";
import { readRecordJson } from "../../lib/common/record_bytes.ts";
import { readManifest } from "../../lib/experiments/record.ts";
import {
  type ScaleLine,
  type ScaleRow,
  scaleSummary,
  scaleTable,
} from "../../lab/studies/scale_summary.ts";
import { repository } from "../suites/program.ts";

const read = (path: string) => Deno.readTextFileSync(join(repository, path));
const map = read("docs/paper_map.md").replace(/ *\| */g, "|");

for (const part of ["sizes", "trials"]) {
  Deno.test(`docs/paper_map.md: scale/${part} as recorded, and the summary is its rows'`, async () => {
    const folder = join(repository, "data/results/scale", part);
    const lines = await readRecordJson(folder, "results.json") as ScaleLine[];
    const rows = await readRecordJson(folder, "rows.json") as ScaleRow[];
    assertEquals((await readManifest(folder)).experiment, "scale");
    for (const row of scaleTable(lines)) assert(map.includes(`|${row}|`), row);
    assertEquals(scaleTable(scaleSummary(rows)), scaleTable(lines));
  });
}
