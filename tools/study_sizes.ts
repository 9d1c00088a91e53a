/**
 * Does retrieval concentrate as models grow? Trains three sizes with three seeds each from nothing, on one
 * circuit and without a regulariser (`sizes`), and the small size with one thing changed (`trials`), and
 * measures their heads: `data/results/scale/sizes` and `trials`, each with a figure. Resumable: an interrupted
 * training goes on from its last checkpoint. All of it takes about an hour and a half of one core.
 *
 *     deno run -A tools/study_sizes.ts [--parts sizes,trials] [--work .cache/training/sizes] [--seeds 1,2,3]
 *       [--finished] [--out data/results/scale]
 *
 * `--finished` trains nothing and records the runs that are there.
 * @module
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { portableKernels } from "../lib/backend/portable.ts";
import { useBackend } from "../lib/backend/select.ts";
import { readJsonOf } from "../lib/common/text_files.ts";
import { writeTextAtomically } from "../lib/common/files.ts";
import { computedBy, jsonText, makeManifest, writeRecord } from "../lib/experiments/record.ts";
import { fromPretrained } from "../lib/families/mod.ts";
import { type ScaleHeads, scaleHeads } from "../lab/studies/scale_heads.ts";
import { scaleFigures, type ScaleRow, scaleSummary } from "../lab/studies/scale_summary.ts";
import { type ScaleRun, sizeRuns, trainScaleRun, trialRuns } from "../lab/studies/scale_runs.ts";
import { say } from "./setup/command.ts";

/** What is measured of each model. */
const measured = { chosenOn: 24, testedOn: 24, draws: 8 };

const parts: Readonly<Record<string, readonly ScaleRun[]>> = { sizes: sizeRuns, trials: trialRuns };

/** A run's row, from its file if it is there; null where only finished runs are wanted and it is not. */
async function rowOf(run: ScaleRun, work: string, finished: boolean): Promise<ScaleRow | null> {
  const at = join(work, run.name.replaceAll(" ", "-")), file = join(at, "row.json");
  if (await Deno.stat(file).then(() => true, () => false)) {
    return await readJsonOf(file) as ScaleRow;
  }
  if (finished) return null;
  await Deno.mkdir(at, { recursive: true });
  const folder = join(at, "model"), log = join(at, "log.jsonl");
  const trained = await trainScaleRun(run, join(at, "state.safetensors"), folder, (line) => {
    Deno.writeTextFileSync(log, JSON.stringify(line) + "\n", { append: true });
  });
  using model = await fromPretrained(folder);
  const heads: ScaleHeads = await scaleHeads(model, { ...measured, words: run.words ?? 64 });
  const row: ScaleRow = { run, ...trained, ...heads };
  await writeTextAtomically(file, JSON.stringify(row));
  return row;
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      parts: { type: "string", default: "sizes,trials" },
      work: { type: "string", default: ".cache/training/sizes" },
      seeds: { type: "string", default: "1,2,3" },
      out: { type: "string", default: "data/results/scale" },
      finished: { type: "boolean", default: false },
    },
  });
  await useBackend("auto");
  const seeds = values.seeds.split(",").map(Number);
  for (const part of values.parts.split(",")) {
    const rows: ScaleRow[] = [];
    for (const run of parts[part].filter(({ seed }) => seeds.includes(seed))) {
      const row = await rowOf(run, values.work, values.finished);
      if (!row) continue;
      say(
        `${run.name}: ${row.steps} steps, ${
          (100 * row.topShare.estimate).toFixed(0)
        }% of RAM in the top 5%`,
      );
      rows.push(row);
    }
    const summary = scaleSummary(rows);
    const manifest = await makeManifest({
      experiment: "scale",
      model: "trained from nothing, see lab/studies/scale_runs.ts",
      data: "one circuit in words, 64 visual tokens, 12 pairs, test split",
      samples: 12 * measured.testedOn,
      seed: 0,
      options: { ...measured, models: rows.length },
    }, computedBy(portableKernels()));
    await writeRecord(join(values.out, part), manifest, {
      "rows.json": jsonText(rows),
      "results.json": jsonText(summary),
    });
    const figures = part === "sizes" ? scaleFigures(summary) : {};
    for (const [name, figure] of Object.entries(figures)) {
      await Deno.writeTextFile(join("docs/figures", `${name}.svg`), figure.toSvg());
    }
  }
}
