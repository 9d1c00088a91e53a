/**
 * The samples that come with the repository.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { dataFolder } from "../families/shipped.ts";
import { type FolderSample, loadSample, readFolderDataSet } from "./folder_data_set.ts";
import type { Sample } from "./sample.ts";

/**
 * Lists the samples of a data set.
 *
 * @param name `shipped`, `shipped:DOMAIN`, or a folder with `samples.jsonl`
 * @throws {InputError} if there is no such domain or folder, or a line is damaged
 */
export function listSamples(name: string): Promise<FolderSample[]> {
  const match = /^shipped(?::(.+))?$/.exec(name);
  return match ? readFolderDataSet(`${dataFolder()}/samples`, match[1]) : readFolderDataSet(name);
}

/**
 * One shipped sample, with its pictures.
 *
 * @param domain `scene`, `video`, `page`, `document` or `long-video`
 * @param index which of the domain's samples, from 0
 * @throws {InputError} if there is no such sample
 *
 * @example
 * ```ts
 * import { shippedSample } from "../../lib/tasks/shipped_samples.ts";
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
