/**
 * From the folder of a published data set to samples: what all layouts share.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { FolderSample } from "../folder_data_set.ts";
import { Listing, type ListOptions } from "../listing.ts";
import { parseSample, type SampleEntry } from "../sample_json.ts";
import { MediaFolder } from "./media_folder.ts";
import { readRows, type Row, UnusableEntryError } from "./row.ts";

/** `Omit` for each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A sample before it is named. */
export type SampleDraft = Without<SampleEntry, "id" | "domain">;

/** One sample of an entry, or how it is read: one that fails leaves the entry's others as they are. */
export type EntryPart = SampleDraft | (() => SampleDraft | Promise<SampleDraft>);

/** The samples of one entry of an annotation file. */
export type EntryReader = (row: Row, file: string) => EntryPart[] | Promise<EntryPart[]>;

/** How one published data set is laid out. */
export interface PublishedLayout {
  /** What the command line calls it, and the domain of its samples. */
  readonly name: string;
  /** What its folder holds, for messages. */
  readonly wanted: string;
  /** Folders that may hold the annotations, in the order in which they are tried. */
  readonly folders: readonly string[];
  /** Names of annotation files. */
  readonly files: RegExp;
  /** Opens a folder: reads what its entries refer to, and says how one becomes samples. */
  open(media: MediaFolder): EntryReader | Promise<EntryReader>;
}

/** Annotation files of a layout in a folder. @throws {InputError} if there are none */
async function annotationFiles(layout: PublishedLayout, media: MediaFolder): Promise<string[]> {
  for (const folder of layout.folders) {
    const names = (await media.names(folder)).filter((name) => layout.files.test(name));
    if (names.length > 0) return names.map((name) => folder === "" ? name : `${folder}/${name}`);
  }
  throw new InputError(
    `Cannot use ${quoted(media.path)} as ${layout.name}: no annotations; wanted ${layout.wanted}`,
  );
}

/**
 * Reads the list of a published data set. Samples are named after the annotation file and the entry
 * in it, from 1; where an entry makes several, they are numbered too: `val-12-2`. Entries that nobody
 * can use as they are published (an {@link UnusableEntryError}) are left out.
 *
 * @param folder the data set's
 * @returns in the order of the annotations; none only where `accept` took none
 * @throws {InputError} that names the file, the entry and the field where something is wrong, or the
 *   frames or pages that are missing and the command that makes them
 */
export async function readLayout(
  layout: PublishedLayout,
  folder: string,
  options: ListOptions = {},
): Promise<FolderSample[]> {
  const media = new MediaFolder(folder);
  const files = await annotationFiles(layout, media);
  const read = await layout.open(media);
  const listing = new Listing(options);
  const unusable = (error: InputError) => error instanceof UnusableEntryError;
  const stems = new Set<string>();
  for (const file of files) {
    const stem = file.slice(file.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
    if (stems.has(stem)) {
      throw new InputError(`Cannot read ${file}: another file is called ${stem}, too`);
    }
    stems.add(stem);
    let number = 0;
    for await (const row of readRows(folder, file)) {
      const name = `${stem}-${++number}`;
      const parts = await listing.attempt(name, () => read(row, file), unusable) ?? [];
      for (const [k, part] of parts.entries()) {
        const id = parts.length > 1 ? `${name}-${k + 1}` : name;
        const sample = await listing.attempt(id, async () => {
          const draft = typeof part === "function" ? await part() : part;
          return { ...parseSample({ id, domain: layout.name, ...draft }, row.where), folder };
        }, unusable);
        if (sample) listing.add(sample);
        if (listing.isFull(layout.name)) return listing.samples;
      }
    }
  }
  if (listing.read > 0) return listing.samples;
  throw new InputError(
    `Cannot use ${quoted(folder)} as ${layout.name}: ${files[0]} has no samples`,
  );
}
