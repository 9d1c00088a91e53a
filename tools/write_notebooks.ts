/**
 * `deno task notebooks [00 03 …]`: executes notebooks, all by default, and writes their outputs back,
 * as GitHub shows them.
 *
 * @module
 */
import { basename, join } from "node:path";
import { withOutputs, withSmallImages } from "./notebook_outputs.ts";
import { notebookPaths } from "./notebooks.ts";
import { hasJupyter, runNotebook } from "./run_notebook.ts";
import { repository } from "./setup/command.ts";

async function main(only: readonly string[]): Promise<number> {
  if (!hasJupyter()) {
    console.error("Jupyter is not set up; the set-up (deno task setup) says why");
    return 1;
  }
  let failures = 0;
  for (const path of notebookPaths(join(repository, "notebooks"))) {
    const name = basename(path);
    if (only.length > 0 && !only.some((start) => name.startsWith(start))) continue;
    const run = await runNotebook(path, join(repository, "out"));
    console.log(`${name} ${run.ok ? "written" : "FAILED"} (${run.seconds.toFixed(0)} s)`);
    if (run.ok) {
      const written = withOutputs(await Deno.readTextFile(path), run.cells);
      await Deno.writeTextFile(path, await withSmallImages(written));
    } else {
      failures++;
      console.error(run.error);
    }
  }
  return failures > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
