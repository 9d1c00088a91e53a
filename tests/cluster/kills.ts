/**
 * Workers that are killed at random moments, until a run is done; then its record against that of one
 * undisturbed process. The long form, for each command:
 *
 *     deno run -A tests/cluster/kills.ts --command identify --seeds 20 --kills 3 [--from 0]
 *         [--minutes M]
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { parseArgs } from "node:util";
import { missingShards, readPlannedRun } from "../../lib/cluster/run_files.ts";
import { Random } from "../../lib/stats/random.ts";
import { goldenDir } from "../suites/golden.ts";
import { repository } from "../suites/program.ts";
import { copyFolder, recordFiles } from "./planted_run.ts";
import { assertTimesOfWorkers, timedRecord } from "./timed_record.ts";

const wait = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Commands whose runs are planned: what makes them short, and their records without times. */
const commands = {
  identify: {
    options: [],
    shardMinutes: "0.008",
    record: (folder: string) => recordFiles(folder),
  },
  ablate: {
    options: ["--fractions=0.1,0.2", "--draws=2"],
    shardMinutes: "0.03",
    record: (folder: string) =>
      recordFiles(folder, ["manifest.json", "samples.arrow", "results.json"]),
  },
  accelerate: {
    options: ["--policies=core,local,random", "--window=16", "--rounds=1", "--max-new-tokens=2"],
    shardMinutes: "0.03",
    record: timedRecord,
  },
} as const;

/** One of them. */
export type PlannedCommand = keyof typeof commands;

function start(args: readonly string[], trace?: string): Deno.ChildProcess {
  const preload = trace ? [`--preload=${repository}/tests/cluster/trace.ts`] : [];
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", ...preload, `${repository}/cli/main.ts`, ...args],
    env: {
      NO_COLOR: "1",
      TF_NUM_INTRAOP_THREADS: "1",
      ...(trace ? { CORELENS_TEST_TRACE: trace } : {}),
    },
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

async function end(...args: string[]): Promise<void> {
  const { code, stderr } = await start(args).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

/** One undisturbed process, and a plan of the same run. */
export async function undisturbed(folder: string, command: PlannedCommand): Promise<void> {
  const data = ["--model", goldenDir("qwen3_vl"), "--dataset", "shipped:scene"];
  const { options, shardMinutes } = commands[command];
  const scores = command === "identify" ? [] : ["--scores", `${folder}/scores`];
  if (command !== "identify") await end("identify", ...data, "--out", `${folder}/scores`);
  const all = [command, ...data, ...scores, ...options];
  await end(...all, "--out", `${folder}/alone`);
  await end("plan", ...all, "--out", `${folder}/plan`, "--shard-minutes", shardMinutes);
}

/** Lines of a file, which may not be there yet. */
function linesOf(path: string): string[] {
  try {
    return Deno.readTextFileSync(path).split("\n").slice(0, -1);
  } catch {
    return [];
  }
}

/** What became of a run with kills. */
export interface KilledRun {
  /** Shards. */
  readonly shards: number;
  /** Processes that were killed. */
  readonly killed: number;
  /** Those of them that had finished a unit. */
  readonly killedAtWork: number;
  /** Units that were computed and were in no journal afterwards; null where shards had two workers. */
  readonly lost: number | null;
}

/** Waits for a random moment of a worker's life: any, or while it computes. */
async function randomMoment(random: Random, trace: string, ended: () => boolean): Promise<void> {
  if (random.uniform() < 0.4) return await wait(random.uniform(100, 2500));
  const after = 1 + random.integer(2);
  while (!ended() && linesOf(trace).length < after) await wait(1);
  await wait(random.uniform(0, 150));
}

/**
 * Three workers on a run, of which so many are killed. With an even seed each shard has one worker at a
 * time, and units that were computed twice are counted; with an odd one a worker takes any shard that
 * is missing, also one that another works on.
 *
 * @throws if the merged record is not that of one process
 */
export async function killedRun(
  folder: string,
  command: PlannedCommand,
  seed: number,
  kills: number,
): Promise<KilledRun> {
  const run = `${folder}/run${seed}`, alone = seed % 2 === 0;
  await copyFolder(`${folder}/plan`, run);
  const { shards, units, cost } = await readPlannedRun(run);
  const taken = new Set<number>(), traces: string[] = [];
  let killed = 0, killedAtWork = 0;
  const worker = async (name: number) => {
    const random = new Random(seed).fork(`worker ${name}`);
    for (;;) {
      const missing = await missingShards(run, shards);
      if (missing.length === 0) return;
      const free = missing.filter((shard) => !alone || !taken.has(shard));
      if (free.length === 0) {
        await wait(20);
        continue;
      }
      const shard = free[random.integer(free.length)], trace = `${run}/trace${traces.length}`;
      taken.add(shard);
      traces.push(trace);
      const child = start(["work", run, "--shard", String(shard)], trace);
      const output = child.output();
      let ended = false;
      const watch = output.then(() => void (ended = true));
      if (killed < kills) {
        await Promise.race([watch, randomMoment(random, trace, () => ended)]);
        if (!ended && killed < kills) {
          child.kill("SIGKILL");
          killed++;
          if (linesOf(trace).length > 0) killedAtWork++;
        }
      }
      const { code, signal, stderr } = await output;
      if (signal !== "SIGKILL") assertEquals(code, 0, new TextDecoder().decode(stderr));
      taken.delete(shard);
    }
  };
  await Promise.all([0, 1, 2].map(worker));
  await end("merge", run);
  const { record } = commands[command];
  assertEquals(await record(run), await record(`${folder}/alone`));
  if (command === "accelerate") await assertTimesOfWorkers(run);
  const computed = traces.flatMap(linesOf);
  const lost = alone ? computed.length - (units - cost.tried) : null;
  assertEquals(new Set(computed).size >= units - cost.tried, true, "every unit was computed");
  if (lost !== null) assert(lost <= killed, `${lost} units were lost by ${killed} kills`);
  await Deno.remove(run, { recursive: true });
  return { shards, killed, killedAtWork, lost };
}

if (import.meta.main) {
  const text = (byDefault: string) => ({ type: "string", default: byDefault }) as const;
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      command: text("identify"),
      seeds: text("20"),
      kills: text("3"),
      from: text("0"),
      minutes: text("600"),
    },
  });
  const folder = await Deno.makeTempDir({ prefix: "corelens-cluster-" });
  const command = values.command as PlannedCommand, from = Number(values.from);
  await undisturbed(folder, command);
  const sums = { killed: 0, killedAtWork: 0, lost: 0 };
  const end = performance.now() + 60_000 * Number(values.minutes);
  for (let seed = from; seed < from + Number(values.seeds) && performance.now() < end; seed++) {
    const { shards, killed, killedAtWork, lost } = await killedRun(
      folder,
      command,
      seed,
      Number(values.kills),
    );
    sums.killed += killed;
    sums.killedAtWork += killedAtWork;
    sums.lost += lost ?? 0;
    console.log(
      `${command}, seed ${seed}: record equal; ${shards} shards, so far ${sums.killed} kills, ` +
        `${sums.killedAtWork} of them after a unit, ${sums.lost} units computed again`,
    );
  }
  await Deno.remove(folder, { recursive: true });
}
