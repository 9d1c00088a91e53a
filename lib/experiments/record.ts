/**
 * Records of runs on disk: what was run (`manifest.json`) and what came out.
 *
 * @module
 */
import { currentBackend } from "../backend/select.ts";
import type { Kernels } from "../nn/kernels.ts";
import { digestOfBytes } from "../common/digest.ts";
import { InputError } from "../common/errors.ts";
import type { LeftOut } from "../data/unusable.ts";
import { packageVersion } from "../common/package.ts";
import {
  hasRecordFile,
  readRecordJson,
  removeRecordFile,
  writeRecordFile,
} from "../common/record_bytes.ts";
import type { Json } from "./journal.ts";
import type { Identity } from "./identity.ts";
import { checkExperiment, type ExperimentFacts } from "./registry.ts";

/** `manifest.json`: what a record was made of. */
export interface Manifest {
  /** Name of the experiment. */
  readonly experiment: string;
  /** Model: checkpoint directory or hub id. */
  readonly model: string;
  /** Data set. */
  readonly data: string;
  /** Number of samples. */
  readonly samples: number;
  /** Samples that were left out, since they cannot be used; absent where there are none. */
  readonly leftOut?: {
    /** How many. */
    readonly count: number;
    /** Which, and why. */
    readonly samples: readonly LeftOut[];
  };
  /** Version of the library. */
  readonly version: string;
  /** Commit of the checkout, where it is one. */
  readonly commit: string | null;
  /** Backend that computed. */
  readonly backend: string;
  /** Element type of weights and matrix products. */
  readonly dtype: string;
  /**
   * Where several backends computed parts of the run: which and how many units each, the one with the
   * most first; absent where one computed all.
   */
  readonly backends?: readonly {
    /** What numbers depend on, by name. */
    readonly numbers: Readonly<Record<string, string>>;
    /** How many units it computed. */
    readonly units: number;
  }[];
  /** Seed of everything random. */
  readonly seed: number;
  /** The experiment's own settings. */
  readonly options: Json;
  /** When the record was written, ISO 8601. */
  readonly date: string;
  /** Whose scores chose the heads, where scores did. */
  readonly scores?: Json;
  /** What the whole run depends on, by content; records of earlier versions have none. */
  readonly identity?: Identity;
  /**
   * Key and digest of each unit of work (a sample's question, answer, evidence and media), in the order
   * of the results. A list, since an object would put keys that are numbers first.
   */
  readonly digests?: readonly (readonly [key: string, digest: string])[];
  /** Digests of the record's other files. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What of a manifest the experiment says itself. */
export type ManifestParts =
  & Omit<Manifest, "leftOut" | "files" | "version" | "commit" | keyof Computed | "date">
  & {
    /** Samples that were left out. */
    readonly leftOut?: readonly LeftOut[];
  };

/** The commit that a checkout is at, read from its `.git` folder; null where there is none. */
export async function checkoutCommit(
  root: URL = new URL("../../", import.meta.url),
): Promise<string | null> {
  const read = async (name: string) => {
    try {
      return (await Deno.readTextFile(new URL(`.git/${name}`, root))).trim();
    } catch {
      return null; // no checkout, or no permission to read it
    }
  };
  if (root.protocol !== "file:") return null;
  const head = await read("HEAD");
  if (head === null || !head.startsWith("ref: ")) return head;
  const ref = head.slice(5);
  const own = await read(ref);
  if (own !== null) return own;
  const packed = (await read("packed-refs"))?.split("\n").find((line) => line.endsWith(` ${ref}`));
  return packed?.split(" ")[0] ?? null;
}

/** What computed, as a manifest says it. */
export interface Computed {
  /** Backend and kernels. */
  readonly backend: string;
  /** Element type of weights and matrix products. */
  readonly dtype: string;
  /** Where several backends computed parts of a run: which, and how many units each. */
  readonly backends?: Manifest["backends"];
}

/** What computes now. */
export function computedBy(kernels: Kernels): Computed {
  const backend = currentBackend();
  return {
    backend: backend ? `${backend.backend} (${kernels.name})` : kernels.name,
    dtype: kernels.computeDType,
  };
}

/** A manifest of now. */
export async function makeManifest(
  { leftOut = [], ...parts }: ManifestParts,
  computed: Computed,
): Promise<Manifest> {
  return {
    ...parts,
    ...(leftOut.length > 0 ? { leftOut: { count: leftOut.length, samples: leftOut } } : {}),
    version: packageVersion,
    commit: await checkoutCommit(),
    ...computed,
    date: new Date().toISOString(),
  };
}

/**
 * Writes the files of a record, each whole or not at all. The manifest of an earlier record goes first
 * and the new one comes last, with digests of the others, so that files of two runs never look like
 * one record. Where the folder kept a file compressed, that copy goes.
 *
 * @param folder made if missing
 * @param files texts or bytes by name
 */
export async function writeRecord(
  folder: string,
  manifest: Manifest,
  files: Readonly<Record<string, string | Uint8Array>>,
): Promise<void> {
  await removeRecordFile(folder, "manifest.json");
  const digests: Record<string, string> = {};
  for (const [name, content] of Object.entries(files)) {
    const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
    digests[name] = digestOfBytes(bytes);
    await writeRecordFile(folder, name, bytes);
  }
  const text = jsonText({ ...manifest, files: digests });
  await writeRecordFile(folder, "manifest.json", new TextEncoder().encode(text));
}

/** JSON with a line for each top-level field, numbers with seven digits. */
export function jsonText(value: object): string {
  const round = (_: string, entry: unknown) =>
    typeof entry === "number" && !Number.isInteger(entry) ? Number(entry.toPrecision(7)) : entry;
  const one = (entry: unknown) => JSON.stringify(entry, round);
  if (Array.isArray(value)) return `[\n${value.map(one).join(",\n")}\n]\n`;
  const lines = Object.entries(value).filter(([, entry]) => entry !== undefined)
    .map(([key, entry]) => `  ${JSON.stringify(key)}: ${one(entry)}`);
  return `{\n${lines.join(",\n")}\n}\n`;
}

/**
 * The manifest of a record.
 *
 * @throws {InputError} if the folder holds no record
 */
export async function readManifest(folder: string): Promise<Manifest> {
  const json = await readRecordJson(folder, "manifest.json");
  if (typeof json === "object" && json !== null && !Array.isArray(json)) return json as Manifest;
  throw new InputError(`Cannot read ${folder}/manifest.json: wanted a JSON object`);
}

/**
 * The manifest of a record, or null where there is none.
 *
 * @throws {InputError} if it is damaged
 */
export async function readManifestIfAny(folder: string): Promise<Manifest | null> {
  return await hasRecordFile(folder, "manifest.json") ? await readManifest(folder) : null;
}

/**
 * The rows of a record's `results.json`.
 *
 * @throws {InputError} if the folder holds no record of the experiment
 */
export async function readResults<Row>(folder: string, wanted: ExperimentFacts): Promise<Row[]> {
  checkExperiment(folder, await readManifestIfAny(folder), wanted);
  const json = await readRecordJson(folder, "results.json");
  if (Array.isArray(json)) return json as Row[];
  throw new InputError(`Cannot read ${folder}/results.json: wanted a list of rows`);
}
