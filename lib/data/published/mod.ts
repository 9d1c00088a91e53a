/**
 * The paper's data sets in the layouts in which others publish them, each read into samples.
 *
 * @module
 */
import { InputError, nearestNames } from "../../common/errors.ts";
import { quoted } from "../../common/text.ts";
import type { FolderSample } from "../folder_data_set.ts";
import type { ListOptions } from "../listing.ts";
import { type PublishedLayout, readLayout } from "./layout.ts";
import { mlvu } from "./mlvu.ts";
import { mmdocir } from "./mmdocir.ts";
import { mmlongbenchDoc } from "./mmlongbench_doc.ts";
import { refcocoLayouts } from "./refcoco.ts";
import { vidstg } from "./vidstg.ts";

/** Every layout that `NAME:DIR` may name. */
const layouts: readonly PublishedLayout[] = [
  ...refcocoLayouts,
  vidstg,
  mmdocir,
  mmlongbenchDoc,
  mlvu,
];

/** Names of the published layouts that can be read. */
export const publishedNames: readonly string[] = layouts.map(({ name }) => name);

/**
 * Reads the list of a data set in a published layout.
 *
 * @param name one of {@link publishedNames}
 * @param folder the data set's, laid out as `data/README.md` says
 * @param options how much is read; entries that nobody can use as they are published are left out
 * @returns in the order of the annotations; images are not decoded yet
 * @throws {InputError} if there is no such layout; else it names the file, the entry and the field
 *   where something is wrong, or the frames or pages that are missing and the command that makes them
 */
export async function readPublished(
  name: string,
  folder: string,
  options: ListOptions = {},
): Promise<FolderSample[]> {
  const layout = layouts.find((one) => one.name === name);
  if (layout) return await readLayout(layout, folder, options);
  throw new InputError(
    `Cannot use data set ${quoted(`${name}:${folder}`)}: no layout ${quoted(name)}; nearest: ` +
      nearestNames(name, publishedNames).join(", "),
  );
}
