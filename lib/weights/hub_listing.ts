/**
 * What the hub has: the commit that a revision stands for, and size and checksum of its files.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { relativeNameProblem } from "../common/files.ts";
import { quoted } from "../common/text.ts";
import { ask, pieces } from "./hub_http.ts";
import { withRetries } from "./hub_retries.ts";
import type { HubSettings } from "./hub_settings.ts";

/** Longest listing that is read, in bytes. */
const maxListingBytes = 64_000_000;

/** One file as the hub describes it. */
export interface HubFile {
  /** Path in the repository; cannot leave it. */
  readonly path: string;
  /** Size in bytes. */
  readonly size: number;
  /** Checksum in lower-case hexadecimal; also the name of the blob in the cache. */
  readonly oid: string;
  /** `sha256` of the content (large files), or Git's `sha1` of the content as a Git blob. */
  readonly checksum: "sha256" | "git-sha1";
}

/** One commit of a model repository. */
export interface HubListing {
  /** Commit, 40 hexadecimal digits. */
  readonly commit: string;
  /** Files by path. */
  readonly files: ReadonlyMap<string, HubFile>;
}

/** Whether a string is a full commit hash. */
export function isCommit(revision: string): boolean {
  return /^[0-9a-f]{40}$/.test(revision);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Checks one file's entry; entries without a checksum of a known kind are refused. */
function parseFile(entry: unknown, refuse: (problem: string) => never): HubFile {
  if (!isRecord(entry) || typeof entry.rfilename !== "string") return refuse("a file has no name");
  const path = entry.rfilename;
  const problem = relativeNameProblem(path);
  if (problem) refuse(`it lists a file ${quoted(path)}: ${problem}`);
  const lfs = isRecord(entry.lfs) ? entry.lfs : null;
  const size = lfs ? lfs.size : entry.size;
  const oid = lfs ? lfs.sha256 : entry.blobId;
  if (!Number.isSafeInteger(size) || (size as number) < 0) {
    refuse(`the size of ${quoted(path)} is ${quoted(String(size))}; wanted a number of bytes`);
  }
  const digits = lfs ? 64 : 40;
  if (typeof oid !== "string" || !/^[0-9a-f]+$/.test(oid) || oid.length !== digits) {
    refuse(
      `the checksum of ${quoted(path)} is ${
        quoted(String(oid))
      }; wanted ${digits} hexadecimal digits`,
    );
  }
  return {
    path,
    size: size as number,
    oid: oid as string,
    checksum: lfs ? "sha256" : "git-sha1",
  };
}

/**
 * Checks what the hub's model API answered.
 *
 * @param text JSON text
 * @param what the model, for messages
 * @throws {InputError} if anything in it is not as the API promises, or a path leaves its folder
 */
export function parseListing(text: string, what: string): HubListing {
  const refuse = (problem: string): never => {
    throw new InputError(`Cannot download ${what}: the hub's answer is not usable: ${problem}`);
  };
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    const page = /^\s*</.test(text) ? "it is a web page" : "it is not JSON";
    refuse(`${page}, starting with ${quoted(text.slice(0, 60))}; is the endpoint right?`);
  }
  if (!isRecord(answer)) return refuse("it is not a JSON object");
  const { sha, siblings } = answer;
  if (typeof sha !== "string" || !isCommit(sha)) {
    return refuse(`its commit is ${quoted(String(sha))}; wanted 40 hexadecimal digits`);
  }
  if (!Array.isArray(siblings)) return refuse("it lists no files");
  const files = new Map<string, HubFile>();
  for (const entry of siblings) {
    const file = parseFile(entry, refuse);
    if (files.has(file.path)) refuse(`it lists ${quoted(file.path)} twice`);
    files.set(file.path, file);
  }
  return { commit: sha, files };
}

/** Reads a whole answer as text, up to {@link maxListingBytes}. */
async function readText(settings: HubSettings, what: string, url: string): Promise<string> {
  const answer = await ask(settings, what, url, { Accept: "application/json" });
  try {
    const decoder = new TextDecoder();
    let text = "";
    let received = 0;
    for await (const piece of pieces(answer, settings)) {
      received += piece.length;
      if (received > maxListingBytes) {
        throw new InputError(
          `Cannot download ${what}: the hub's answer is longer than ${maxListingBytes} bytes`,
        );
      }
      text += decoder.decode(piece, { stream: true });
    }
    return text + decoder.decode();
  } finally {
    await answer.done();
  }
}

/**
 * Asks the hub for a revision's commit and files, in one request.
 *
 * @param id model, as `org/name`
 * @param revision branch, tag or commit
 * @throws {InputError} if there is no such model or revision, it may not be read, the hub cannot be
 *   reached (then with a `cause`), or the answer is unusable
 */
export async function listModel(
  settings: HubSettings,
  id: string,
  revision: string,
): Promise<HubListing> {
  const url = `${settings.endpoint}/api/models/${id}/revision/${
    encodeURIComponent(revision)
  }?blobs=true`;
  const what = revision === "main" ? id : `${id} at ${revision}`;
  const text = await withRetries(settings, what, () => readText(settings, what, url));
  return parseListing(text, what);
}
