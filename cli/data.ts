/**
 * What commands that run over a data set share: their options, the samples, the record's settings.
 *
 * @module
 */
import type { FolderSample } from "../lib/data/folder_data_set.ts";
import { publishedNames } from "../lib/data/published/mod.ts";
import type { Arguments, Options } from "./command.ts";

/** Options of commands that read a data set. */
export const dataOptions: Options = {
  dataset: {
    type: "string",
    value: "DIR|NAME:DIR|shipped:DOMAIN",
    help: "folder with samples.jsonl, folder in a published layout (NAME: " +
      `${publishedNames.join(", ")}; see data/README.md), or shipped ` +
      "samples (all: shipped)",
  },
  out: { type: "string", value: "RUN", help: "folder for the record" },
  limit: { type: "string", value: "N", help: "only the first N samples of each domain" },
};

/** The first `limit` samples of each domain, in order. */
export function limitByDomain<T extends { readonly domain: string }>(
  samples: readonly T[],
  limit: number,
): T[] {
  const seen = new Map<string, number>();
  return samples.filter(({ domain }) => {
    const count = (seen.get(domain) ?? 0) + 1;
    seen.set(domain, count);
    return count <= limit;
  });
}

/** A data set and where its record goes. */
export interface DataRun {
  /** Samples of `--dataset`, as many as `--limit` allows. */
  readonly samples: FolderSample[];
  /** What every experiment's record says. */
  readonly record: {
    /** Folder of the record. */
    readonly folder: string;
    /** Name of the data set. */
    readonly data: string;
    /** Name of the model. */
    readonly model: string;
    /** Seed of everything random. */
    readonly seed: number;
  };
}

/**
 * Reads `--dataset`, `--out`, `--limit`, `--seed` and `--model`, before any model is loaded.
 *
 * @param choose leaves out samples that the command cannot use
 * @throws {InputError} for missing options and a data set that cannot be read
 */
export async function readData(
  args: Arguments,
  choose: (samples: readonly FolderSample[], data: string) => readonly FolderSample[] = (all) =>
    all,
): Promise<DataRun> {
  const { listSamples } = await import("../lib/data/shipped_samples.ts");
  const data = args.required("dataset"), folder = args.required("out");
  const limit = args.integer("limit", Number.MAX_SAFE_INTEGER, 1);
  const seed = args.integer("seed", 0, 0);
  const samples = limitByDomain(choose(await listSamples(data), data), limit);
  return { samples, record: { folder, data, model: args.text("model") ?? "mini", seed } };
}
