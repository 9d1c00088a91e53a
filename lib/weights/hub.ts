/**
 * Checkpoints by name: a directory stays what it is, a hub id is downloaded once.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { relativeNameProblem } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { hasCheckpointFile } from "./checkpoint_files.ts";
import { adapterIn, cachedSnapshot, modelsIn, nearestFolder } from "./model_folders.ts";
import {
  cachedCommit,
  linkIntoSnapshot,
  missingFiles,
  rememberCommit,
  repositoryFolder,
  snapshotFolder,
} from "./hub_cache.ts";
import { isIntact, verifySnapshot } from "./hub_checksum.ts";
import { downloadFile } from "./hub_download.ts";
import { TemporaryError } from "./hub_retries.ts";
import { type HubFile, type HubListing, isCommit, listModel } from "./hub_listing.ts";
import { type HubOptions, type HubSettings, hubSettings } from "./hub_settings.ts";
import { readHubHeaders } from "./hub_headers.ts";
import { indexFile, isPickle, pickleAdvice, readIndex, singleFile } from "./safetensors.ts";
import type { WeightHeaders } from "./weight_source.ts";

/** Files beside the weights that a model may need; those that it has are downloaded. */
const smallFiles = [
  "config.json",
  "generation_config.json",
  "tokenizer.json",
  "tokenizer_config.json",
  "special_tokens_map.json",
  "added_tokens.json",
  "vocab.json",
  "merges.txt",
  "chat_template.jinja",
  "chat_template.json",
  "preprocessor_config.json",
  "processor_config.json",
  "video_preprocessor_config.json",
];

/** How far a download is. */
export interface DownloadProgress {
  /** File that is being downloaded, relative to the repository. */
  readonly file: string;
  /** Bytes of this file that are there. May go back to 0 when a part turns out to be damaged. */
  readonly fileReceived: number;
  /** Size of this file in bytes. */
  readonly fileSize: number;
  /** Bytes of all files known so far that are there. */
  readonly received: number;
  /** Size of all files known so far; grows once, when the list of shards is known. */
  readonly total: number;
}

/** What a caller of {@link resolveCheckpoint} may choose. */
export interface ResolveOptions extends HubOptions {
  /** Branch, tag or commit. Default `main`. Only for hub ids. */
  readonly revision?: string;
  /** Whether to get the weights too; without them, config, tokenizer and processor. Default true. */
  readonly weights?: boolean;
  /**
   * Told of a hub model's folder and of what the headers of its weights say, once the other files are
   * there and before any weights are asked for. What it throws ends the download. It is not called
   * for a folder, nor for a copy that is served without asking the hub.
   */
  readonly check?: (dir: string, headers: WeightHeaders) => void | Promise<void>;
  /** Told often while a file is being received. */
  readonly onProgress?: (progress: DownloadProgress) => void;
}

/** Whether a name could be a model on the hub: `org/name` by the hub's own rules. */
export function isHubId(name: string): boolean {
  const part = "[A-Za-z0-9_]([A-Za-z0-9_.-]{0,94}[A-Za-z0-9_])?";
  return new RegExp(`^${part}/${part}$`).test(name) && !/--|\.\.|\.git$/.test(name);
}

/** Files of a listing that are needed, the weights left out. */
function chooseSmallFiles(listing: HubListing, index: boolean, id: string): HubFile[] {
  const { files } = listing;
  if (!files.has("config.json") && files.has("adapter_config.json")) {
    throw new InputError(
      `Cannot use ${id}: it is an adapter, not a model; merge it into its base model (PEFT's ` +
        "merge_and_unload) and save that",
    );
  }
  if (!files.has("config.json")) {
    throw new InputError(`Cannot use ${id}: it has no config.json; is it a transformers model?`);
  }
  if (index && !files.has(singleFile) && !files.has(indexFile)) {
    const other = [...files.keys()].filter((name) => /\.(bin|gguf|safetensors|pth?)$/.test(name));
    throw new InputError(
      `Cannot use ${id}: it has neither ${singleFile} nor ${indexFile}, but ` +
        (other.slice(0, 5).map((name) => quoted(name)).join(", ") || "no weights at all") +
        (other.some(isPickle) ? `; ${pickleAdvice}` : ""),
    );
  }
  const names = index && !files.has(singleFile) ? [...smallFiles, indexFile] : smallFiles;
  return names.flatMap((name) => files.get(name) ?? []);
}

/** Files of a listing that hold the weights; the index must be in `snapshot` by now. */
async function chooseWeights(
  listing: HubListing,
  snapshot: string,
  id: string,
): Promise<HubFile[]> {
  const single = listing.files.get(singleFile);
  if (single) return [single];
  const shards = new Set((await readIndex(snapshot)).values());
  return [...shards].map((shard) => {
    const file = listing.files.get(shard);
    if (file) return file;
    throw new InputError(
      `Cannot use ${id}: ${indexFile} names ${quoted(shard)}, which the repository does not have`,
    );
  });
}

/** Gets all files of a listing that are needed, and returns the snapshot's folder. */
async function getSnapshot(
  settings: HubSettings,
  id: string,
  listing: HubListing,
  { weights = true, check, onProgress = () => {} }: ResolveOptions,
): Promise<string> {
  const repository = repositoryFolder(settings.cacheDir, id);
  const snapshot = snapshotFolder(settings.cacheDir, id, listing.commit);
  await Deno.mkdir(`${repository}/blobs`, { recursive: true });
  await Deno.mkdir(snapshot, { recursive: true });
  let received = 0;
  let total = 0;
  const urlOf = (file: HubFile) => {
    const path = file.path.split("/").map(encodeURIComponent).join("/");
    return `${settings.endpoint}/${id}/resolve/${listing.commit}/${path}`;
  };
  const get = async (files: readonly HubFile[]) => {
    total = files.reduce((sum, file) => sum + file.size, total);
    for (const file of files) {
      if (!await isIntact(`${snapshot}/${file.path}`, file, settings.verify)) {
        const blob = `${repository}/blobs/${file.oid}`;
        await downloadFile(settings, urlOf(file), file, blob, (fileReceived) => {
          onProgress({
            file: file.path,
            fileReceived,
            fileSize: file.size,
            received: received + fileReceived,
            total,
          });
        });
        await linkIntoSnapshot(blob, snapshot, file.path);
      }
      received += file.size;
    }
  };
  await get(chooseSmallFiles(listing, weights || check !== undefined, id));
  if (!weights && !check) return snapshot;
  const files = await chooseWeights(listing, snapshot, id);
  if (check) await check(snapshot, await readHubHeaders(settings, files, snapshot, urlOf));
  if (weights) await get(files);
  return snapshot;
}

/** The copy that was downloaded before, if it is whole; else what it lacks. */
async function findCached(
  settings: HubSettings,
  id: string,
  revision: string,
  weights: boolean,
): Promise<{ readonly dir: string | null; readonly problem: string }> {
  const commit = await cachedCommit(settings.cacheDir, id, revision);
  const problem = `no copy of it is in ${settings.cacheDir}`;
  if (commit === null) return { dir: null, problem };
  const dir = snapshotFolder(settings.cacheDir, id, commit);
  const missing = await missingFiles(dir, weights);
  if (missing.length === 0) return { dir, problem: "" };
  const exists = await Deno.stat(dir).then(() => true, () => false);
  return { dir: null, problem: exists ? `its copy ${dir} lacks ${missing.join(", ")}` : problem };
}

/** Downloads a hub model, or finds the copy that is there. */
async function resolveHubId(id: string, options: ResolveOptions): Promise<string> {
  const settings = hubSettings(options);
  const { revision = "main", weights = true } = options;
  const problem = relativeNameProblem(revision);
  if (problem) throw new InputError(`Cannot use revision ${quoted(revision)}: ${problem}`);
  const cached = await findCached(settings, id, revision, weights);
  if (cached.dir && settings.localFilesOnly && settings.verify) {
    await verifySnapshot(repositoryFolder(settings.cacheDir, id), cached.dir);
  }
  if (cached.dir && (settings.localFilesOnly || isCommit(revision) && !settings.verify)) {
    return cached.dir;
  }
  if (settings.localFilesOnly) {
    throw new InputError(
      `Cannot open ${id} without the network: ${cached.problem}; download it first, or allow the ` +
        "network (localFilesOnly, HF_HUB_OFFLINE)",
    );
  }
  let listing: HubListing;
  try {
    const patience = cached.dir
      ? { ...settings, retries: Math.min(1, settings.retries) }
      : settings;
    listing = await listModel(patience, id, revision);
  } catch (error) {
    if (!(error instanceof InputError && error.cause instanceof TemporaryError)) throw error;
    if (cached.dir === null) throw error;
    settings.onNotice(`${error.message}; using the copy that was downloaded before`);
    return cached.dir;
  }
  const dir = await getSnapshot(settings, id, listing, options);
  await rememberCommit(settings.cacheDir, id, revision, listing.commit);
  return dir;
}

/**
 * The local directory of a checkpoint. An existing directory or GGUF file is returned as it is; a hub
 * id is downloaded into the cache that Python's huggingface_hub uses, unless it is there already.
 *
 * Only the files that are needed are downloaded; each is checked by size and checksum. A download
 * that broke off is continued. If the hub cannot be reached, a complete earlier copy serves.
 *
 * @param dirOrHubId a directory with a `config.json` or a GGUF file, such a file, or a hub id such as `Qwen/Qwen3-VL-4B-Instruct`
 * @param options revision, cache, token, endpoint, progress and so on
 * @returns path of the directory
 * @throws {InputError} if it is neither, if the hub refuses, or if what it sends is not what it
 *   promised
 *
 * @example
 * ```ts
 * import { resolveCheckpoint } from "./hub.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await resolveCheckpoint("tests/golden/qwen3_vl"), "tests/golden/qwen3_vl");
 * ```
 */
export async function resolveCheckpoint(
  dirOrHubId: string,
  options: ResolveOptions = {},
): Promise<string> {
  const found = await Deno.stat(dirOrHubId).catch((error) => {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) {
      return null;
    }
    throw error;
  });
  if (found?.isDirectory) {
    if (await hasCheckpointFile(dirOrHubId, "config.json")) return dirOrHubId;
    const snapshot = await cachedSnapshot(dirOrHubId);
    if (snapshot !== null) return snapshot;
    throw new InputError(
      `Cannot open model ${quoted(dirOrHubId)}: ` +
        (await adapterIn(dirOrHubId) ?? `it has no config.json${await modelsIn(dirOrHubId)}`),
    );
  }
  if (found?.isFile && dirOrHubId.endsWith(".gguf")) return dirOrHubId;
  if (found) {
    throw new InputError(
      `Cannot open model ${quoted(dirOrHubId)}: it is a file; wanted its directory`,
    );
  }
  const address = /^https?:\/\/(?:huggingface\.co|hf\.co)\/([^/]+\/[^/?#]+)/.exec(dirOrHubId);
  if (address && isHubId(address[1])) {
    throw new InputError(
      `Cannot open model ${quoted(dirOrHubId)}: it is an address; wanted the id ` +
        quoted(address[1]),
    );
  }
  if (!isHubId(dirOrHubId)) {
    throw new InputError(
      `Cannot open model ${quoted(dirOrHubId)}: there is no such directory` +
        `${await nearestFolder(dirOrHubId)}, and it is not a hub id such as ` +
        "Qwen/Qwen3-VL-4B-Instruct",
    );
  }
  const { check } = options;
  let arrived = false; // the model is there, and what is wrong is in its files
  const checked: ResolveOptions["check"] = check && ((dir, headers) => {
    arrived = true;
    return check(dir, headers);
  });
  return await resolveHubId(dirOrHubId, { ...options, check: checked }).catch((error) => {
    if (!(error instanceof InputError) || arrived) throw error;
    throw new InputError(`${error.message} (a folder ${quoted(dirOrHubId)} is not here either)`);
  });
}
