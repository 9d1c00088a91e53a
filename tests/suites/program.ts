/**
 * Runs a small program in a process of its own, for tests of what happens while something loads.
 * @module
 */
import { fileURLToPath } from "node:url";

/** What a program left behind. */
export interface ProgramResult {
  /** Exit status. */
  readonly code: number;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** How to run a program. */
export interface ProgramOptions {
  /** Permission flags for Deno; all permissions by default. */
  readonly permissions?: readonly string[];
  /** Environment variables on top of this process's. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Folder of the repository. */
export const repository: string = fileURLToPath(new URL("../../", import.meta.url));

/** Runs TypeScript source in which `LIB/` in an import stands for the library's folder. */
export async function runProgram(
  source: string,
  options: ProgramOptions = {},
): Promise<ProgramResult> {
  const program = source.replaceAll("LIB/", String(new URL("../../lib/", import.meta.url)));
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-prompt",
      "--config=deno.json",
      ...options.permissions ?? ["--allow-all"],
      `data:text/typescript,${encodeURIComponent(program)}`,
    ],
    env: { NO_COLOR: "1", ...options.env },
    cwd: repository,
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}
