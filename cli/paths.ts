/**
 * Which options name files and folders, and what happens there: the one table from which the
 * launcher grants access. It is loaded before anything else, so it imports nothing.
 *
 * @module
 */

/** What a path on a command line is for. */
export type PathUse =
  | "read" // a file, or a folder with all that is in it
  | "scores" // a record's folder, or a file of one
  | "beside" // a file that names others in its folder
  | "model" // a checkpoint's folder or file, the name of a shipped model, or a hub id
  | "data" // a data set: a folder, NAME:FOLDER, or a name of shipped samples
  | "write-file" // a file that is written
  | "write-folder"; // a folder that is written

/** Options that name paths, without the dashes. A test compares them with the commands' options. */
export const pathOptions: Readonly<Record<string, PathUse>> = {
  model: "model",
  messages: "beside",
  "media-root": "read",
  image: "read",
  video: "read",
  dataset: "data",
  "templates-from": "data",
  scores: "read",
  ablation: "read",
  beside: "read",
  speed: "read",
  sparse: "scores",
  out: "write-folder",
  attention: "write-file",
};

/** Commands whose words name folders, and what for. */
const wordCommands: Readonly<Record<string, PathUse>> = {
  work: "write-folder",
  merge: "write-folder",
  submit: "write-folder",
  status: "read",
  heads: "beside",
};

/** Commands that do what a planned run's `run.json` says, in the folder that they name. */
export const frozenCommands: readonly string[] = ["work"];

/** Endings of files that an `--out` may name; any other name is a folder's. */
const fileEndings = /\.(safetensors|html?|json|jsonl|csv|tsv|svg|arrow|txt)$/i;

/** One path of a command line. */
export interface NamedPath {
  /** What was written. */
  readonly value: string;
  /** What it is for. */
  readonly use: PathUse;
}

/** Formats of head lists that are one file, whatever its name. */
const singleFileLists = ["retrieval-head", "mmrethead", "csv"];
/** Words of a command line that name no path. */
const plainWords = new Set(["export", "import", "duo-attention", ...singleFileLists]);

/** Commands whose `--out` is one file, whatever its name. */
const singleFileCommands = ["forward", "encode", "explore"];

/** Whether `--out` is one file, whatever its name. */
function writesOneFile(args: readonly string[]): boolean {
  if (singleFileCommands.includes(args[0])) return true;
  return args[0] === "heads" &&
    args.some((arg, i) =>
      singleFileLists.some((name) =>
        arg === `--to=${name}` || args[i - 1] === "--to" && arg === name
      )
    );
}

function useOf(option: string, value: string, args: readonly string[]): PathUse | undefined {
  if (option === "out" && writesOneFile(args)) return "write-file";
  if (option === "out" && fileEndings.test(value)) return "write-file";
  return Object.hasOwn(pathOptions, option) ? pathOptions[option] : undefined;
}

/**
 * The paths that a command line names. Nothing is checked here: what names no path is passed over.
 *
 * @example
 * ```ts
 * import { namedPaths } from "./paths.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(namedPaths(["encode", "--out=a.safetensors", "--seed", "3"]), [
 *   { value: "a.safetensors", use: "write-file" },
 * ]);
 * ```
 */
export function namedPaths(args: readonly string[]): NamedPath[] {
  const [command = "", ...rest] = args;
  const found: NamedPath[] = [];
  for (let i = 0; i < rest.length && rest[i] !== "--"; i++) {
    const [, option, given] = /^--([^=]+)(?:=(.*))?$/s.exec(rest[i]) ?? [];
    const value = option === undefined ? rest[i] : given ?? rest[i + 1];
    const use = option === undefined
      ? (Object.hasOwn(wordCommands, command) && !plainWords.has(value)
        ? wordCommands[command]
        : undefined)
      : useOf(option, value ?? "", args);
    if (use === undefined || !value) continue;
    found.push({ value, use });
    if (option !== undefined && given === undefined) i++;
  }
  return found;
}
