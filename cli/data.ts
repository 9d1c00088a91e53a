/**
 * What commands that run over a data set share: their options, the samples, the record's settings.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { quoted } from "../lib/common/text.ts";
import type { FolderSample } from "../lib/data/folder_data_set.ts";
import { publishedNames } from "../lib/data/published/mod.ts";
import { sharedMediaLine } from "../lib/data/shared_media.ts";
import { type LeftOut, leftOutLine } from "../lib/data/unusable.ts";
import type { Arguments, Options } from "./command.ts";
import { checkOutput } from "./outputs.ts";
import { pixelOptions } from "./pixels.ts";

/** Options of commands that read a data set. */
export const dataOptions: Options = {
  dataset: {
    type: "string",
    value: "DATASET",
    help: "a folder with samples.jsonl; NAME:DIR for a folder in a published layout (NAME: " +
      `${publishedNames.join(", ")}; see data/README.md); ` +
      "shipped or shipped:DOMAIN for the shipped samples",
  },
  out: { type: "string", value: "RUN", help: "folder for the record" },
  limit: { type: "string", value: "N", help: "only the first N samples of each domain" },
  skip: {
    type: "string",
    value: "N",
    help: "leave out the first N samples of each domain, such as those that chose the heads",
  },
  "skip-bad": {
    type: "boolean",
    help: "skip samples that cannot be used, and list them in the manifest",
  },
  ...pixelOptions,
  "reuse-mb": {
    type: "string",
    value: "MB",
    help: "memory for work shared by samples on the same media (default 2048; 0: none)",
  },
  fresh: { type: "boolean", help: "start over: remove what earlier runs left in --out" },
};

/** Option of commands that use head scores. */
export const otherScoresOption: Options = {
  "allow-other-scores": {
    type: "boolean",
    help: "use scores of another model of the same sizes, for transfer experiments",
  },
};

/** The option of commands that ask questions. */
export const answerOptions: Options = {
  "max-new-tokens": {
    type: "string",
    value: "N",
    help: "maximum tokens of an answer, reasoning included (default: what the answer needs)",
  },
};

/** What {@link answerOptions} say. */
export function answerSettings(args: Arguments): { readonly maxNewTokens?: number } {
  if (args.text("max-new-tokens") === undefined) return {};
  return { maxNewTokens: args.integer("max-new-tokens", 0, 1) };
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
    /** Whether the run goes on without samples that cannot be used. */
    readonly skipBad: boolean;
    /** Samples that were left out already. */
    readonly leftOut: readonly LeftOut[];
    /** Says on standard error which sample is left out during the run. */
    readonly onLeftOut: (sample: LeftOut) => void;
    /** Whether to start over. */
    readonly fresh: boolean;
    /** Shows what the user should know. */
    readonly onNotice: (text: string) => void;
    /** Bytes for what samples on the same media have in common. */
    readonly reuseBytes: number;
  };
}

/**
 * Reads `--dataset`, `--out`, `--limit`, `--skip`, `--skip-bad`, `--reuse-mb`, `--seed` and `--model`, before any
 * model is loaded. Says on standard error how many samples were left out since they cannot be used,
 * and whether several ask about the same images.
 *
 * @param refuse why the command has no use for a sample, or null; it has one for all by default
 * @throws {InputError} for missing options and a data set that cannot be read
 */
export async function readData(
  args: Arguments,
  refuse: (sample: FolderSample) => string | null = () => null,
): Promise<DataRun> {
  const { listSamples } = await import("../lib/data/shipped_samples.ts");
  const data = args.required("dataset"), folder = args.required("out");
  await checkOutput(folder, "folder");
  const reuseBytes = args.integer("reuse-mb", 2048, 0) * 2 ** 20;
  const limit = args.integer("limit", Number.MAX_SAFE_INTEGER, 1);
  const skip = args.integer("skip", 0, 0), seed = args.integer("seed", 0, 0);
  const skipBad = args.flag("skip-bad"), leftOut: LeftOut[] = [], refused: LeftOut[] = [];
  const accept = (sample: FolderSample) => {
    const reason = refuse(sample);
    if (reason !== null) refused.push({ sample: sample.id, reason });
    return reason === null;
  };
  const samples = await listSamples(data, {
    limit,
    skip,
    accept,
    skipBad,
    onLeftOut: (sample) => leftOut.push(sample),
  });
  if (leftOut.length > 0) console.error(leftOutLine(leftOut));
  if (samples.length === 0 && skip > 0) {
    throw new InputError(
      `Cannot use --skip ${skip}: it leaves no sample of ${quoted(data)} that can be used`,
    );
  }
  const shared = sharedMediaLine(samples);
  if (shared !== null) console.error(shared);
  const onLeftOut = ({ sample, reason }: LeftOut) =>
    console.error(`left out: sample ${sample}: ${reason}`);
  const model = args.text("model") ?? "mini";
  const fresh = args.flag("fresh"), onNotice = (text: string) => console.error(text);
  return {
    samples,
    record: {
      folder,
      data,
      model,
      seed,
      skipBad,
      leftOut: [...leftOut, ...refused],
      onLeftOut,
      fresh,
      onNotice,
      reuseBytes,
    },
  };
}
