/**
 * Workers that are killed at random moments, until a run is done; then its bytes against those of one
 * undisturbed process. The long form:
 *
 *     deno run -A tests/cluster/kills.ts --seeds 20 --kills 3
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { parseArgs } from "node:util";
import { missingShards, readPlannedRun } from "../../lib/cluster/run_files.ts";
import { Random } from "../../lib/stats/random.ts";
import { goldenDir } from "../suites/golden.ts";
import { repository } from "../suites/program.ts";
import { recordFiles } from "./planted_run.ts";

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function start(...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "-A", `${repository}/cli/main.ts`, ...args],
    env: { NO_COLOR: "1", TF_NUM_INTRAOP_THREADS: "1" },
    stdout: "null",
    stderr: "piped",
  }).spawn();
}

async function end(...args: string[]): Promise<void> {
  const { code, stderr } = await start(...args).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

/** One undisturbed process, and a plan of the same run. */
export async function undisturbed(folder: string): Promise<void> {
  const data = ["--model", goldenDir("qwen3_vl"), "--dataset", "shipped:scene"];
  await end("identify", ...data, "--out", `${folder}/alone`);
  await end("plan", "identify", ...data, "--out", `${folder}/plan`, "--shard-minutes", "0.003");
}

/**
 * Three workers, each of which takes any missing shard, also one that another works on; so many of
 * them are killed.
 *
 * @returns how many were killed
 */
export async function killedRun(folder: string, seed: number, kills: number): Promise<number> {
  const run = `${folder}/run${seed}`;
  await new Deno.Command("cp", { args: ["-r", `${folder}/plan`, run] }).output();
  const { shards } = await readPlannedRun(run);
  let killed = 0;
  const worker = async (name: number) => {
    const random = new Random(seed).fork(`worker ${name}`);
    for (;;) {
      const missing = await missingShards(run, shards);
      if (missing.length === 0) return;
      const child = start("work", run, "--shard", String(missing[random.integer(missing.length)]));
      const output = child.output();
      let ended = false;
      const watch = output.then(() => void (ended = true));
      if (killed < kills) {
        await Promise.race([watch, wait(random.uniform(200, 3000))]);
        if (!ended && killed < kills) {
          child.kill("SIGKILL");
          killed++;
        }
      }
      const { code, signal, stderr } = await output;
      if (signal !== "SIGKILL") assertEquals(code, 0, new TextDecoder().decode(stderr));
    }
  };
  await Promise.all([0, 1, 2].map(worker));
  await end("merge", run);
  assertEquals(await recordFiles(run), await recordFiles(`${folder}/alone`));
  return killed;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { seeds: { type: "string", default: "20" }, kills: { type: "string", default: "3" } },
  });
  const folder = await Deno.makeTempDir({ prefix: "corelens-cluster-" });
  await undisturbed(folder);
  let sum = 0;
  for (let seed = 0; seed < Number(values.seeds); seed++) {
    sum += await killedRun(folder, seed, Number(values.kills));
    console.log(`seed ${seed}: merged bytes equal, ${sum} kills so far`);
  }
  await Deno.remove(folder, { recursive: true });
}
