/**
 * The Slurm engine: a script that a person can read, sent as an array of tasks, one for each shard.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import { mostTries, usersMistake } from "./local_engine.ts";

/** Seconds before the time limit at which a task closes its journal and is queued again. */
const warningSeconds = 60;

/** Times that a task may reach its time limit. */
const mostLimits = 50;

/** What a script is made of. Paths are from the root on. */
export interface SlurmScript {
  /** The run's folder. */
  readonly folder: string;
  /** File with a shard's number on each line. */
  readonly list: string;
  /** How many lines it has. */
  readonly tasks: number;
  /** Tasks at once at most; as many as the cluster allows by default. */
  readonly workers?: number;
  /** Words that start the command line. */
  readonly program: readonly string[];
  /** Where the program runs. */
  readonly cwd: string;
}

/** A word as a shell reads it. */
function shellWord(text: string): string {
  return /^[\w./:=+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The script of one array.
 *
 * @throws {InputError} for paths that no line of a script can hold
 *
 * @example
 * ```ts
 * import { slurmScript } from "./slurm_engine.ts";
 * import { assert } from "@std/assert";
 * const text = slurmScript({
 *   folder: "/runs/a",
 *   list: "/runs/a/slurm/shards.txt",
 *   tasks: 12,
 *   workers: 4,
 *   program: ["deno", "run", "main.ts"],
 *   cwd: "/corelens",
 * });
 * assert(text.includes("#SBATCH --array=0-11%4"));
 * ```
 */
export function slurmScript(script: SlurmScript): string {
  const { folder, list, tasks, workers, program, cwd } = script;
  const bad = [folder, list, cwd].find((path) => /[\n\r%"\\]/.test(path));
  if (bad !== undefined) {
    throw new InputError(
      `Cannot write a Slurm script for ${
        JSON.stringify(bad)
      }: a path there may not hold %, quotes, ` +
        "backslashes or line ends",
    );
  }
  const most = workers === undefined ? "" : `%${workers}`;
  return `#!/bin/bash
#SBATCH --job-name=corelens
#SBATCH --array=0-${tasks - 1}${most}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output="${folder}/slurm/%A_%a.log"
#SBATCH --signal=B:USR1@${warningSeconds}

# One task for each line of this list of shards.
shard=$(sed -n "$((SLURM_ARRAY_TASK_ID + 1))p" ${shellWord(list)})
tries=${shellWord(folder)}/slurm/tries.$shard

# As many threads as were allocated, no network, and Deno's cache on the node's own disk: on a
# network file system its database hangs.
export TF_NUM_INTRAOP_THREADS="\${SLURM_CPUS_PER_TASK:-1}"
export HF_HUB_OFFLINE=1
export DENO_DIR="\${SLURM_TMPDIR:-\${TMPDIR:-/tmp}}/corelens-deno-$(id -u)"

cd ${shellWord(cwd)} || exit 1
${program.map(shellWord).join(" ")} work ${shellWord(folder)} --shard "$shard" &
worker=$!
limit=no
trap 'limit=yes; kill -TERM $worker' USR1
trap 'trap "" TERM; kill -TERM $worker; wait $worker; exit 143' TERM
wait $worker
code=$?
while kill -0 $worker 2>/dev/null; do
  wait $worker
  code=$?
done

# A worker that was killed could not say so itself.
if [ $code -gt 128 ]; then
  printf '{"at":%s000,"host":"%s","pid":%s,"event":"failed","code":%s,"message":"killed by signal %s"}\\n' \\
    "$(date +%s)" "$SLURMD_NODENAME" $worker $code $((code - 128)) >> ${
    shellWord(folder)
  }/log/$shard.jsonl
fi

# 0: done, or done already. ${usersMistake}: a mistake that another try would only repeat.
[ $code -eq 0 ] || [ $code -eq ${usersMistake} ] && exit $code

# Another try of this task alone: ${mostTries} in all after failures, ${mostLimits} at the time limit, where nothing failed.
if [ $limit = yes ]; then
  [ "\${SLURM_RESTART_COUNT:-0}" -lt ${mostLimits} ] || exit $code
else
  echo "$code" >> "$tries"
  [ "$(wc -l < "$tries")" -lt ${mostTries} ] || exit $code
fi
scontrol requeue "\${SLURM_ARRAY_JOB_ID}_\${SLURM_ARRAY_TASK_ID}"
exit $code
`;
}

/** The largest array that a cluster takes, from what `scontrol show config` says; Slurm's 1001 by default. */
export function maxArraySize(config: string): number {
  return Number(/^MaxArraySize\s*=\s*(\d+)/m.exec(config)?.[1] ?? 1001);
}

/**
 * Shards in arrays that a cluster takes.
 *
 * @example
 * ```ts
 * import { arraysOf } from "./slurm_engine.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(arraysOf([3, 4, 5], 2), [[3, 4], [5]]);
 * ```
 */
export function arraysOf(shards: readonly number[], largest: number): number[][] {
  return Array.from(
    { length: Math.ceil(shards.length / largest) },
    (_, i) => shards.slice(i * largest, (i + 1) * largest),
  );
}
