/**
 * A small world to kill runs in: a tiny checkpoint, a folder data set, and the command line in
 * processes of its own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import {
  type FolderSample,
  loadSample,
  writeFolderDataSet,
} from "../../lib/data/folder_data_set.ts";
import { listSamples } from "../../lib/data/shipped_samples.ts";
import { goldenDir } from "../suites/golden.ts";

/** Commands that are killed. */
export type CommandName = "identify" | "ablate" | "accelerate";

/** What a process said when it ended by itself. */
export interface Ended {
  readonly code: number;
  readonly err: string;
}

/** When a process is killed. */
export type Moment =
  /** When the journal has so many lines, after some milliseconds. */
  | { readonly lines: number; readonly delay: number }
  /** When a file of this name is there, after some milliseconds. */
  | { readonly file: RegExp; readonly delay: number }
  /** After so many milliseconds. */
  | { readonly delay: number };

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function namesIn(folder: string): string[] {
  try {
    return Array.from(Deno.readDirSync(folder), ({ name }) => name);
  } catch {
    return [];
  }
}

function linesOf(path: string): number {
  try {
    return Deno.readTextFileSync(path).split("\n").length - 1;
  } catch {
    return 0;
  }
}

/** Whether a moment has come, apart from its delay. */
function hasCome(moment: Moment, folder: string): boolean {
  if ("lines" in moment) return linesOf(`${folder}/run.partial`) >= moment.lines;
  if ("file" in moment) return namesIn(folder).some((name) => moment.file.test(name));
  return true;
}

/** A checkpoint, a data set and runs in a temporary folder. */
export class World implements AsyncDisposable {
  /** Options that runs get besides the usual ones. */
  options: string[] = [];

  private constructor(
    readonly folder: string,
    readonly command: CommandName,
    /** The samples, as they are now. */
    public samples: FolderSample[],
  ) {}

  /** Copies a checkpoint and samples, and finds heads on other samples where they are needed. */
  static async make(command: CommandName): Promise<World> {
    const folder = await Deno.makeTempDir({ prefix: "corelens-kill-" });
    const from = goldenDir("qwen3_vl");
    await Deno.mkdir(`${folder}/model`);
    for (const { name, isFile } of Deno.readDirSync(from)) {
      if (isFile) await Deno.copyFile(`${from}/${name}`, `${folder}/model/${name}`);
    }
    const scenes = await listSamples("shipped:scene");
    const write = async (name: string, samples: FolderSample[]) =>
      await writeFolderDataSet(`${folder}/${name}`, await Promise.all(samples.map(loadSample)));
    await write("data", scenes.slice(0, 6));
    const world = new World(folder, command, await listSamples(`${folder}/data`));
    if (command !== "identify") {
      await write("other", scenes.slice(6, 8));
      const args = ["identify", "--dataset", world.path("other"), "--out", world.path("scores")];
      const { code, err } = await world.end([...args, "--model", world.path("model")]);
      if (code !== 0) throw new Error(err);
    }
    return world;
  }

  /** A path in this world. */
  path(name: string): string {
    return `${this.folder}/${name}`;
  }

  /** Arguments of a run. */
  args(out: string): string[] {
    const scores = this.command === "identify" ? [] : ["--scores", this.path("scores")];
    const small = {
      identify: [],
      ablate: ["--fractions", "0.25", "--draws", "1"],
      accelerate: ["--fractions", "0.25", "--rounds", "1", "--window", "16", "--policies", "core"],
    }[this.command];
    return [
      ...[this.command, "--model", this.path("model"), "--dataset", this.path("data")],
      ...["--out", this.path(out), ...scores, ...small, ...this.options],
    ];
  }

  #spawn(args: readonly string[]): Deno.ChildProcess {
    const main = fileURLToPath(new URL("../../cli/main.ts", import.meta.url));
    return new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", main, ...args],
      env: { NO_COLOR: "1", XDG_CACHE_HOME: this.path("cache") },
      stdout: "null",
      stderr: "piped",
    }).spawn();
  }

  /** Runs to the end. */
  async end(args: readonly string[]): Promise<Ended> {
    const { code, stderr } = await this.#spawn(args).output();
    return { code, err: new TextDecoder().decode(stderr) };
  }

  /** Runs and kills. @returns whether the process was killed before it ended */
  async kill(out: string, moment: Moment): Promise<boolean> {
    const child = this.#spawn(this.args(out));
    let ended = false;
    const output = child.output().then(({ code, signal }) => {
      ended = true;
      return { code, signal };
    });
    while (!ended && !hasCome(moment, this.path(out))) await wait(1);
    for (let left = moment.delay; !ended && left > 0; left -= 5) await wait(Math.min(left, 5));
    try {
      child.kill("SIGKILL");
    } catch {
      // it has ended
    }
    return (await output).signal === "SIGKILL";
  }

  /** Files of a run, without what may differ: the date, and times of prefill. */
  async files(out: string): Promise<Record<string, string>> {
    const found: Record<string, string> = {};
    for (const name of namesIn(this.path(out)).sort()) {
      const path = `${this.path(out)}/${name}`;
      if (!name.endsWith(".json")) {
        found[name] = (await Deno.readFile(path)).toHex();
        continue;
      }
      const text = await Deno.readTextFile(path);
      const times = /"(?:denseMs|sparseMs|ci95)":\[[^\]]*\]|"speedup":[^,]*/g;
      const digest = /"results\.json":"[^"]*"/;
      const bare = this.command === "accelerate"
        ? text.replace(times, "").replace(digest, "")
        : text;
      found[name] = name === "manifest.json" ? bare.replace(/"date": "[^"]*"/, "") : bare;
    }
    return found;
  }

  /** Writes the samples as they are now. */
  async writeSamples(): Promise<void> {
    const lines = this.samples.map(({ folder: _, ...entry }) => JSON.stringify(entry) + "\n");
    await Deno.writeTextFile(this.path("data/samples.jsonl"), lines.join(""));
  }

  /** Removes everything. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.folder, { recursive: true });
  }
}
