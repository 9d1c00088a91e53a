/**
 * Runs the command line for tests: here, or in a process of its own where exit codes, standard streams
 * or start-up are what is tested.
 * @module
 */
import { main } from "../../cli/main.ts";
import { repository } from "./program.ts";

/** What one command line left behind. */
export interface CommandOutcome {
  /** Exit code. */
  readonly code: number;
  /** Standard output. */
  readonly out: string;
  /** Standard error. */
  readonly err: string;
}

/** Runs one command line in this process; modules and backend stay loaded from one to the next. */
export async function corelens(...args: string[]): Promise<CommandOutcome> {
  const { log, error } = console;
  let out = "", err = "";
  console.log = (text) => void (out += `${text}\n`);
  console.error = (text) => void (err += `${text}\n`);
  try {
    return { code: await main(args), out, err };
  } finally {
    Object.assign(console, { log, error });
  }
}

/** Runs one command line in a process of its own. */
export async function corelensProcess(...args: string[]): Promise<CommandOutcome> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "-A", `${repository}cli/main.ts`, ...args],
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, out: text(stdout), err: text(stderr) };
}
