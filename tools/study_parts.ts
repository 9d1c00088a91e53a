/**
 * Which parts of a study are to be computed.
 *
 * @module
 */
import { join } from "node:path";
import { hasRecordFile } from "../lib/common/record_bytes.ts";

/** Whether a part is asked for and has no record yet. */
export type IsWanted = (part: string) => Promise<boolean>;

/**
 * Tells the parts to compute.
 *
 * @param out folder of the study's records, one folder a part
 * @param parts names of what is asked for, with commas between them
 */
export function partsWithoutRecord(out: string, parts: string): IsWanted {
  const asked = parts.split(",");
  return async (part) => asked.includes(part) && !await isRecorded(join(out, part));
}

/** Whether a folder holds a finished record. */
export function isRecorded(folder: string): Promise<boolean> {
  return hasRecordFile(folder, "manifest.json");
}
