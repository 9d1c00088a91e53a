/**
 * From the folder of a published data set to samples: what all layouts share.
 *
 * @module
 */
import { InputError } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { FolderSample } from "../folder_data_set.ts";
import { parseSample, type SampleEntry } from "../sample_json.ts";
import { MediaFolder } from "./media_folder.ts";
import { readRows, type Row } from "./row.ts";

/** `Omit` for each member of a union. */
type Without<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** A sample before it is named. */
export type SampleDraft = Without<SampleEntry, "id" | "domain">;

/** The samples of one entry of an annotation file. */
export type EntryReader = (row: Row, file: string) => SampleDraft[] | Promise<SampleDraft[]>;

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
 * in it, from 1; where an entry makes several, they are numbered too: `val-12-2`.
 *
 * @param folder the data set's
 * @returns in the order of the annotations, at least one
 * @throws {InputError} that names the file, the entry and the field where something is wrong, or the
 *   frames or pages that are missing and the command that makes them
 */
export async function readLayout(
  layout: PublishedLayout,
  folder: string,
): Promise<FolderSample[]> {
  const media = new MediaFolder(folder);
  const files = await annotationFiles(layout, media);
  const read = await layout.open(media);
  const samples: FolderSample[] = [];
  const stems = new Set<string>();
  for (const file of files) {
    const stem = file.slice(file.lastIndexOf("/") + 1).replace(/\.\w+$/, "");
    if (stems.has(stem)) {
      throw new InputError(`Cannot read ${file}: another file is called ${stem}, too`);
    }
    stems.add(stem);
    for (const [i, row] of (await readRows(folder, file)).entries()) {
      const drafts = await read(row, file);
      drafts.forEach((draft, k) => {
        const id = `${stem}-${i + 1}${drafts.length > 1 ? `-${k + 1}` : ""}`;
        samples.push({ ...parseSample({ id, domain: layout.name, ...draft }, row.where), folder });
      });
    }
  }
  if (samples.length > 0) return samples;
  throw new InputError(
    `Cannot use ${quoted(folder)} as ${layout.name}: ${files[0]} has no samples`,
  );
}
