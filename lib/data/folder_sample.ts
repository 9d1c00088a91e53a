/**
 * Samples that lie in a folder: entries whose media are files.
 *
 * @module
 */
import type { SampleEntry } from "./sample_json.ts";

/** A sample of a folder data set; its images are read when it is loaded. */
export type FolderSample = SampleEntry & {
  /** Folder that its paths are relative to and may not leave. */
  readonly folder: string;
};
