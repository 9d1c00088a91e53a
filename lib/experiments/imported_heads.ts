/**
 * Head lists of other programs as records, so that all that reads an identify run reads them too.
 *
 * @module
 */
import { checkoutCommit, jsonText, writeRecord } from "./record.ts";
import { scoresRecord } from "./scores_record.ts";
import { packageVersion } from "../common/package.ts";
import type { HeadList } from "../heads/formats/format.ts";
import { headScoresToArrow } from "../heads/head_scores_file.ts";
import { experiments } from "./registry.ts";

/** What is known of a list beside its file. */
export interface ImportSettings {
  /** Folder of the record. */
  readonly folder: string;
  /** The format's name. */
  readonly format: string;
  /** Name of the model; what the file says by default. */
  readonly model?: string;
  /** Seed of the intervals; 0 by default. */
  readonly seed?: number;
}

/**
 * Writes a head list as a record of `findHeads`: `scores.json`, `samples.arrow` and `manifest.json`.
 *
 * @throws {InputError} if the folder cannot be written
 *
 * @example
 * ```ts
 * import { readFoundHeads } from "./found_heads.ts";
 * import { recordHeadList } from "./imported_heads.ts";
 * import { headScores, meanScores } from "../heads/head_scores.ts";
 * import { assertEquals } from "@std/assert";
 * const map = Float32Array.of(0.25, 0.5);
 * const scores = headScores("csv", { layers: 1, heads: 2 }, [{ id: "a", domain: "b", map }]);
 * const folder = await Deno.makeTempDir();
 * await recordHeadList({ scores, model: "", listed: 2, notes: {} }, { folder, format: "csv" });
 * assertEquals([...meanScores(await readFoundHeads(folder))], [0.25, 0.5]);
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function recordHeadList(
  { scores, model: stated, listed, notes, intervals }: HeadList,
  { folder, format, model = stated, seed = 0 }: ImportSettings,
): Promise<void> {
  const own = scoresRecord(model, scores, { seed }), heads = scores.shape[2];
  const summary = intervals === undefined ? own : {
    ...own,
    ci95: own.ci95.map((row, l) => row.map((ends, n) => intervals[l * heads + n] ?? ends)),
  };
  await writeRecord(folder, {
    experiment: experiments.findHeads.name,
    model,
    data: `imported (${format})`,
    samples: scores.shape[0],
    version: packageVersion,
    commit: await checkoutCommit(),
    backend: "none",
    dtype: "float32",
    seed,
    options: { rules: [scores.rule], format, listed, ...notes },
    date: new Date().toISOString(),
  }, { "samples.arrow": headScoresToArrow([scores]), "scores.json": jsonText(summary) });
}
