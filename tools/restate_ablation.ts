/**
 * Computes the statistics of ablation records anew from their outcomes by sample, after the way of
 * computing them has changed: `results.json` from `samples.arrow`. What was measured stays as it is; the
 * manifest says when the statistics were computed.
 *
 *     deno run -A tools/restate_ablation.ts data/results/smol/ablate-answer …
 * @module
 */
import type { Condition } from "../lib/experiments/ablation_plan.ts";
import { type AblationResult, ablationResults } from "../lib/experiments/ablation_results.ts";
import { tableOf } from "../lib/experiments/ablation_sample.ts";
import { ablationRowsFromArrow } from "../lib/experiments/ablation_table_file.ts";
import { jsonText, readManifest, writeRecord } from "../lib/experiments/record.ts";
import { readRecordBytes, readRecordJson } from "../lib/common/record_bytes.ts";
import { say } from "./setup/command.ts";

if (import.meta.main) {
  for (const folder of Deno.args) {
    const before = await readRecordJson(folder, "results.json") as AblationResult[];
    const [{ metric, domain }] = before;
    const plan = before.filter((row) => row.metric === metric && row.domain === domain)
      .map(({ condition, fraction, draw, set, heads }) => ({
        ...{ condition: condition as Condition, fraction, draw, set },
        heads: heads.map(([layer, head]) => ({ layer, head })),
      }));
    const bytes = await readRecordBytes(folder, "samples.arrow");
    const table = tableOf(ablationRowsFromArrow(bytes, plan.length), plan);
    const manifest = await readManifest(folder);
    const results = ablationResults(table, { seed: Number(manifest.seed ?? 0) });
    const restated = { ...manifest, statistics: new Date().toISOString() };
    await writeRecord(folder, restated, {
      "samples.arrow": bytes,
      "results.json": jsonText(results),
    });
    say(`${folder}: ${results.length} rows`);
  }
}
