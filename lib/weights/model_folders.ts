/**
 * Folders in place of a checkpoint: a model in the hub's cache, an adapter, a folder of models, a
 * misspelt name.
 *
 * @module
 */
import { editDistance, InputError, nearestNames } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { hasCheckpointFile, readCheckpointJson } from "./checkpoint_files.ts";

/** Names of a folder's entries, none where it cannot be read. */
async function entriesOf(dir: string): Promise<Deno.DirEntry[]> {
  return await Array.fromAsync(Deno.readDir(dir)).catch(() => []);
}

/** Models in a folder that is none itself, as the end of a message. */
export async function modelsIn(dir: string): Promise<string> {
  const models: string[] = [];
  for (const { name, isDirectory } of await entriesOf(dir)) {
    const file = isDirectory && await Deno.stat(`${dir}/${name}/config.json`).catch(() => null);
    if (file && file.isFile) models.push(quoted(name));
  }
  const shown = models.toSorted().slice(0, 5).join(", ");
  return models.length > 0 ? `; folders in it that have one: ${shown}` : "";
}

/**
 * The snapshot of a repository's folder in a Hugging Face cache: the one that `main` stands for, or
 * the only one.
 *
 * @throws {InputError} if there are several to choose from
 */
export async function cachedSnapshot(dir: string): Promise<string | null> {
  const commits = (await entriesOf(`${dir}/snapshots`)).map(({ name }) => name).toSorted();
  const main = await Deno.readTextFile(`${dir}/refs/main`).then((text) => text.trim(), () => "");
  const commit = commits.length === 1 ? commits[0] : commits.find((name) => name === main);
  if (commit !== undefined) return `${dir.replace(/[/\\]+$/, "")}/snapshots/${commit}`;
  if (commits.length === 0) return null;
  throw new InputError(
    `Cannot open model ${
      quoted(dir)
    }: it has ${commits.length} snapshots, none of which is main; ` +
      `name one, such as ${quoted(`${dir}/snapshots/${commits[0]}`)}`,
  );
}

/** What a folder with an adapter is, as a part of a message; null if it is none. */
export async function adapterIn(dir: string): Promise<string | null> {
  const file = "adapter_config.json";
  if (!await hasCheckpointFile(dir, file)) return null;
  const base = (await readCheckpointJson(dir, file)).base_model_name_or_path;
  return `it is an adapter${typeof base === "string" ? ` of ${quoted(base)}` : ""}, not a model; ` +
    "merge it into its base model (PEFT's merge_and_unload) and save that";
}

/** The folder whose name is nearest to a missing one's, as part of a message. */
export async function nearestFolder(missing: string): Promise<string> {
  const [, parent, name] = /^(.*?)([^/]*)\/*$/.exec(missing)!;
  const folders = (await entriesOf(parent || ".")).filter(({ isDirectory }) => isDirectory);
  const [near] = nearestNames(name, folders.map((folder) => folder.name), 1);
  const most = Math.min(name.length, 200) / 2;
  return near !== undefined && editDistance(near.slice(0, 200), name.slice(0, 200)) <= most
    ? ` (nearest: ${quoted(parent + near)})`
    : "";
}
