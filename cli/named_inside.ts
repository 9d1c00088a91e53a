/**
 * Paths that a command line names by files that it names: those of a record, of a planned run, and
 * videos in messages and lists of samples.
 *
 * @module
 */
import { gunzipSync } from "node:zlib";
import { type NamedPath, namedPaths } from "./paths.ts";
import { absolute, exists } from "./real_paths.ts";

/** Files of other kinds than an image that only ffmpeg reads. */
export const videoFile = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|flv|wmv|ogv|3gp)\b/i;

/** Longest messages file or list of samples that is searched for videos, in bytes. */
const searchedBytes = 1 << 26;

/** Whether a text file speaks of videos, which need ffmpeg. */
export function speaksOfVideos(path: string): boolean {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= searchedBytes && videoFile.test(Deno.readTextFileSync(path));
  } catch {
    return false;
  }
}

/** A record's `manifest.json`, also where it is kept compressed; null where there is none to be read. */
function manifestOf(folder: string): unknown {
  const path = `${folder}/manifest.json`, isPacked = !exists(path);
  try {
    const found = isPacked ? `${path}.gz` : path, { isFile, size } = Deno.statSync(found);
    if (!isFile || size > searchedBytes) return null; // a pipe may never end
    const bytes = Deno.readFileSync(found);
    const plain = isPacked ? gunzipSync(bytes, { maxOutputLength: searchedBytes }) : bytes;
    return JSON.parse(new TextDecoder().decode(plain));
  } catch {
    return null; // the command says what is wrong with it
  }
}

/**
 * What a record says that it was made of, for commands that run its model on its samples once more:
 * its model and its data set, unless options name others. Only a checkpoint, or a folder of samples,
 * is taken from there: a record may come from anybody.
 */
export function recordedPaths(args: readonly string[], cwd: string): NamedPath[] {
  if (args[0] !== "explore") return [];
  const given = (name: string) =>
    args.flatMap((arg, i) =>
      arg === `--${name}`
        ? [args[i + 1]]
        : arg.startsWith(`--${name}=`)
        ? [arg.slice(name.length + 3)]
        : []
    ).at(-1);
  const run = given("scores");
  if (!run) return [];
  const { model, data } = Object(manifestOf(absolute(run, cwd))), found: NamedPath[] = [];
  const isThere = (folder: string, file: string) => exists(`${absolute(folder, cwd)}/${file}`);
  if (typeof model === "string" && given("model") === undefined) {
    const isId = /^[\w.-]+\/[\w.-]+$/.test(model) && !exists(absolute(model, cwd));
    if (isId || isThere(model, "config.json") || model.endsWith(".gguf")) {
      found.push({ value: model, use: "model" });
    }
  }
  if (typeof data === "string" && given("dataset") === undefined) {
    const isPublished = /^[\w+-]{2,}:./s.test(data);
    if (isPublished || isThere(data, "samples.jsonl")) found.push({ value: data, use: "data" });
  }
  return found;
}

/** The paths that a planned run's command names; none where there is no such run. */
export function frozenPaths(path: string): NamedPath[] {
  try {
    const { command, arguments: args } = JSON.parse(Deno.readTextFileSync(path));
    return namedPaths([command, ...args]);
  } catch {
    return []; // which the command itself tells
  }
}
