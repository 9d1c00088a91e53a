/**
 * The folder of a run: what an earlier run left there, and what may be done with it.
 *
 * @module
 */
import { digestOfBytes } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import { hasRecordFile, readRecordBytes, removeRecordFile } from "../common/record_bytes.ts";
import { quoted } from "../common/text.ts";
import { relativeNameProblem, removeTemporaries } from "../common/files.ts";
import { changedParts, type Identity } from "./identity.ts";
import { Journal, type Json } from "./journal.ts";
import { type Manifest, readManifest } from "./record.ts";

/** Name of the journal in a run's folder; it is removed when the record is written. */
export const journalName = "run.partial";

/** Digests of a record's files, as its manifest says; only of names that lie in the folder itself. */
function filesOf(manifest: Pick<Manifest, "files">): [name: string, digest: unknown][] {
  const { files } = manifest;
  if (typeof files !== "object" || files === null) return [];
  return Object.entries(files).filter(([name]) =>
    relativeNameProblem(name) === null && !name.includes("/")
  );
}

/**
 * Name of a file of a record that is not as it was written; null if all are.
 *
 * @example
 * ```ts
 * import { damagedFile } from "./run_folder.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(await damagedFile("a/folder", { files: {} }), null);
 * ```
 */
export async function damagedFile(
  folder: string,
  manifest: Pick<Manifest, "files">,
): Promise<string | null> {
  for (const [name, digest] of filesOf(manifest)) {
    const bytes = await readRecordBytes(folder, name).catch(() => null);
    if (bytes === null || digestOfBytes(bytes) !== digest) return name;
  }
  return null;
}

/** Removes a record: its manifest first, so that nothing halfway counts as a record. */
async function removeRecord(folder: string): Promise<void> {
  const manifest = await readManifest(folder).catch(() => ({ files: {} }));
  await removeRecordFile(folder, "manifest.json");
  for (const [name] of filesOf(manifest)) await removeRecordFile(folder, name);
}

/** What is known of a run's folder before anything is computed. */
export class RunFolder implements Disposable {
  private constructor(
    readonly path: string,
    readonly journal: Journal,
    /** The record of a finished run of the same identity, whole; null if there is none. */
    readonly finished: Manifest | null,
  ) {}

  /**
   * Opens a folder for a run: no other process can use it until it is closed, and temporary files
   * that a killed process left there are gone.
   *
   * @param fresh removes what earlier runs left
   * @throws {InputError} if another process runs there, a run of another identity was begun or finished
   * there, naming what differs, or (also with `fresh`) one of another experiment
   */
  static async open(path: string, identity: Identity, fresh = false): Promise<RunFolder> {
    const journal = await Journal.open(`${path}/${journalName}`);
    try {
      await removeTemporaries(path);
      const manifest = await readManifest(path).catch(() => null);
      for (const before of [journal.identity, manifest?.identity]) {
        checkSameExperiment(path, before, identity);
      }
      if (fresh) {
        await removeRecord(path);
        await journal.begin(identity);
      }
      const finished = await earlierRecord(path, identity, journal);
      if (journal.identity === null && !finished) await journal.begin(identity);
      return new RunFolder(path, journal, finished);
    } catch (error) {
      if (journal.identity === null) await journal.remove();
      journal[Symbol.dispose]();
      throw error;
    }
  }

  /** Begins the journal, if that has not been done. */
  async begin(identity: Identity): Promise<void> {
    if (this.journal.identity === null) await this.journal.begin(identity);
  }

  /** Lets go of the folder; a journal without a run is removed. */
  async close(): Promise<void> {
    if (this.journal.identity === null) await this.journal.remove();
    this[Symbol.dispose]();
  }

  /** Closes the journal. */
  [Symbol.dispose](): void {
    this.journal[Symbol.dispose]();
  }
}

/** How a run may be told to start over, for messages. */
const howTo = "start over with --fresh, or choose another folder";

async function earlierRecord(
  folder: string,
  identity: Identity,
  journal: Journal,
): Promise<Manifest | null> {
  const begun = journal.identity !== null;
  if (begun) checkIdentity(folder, journal.identity, identity, "begun");
  if (!await hasRecordFile(folder, "manifest.json")) return null;
  const manifest = await readManifest(folder).catch(() => null);
  const damaged = manifest && await damagedFile(folder, manifest);
  const same = manifest?.identity && changedParts(manifest.identity, identity).length === 0;
  if (manifest && same && damaged === null) return manifest;
  if (begun) return null; // the run that was begun here replaces it
  if (manifest?.identity) checkIdentity(folder, manifest.identity, identity, "finished");
  throw new InputError(
    `Cannot run in ${folder}: it holds results ` +
      (damaged ? `whose ${damaged} was changed or removed` : "that do not say what made them") +
      `; ${howTo}`,
  );
}

/** Refuses the folder of another experiment, whose results `--fresh` would delete. */
function checkSameExperiment(folder: string, found: Json | undefined, wanted: Identity): void {
  const before = typeof found === "object" && found !== null ? found as Identity : {};
  if (before.experiment === undefined || before.experiment === wanted.experiment) return;
  throw new InputError(
    `Cannot run in ${folder}: it holds a run of ${quoted(before.experiment)}, this is one of ` +
      `${quoted(wanted.experiment)}; choose another folder`,
  );
}

function checkIdentity(folder: string, found: Json, wanted: Identity, state: string): void {
  const before = typeof found === "object" && found !== null ? found as Identity : {};
  const changed = changedParts(before, wanted);
  if (changed.length === 0) return;
  throw new InputError(
    `Cannot run in ${folder}: a run was ${state} there with other settings (` +
      `${changed.join(", ")}); ${howTo}`,
  );
}
