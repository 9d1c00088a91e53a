/**
 * How `submit` starts workers on this machine.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

/** Variables that workers and schedulers inherit. */
const inherited = [
  "CORELENS_NATIVE",
  "CORELENS_TRACE",
  "DENO_DIR",
  "HF_ENDPOINT",
  "HF_HOME",
  "HF_HUB_CACHE",
  "HF_HUB_OFFLINE",
  "HF_TOKEN",
  "HF_TOKEN_PATH",
  "HOME",
  "HOSTNAME",
  "HUGGINGFACE_HUB_CACHE",
  "LOGNAME",
  "PATH",
  "SLURM_CONF",
  "TMPDIR",
  "TRANSFORMERS_OFFLINE",
  "USER",
  "USERPROFILE",
  "XDG_CACHE_HOME",
  "XDG_RUNTIME_DIR",
];

/** The environment of a child process: what is inherited, and nothing that changes libraries. */
export function childEnvironment(): Record<string, string> {
  return Object.fromEntries(inherited.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/** Folder of this repository. */
export const repository: string = fileURLToPath(new URL("../", import.meta.url)).replace(/\/$/, "");

/** Arguments of Deno that launch the command line with the permissions that its own need. */
export function launching(...args: string[]): string[] {
  return [
    "run",
    "--quiet",
    `--config=${repository}/deno.json`,
    "--permission-set=launcher",
    `${repository}/cli/launch.ts`,
    ...args,
  ];
}

/**
 * Runs `work` on one shard in a process of its own.
 *
 * @param threads threads of its matrix products
 * @returns its exit code
 */
export async function startWorker(
  folder: string,
  shard: number,
  threads: number,
  signal: AbortSignal,
): Promise<number> {
  const child = new Deno.Command(Deno.execPath(), {
    args: launching("work", folder, "--shard", String(shard)),
    cwd: repository,
    clearEnv: true,
    env: { ...childEnvironment(), TF_NUM_INTRAOP_THREADS: String(threads), NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "null", // its last words are in the shard's log
  }).spawn();
  const stop = () => {
    try {
      child.kill("SIGTERM");
    } catch {
      // it has ended
    }
  };
  signal.addEventListener("abort", stop);
  const { code } = await child.status;
  signal.removeEventListener("abort", stop);
  return code;
}
