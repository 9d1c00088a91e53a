/**
 * What is said of a run that was stopped by Control-C. It is loaded by the launcher, so it imports nothing
 * of the library.
 *
 * @module
 */
import { namedPaths } from "./paths.ts";
import { absolute, exists } from "./real_paths.ts";

/** Name of the file in which a run keeps what is done; see `lib/experiments/run_folder.ts`. */
const journal = "run.partial";

/**
 * One line on where the results so far are; null where the command keeps none.
 *
 * @param args of the command line
 * @param cwd where relative paths begin
 */
export function stoppedLine(args: readonly string[], cwd: string): string | null {
  const folder = namedPaths(args).find(({ value, use }) =>
    use === "write-folder" && exists(`${absolute(value, cwd)}/${journal}`)
  );
  return folder === undefined
    ? null
    : `stopped: results so far are kept in ${folder.value}, and the same command goes on from there`;
}
