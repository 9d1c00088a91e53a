/**
 * A run on the planted model, whose samples can fail as a killed process would.
 *
 * @module
 */
import { digestOf } from "../../lib/common/digest.ts";
import { findHeads, findHeadsRun, type Samples } from "../../lib/experiments/find_heads.ts";
import type { SamplesContext } from "../../lib/experiments/run_context.ts";
import { planRun } from "../../lib/cluster/plan_run.ts";
import type { OpenedRun } from "../../lib/cluster/run_files.ts";
import { workShard } from "../../lib/cluster/work_shard.ts";
import { UnusableSampleError } from "../../lib/data/unusable.ts";
import { plantedModel } from "../../lab/planted/planted.ts";
import { plantedSample } from "../../lab/planted/planted_world.ts";
import { testKernels } from "../suites/golden.ts";

const settings = { model: "planted", data: "planted", draws: 100, fraction: 3 / 16 };

/** How the samples are. */
export interface Mishap {
  /** The sample at which the process ends. */
  readonly killedAt?: number;
  /** A sample that cannot be used. */
  readonly unusable?: number;
  /** A sample that is not as it was planned. */
  readonly changed?: number;
  /** Media that samples have in common, by their places. */
  readonly media?: (i: number) => string[];
  /** Ids of the samples that were computed are added here. */
  readonly seen?: string[];
}

/** A model, samples and a folder. */
export class PlantedRun implements AsyncDisposable {
  readonly #planted;
  #taken = 0;

  private constructor(planted: ReturnType<typeof plantedModel>, readonly folder: string) {
    this.#planted = planted;
  }

  /** Makes a model. */
  static async make(): Promise<PlantedRun> {
    const planted = plantedModel(await testKernels(), { seed: 1, retrievalHeads: 3, layers: 2 });
    return new PlantedRun(planted, await Deno.makeTempDir());
  }

  /** The samples. */
  samples(mishap: Mishap = {}): Samples {
    const { killedAt, unusable, changed, media, seen } = mishap;
    return Array.from({ length: 6 }, (_, i) => {
      const sample = {
        ...plantedSample(1, i === changed ? 99 : i),
        domain: i % 2 ? "page" : "scene",
      };
      const id = `s${i}`;
      return {
        id,
        domain: sample.domain,
        media: media?.(i),
        digest: () => Promise.resolve(digestOf(sample)),
        load: () => {
          if (i === killedAt) return Promise.reject(new Error("killed"));
          if (i === unusable) return Promise.reject(new UnusableSampleError(id, "damaged"));
          seen?.push(id);
          return Promise.resolve({ ...sample, id });
        },
      };
    });
  }

  /** A folder of its own. */
  out(): string {
    return `${this.folder}/${this.#taken++}`;
  }

  /** One undisturbed process. */
  async alone(mishap: Mishap = {}, context: SamplesContext = {}): Promise<string> {
    const folder = this.out();
    await findHeads(this.#planted.model, this.samples(mishap), { ...settings, ...context, folder });
    return folder;
  }

  /** Plans with about `each` units in a shard. */
  async plan(mishap: Mishap = {}, context: SamplesContext = {}): Promise<OpenedRun> {
    const folder = context.folder ?? this.out();
    using run = await findHeadsRun(this.#planted.model, this.samples(mishap), {
      ...settings,
      ...context,
    });
    return await planRun(run, {
      ...context,
      folder,
      command: "identify",
      arguments: [],
      shardMinutes: 1e-7, // each unit, or each group, is a shard
    });
  }

  /** Works on a shard. */
  async work(
    folder: string,
    shard: number,
    mishap: Mishap = {},
    context: SamplesContext = {},
    fraction = settings.fraction,
  ): Promise<void> {
    using run = await findHeadsRun(this.#planted.model, this.samples(mishap), {
      ...settings,
      fraction,
      ...context,
    });
    await workShard(run, folder, shard, context);
  }

  /** The files of a record, without the date of the manifest. */
  async files(folder: string): Promise<string[]> {
    return await recordFiles(folder);
  }

  /** Removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#planted.model.dispose();
    await Deno.remove(this.folder, { recursive: true });
  }
}

/** The files of a record as text or hexadecimal, without the date of the manifest. */
export async function recordFiles(
  folder: string,
  names: readonly string[] = ["manifest.json", "samples.arrow", "scores.json"],
): Promise<string[]> {
  return await Promise.all(
    names.map(async (name) =>
      name.endsWith(".json")
        ? (await Deno.readTextFile(`${folder}/${name}`)).replace(/"date": "[^"]*"/, "")
        : (await Deno.readFile(`${folder}/${name}`)).toHex()
    ),
  );
}

/** Copies the folder of a run. */
export async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
