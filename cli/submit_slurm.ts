/**
 * How `submit` sends shards to Slurm.
 *
 * @module
 */
import { InputError } from "../lib/common/errors.ts";
import { writeTextAtomically } from "../lib/common/files.ts";
import { arraysOf, maxArraySize, slurmScript } from "../lib/cluster/slurm_engine.ts";
import { childEnvironment, launching, repository } from "./engines.ts";

/** Runs one of Slurm's programs. @throws {InputError} if it is not there, or refuses */
async function slurm(program: string, args: readonly string[]): Promise<string> {
  const command = new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: childEnvironment(),
  });
  const { success, stdout, stderr } = await command.output().catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(
      `Cannot submit to Slurm: there is no program ${program}; run this on a machine that submits ` +
        "jobs, or use --engine local",
    );
  });
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  if (success) return text(stdout);
  throw new InputError(`Cannot submit to Slurm: ${program} says: ${text(stderr)}`);
}

/**
 * Writes a script and a list for each array and sends them.
 *
 * @param engineArgs what `sbatch` gets besides, such as `--partition=gpu`
 * @returns numbers of the jobs
 */
export async function submitToSlurm(
  folder: string,
  shards: readonly number[],
  engineArgs: readonly string[],
  workers?: number,
): Promise<string[]> {
  const largest = maxArraySize(await slurm("scontrol", ["show", "config"]));
  const place = `${folder}/slurm`, stamp = new Date().toISOString().replace(/\D/g, "").slice(0, 14);
  await Deno.mkdir(place, { recursive: true });
  for (const { name } of [...Deno.readDirSync(place)]) { // a new submission has all its tries
    if (name.startsWith("tries.")) await Deno.remove(`${place}/${name}`);
  }
  const jobs: string[] = [];
  for (const [i, own] of arraysOf(shards, largest).entries()) {
    const list = `${place}/${stamp}-${i}.txt`, script = `${place}/${stamp}-${i}.sh`;
    await writeTextAtomically(list, own.map((shard) => `${shard}\n`).join(""));
    const text = slurmScript({
      folder,
      list,
      tasks: own.length,
      workers,
      program: [Deno.execPath(), ...launching()],
      cwd: repository,
    });
    await writeTextAtomically(script, text);
    const said = await slurm("sbatch", ["--parsable", ...engineArgs, script]);
    jobs.push(said.split(";")[0]);
    console.error(`sent ${own.length} shards as job ${jobs.at(-1)}: ${script}`);
  }
  return jobs;
}
