/**
 * Samples by the name of their data set: those that come with the repository, folders, and folders in
 * a published layout.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import { dataFolder } from "../families/shipped.ts";
import {
  type FolderSample,
  loadSample,
  readFolderDataSet,
  samplesFile,
} from "./folder_data_set.ts";
import type { ListOptions } from "./listing.ts";
import { publishedNames, readPublished } from "./published/mod.ts";
import type { Sample } from "./sample.ts";

/**
 * Lists the samples of a data set.
 *
 * @param name `shipped`, `shipped:DOMAIN`, a folder with `samples.jsonl`, or `NAME:DIR`: a folder in
 *   the published layout of that name, such as `refcocog:my_folder`
 * @param options how much is read, and what is told of samples that are left out
 * @throws {InputError} if there is no such domain, layout or folder, or an entry is damaged
 *
 * @example
 * ```ts
 * import { listSamples } from "./shipped_samples.ts";
 * import { assertEquals, assertRejects } from "@std/assert";
 * assertEquals((await listSamples("shipped:page")).length, 10);
 * await assertRejects(() => listSamples("refcoccg:a_folder"), Error, "refcocog");
 * ```
 */
export async function listSamples(
  name: string,
  options: ListOptions = {},
): Promise<FolderSample[]> {
  const match = /^([\w+-]+)(?::(.+))?$/.exec(name);
  if (match?.[1] === "shipped") {
    return await readFolderDataSet(`${dataFolder()}/samples`, match[2], options);
  }
  if (!match?.[2] || match[1].length === 1) { // C:\... is a path
    await checkFolder(name);
    return await readFolderDataSet(name, undefined, options);
  }
  return await readPublished(match[1], match[2], options);
}

/** Refuses what is no folder data set, with what a data set may be. */
async function checkFolder(name: string): Promise<void> {
  const { isDirectory } = await Deno.stat(name).catch(() => ({ isDirectory: null }));
  const isList = await Deno.stat(`${name}/${samplesFile}`).then(() => true, () => false);
  if (isList) return;
  const table = /\.(csv|tsv|json|parquet|arrow|xlsx?)$/i.test(name)
    ? `it is a table; data/README.md ("Data of your own") makes ${samplesFile} of it`
    : /\.jsonl$/i.test(name)
    ? `it is a list; call it ${samplesFile} and give the folder that it is in`
    : null;
  const found = isDirectory === null
    ? "there is no such folder"
    : isDirectory
    ? `the folder has no ${samplesFile}`
    : table ?? "it is no folder";
  throw new InputError(
    `Cannot read data set ${
      quoted(name)
    }: ${found}; wanted a folder with ${samplesFile}, shipped, ` +
      `shipped:DOMAIN, or NAME:FOLDER for a published layout (${publishedNames.join(", ")})`,
  );
}

/**
 * Those samples that say where their answer stands, which scores of heads need.
 *
 * @throws {InputError} if none does
 */
export function samplesWithEvidence<T extends { readonly evidence: readonly unknown[] }>(
  samples: readonly T[],
  name: string,
): T[] {
  const known = samples.filter(({ evidence }) => evidence.length > 0);
  if (known.length > 0) return known;
  throw noEvidence(name, samples.length);
}

/** The error for a data set whose samples do not say where their answers stand. */
export function noEvidence(name: string, samples: number): InputError {
  return new InputError(
    `Cannot score heads on ${quoted(name)}: none of its ${samples} samples says where its answer ` +
      `stands; find heads on another data set, and test them on this one`,
  );
}

/**
 * One shipped sample, with its images.
 *
 * @param domain `scene`, `video`, `page`, `document` or `long-video`
 * @param index which of the domain's samples, from 0
 * @throws {InputError} if there is no such sample
 *
 * @example
 * ```ts
 * import { shippedSample } from "./shipped_samples.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals((await shippedSample("document")).domain, "document");
 * ```
 */
export async function shippedSample(domain: string, index = 0): Promise<Sample> {
  const samples = await listSamples(`shipped:${domain}`);
  if (samples[index]) return await loadSample(samples[index]);
  throw new InputError(
    `Cannot take sample ${index} of domain ${domain}: it has samples 0 to ${samples.length - 1}`,
  );
}
