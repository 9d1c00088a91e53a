/**
 * Runs other programs for the set-up, and tells the reader how it goes.
 * @module
 */
import { join } from "node:path";
import { corelensFolder } from "../../lib/backend/environment.ts";
import { checkoutFolder, packageVersion } from "../../lib/common/package.ts";

/**
 * Folder in which the set-up works: the repository, or, where the package is installed, the folder of
 * its version in the user's cache.
 */
export const repository: string = checkoutFolder() ?? join(corelensFolder(), packageVersion);

/** A step of the set-up cannot be done here; the message is one line for the user. */
export class SetupError extends Error {
  /** Always `"SetupError"`. */
  override readonly name = "SetupError";
}

/** What a program left behind. */
export interface CommandResult {
  /** Whether it ran and ended with status 0. */
  readonly ok: boolean;
  /** Standard output. */
  readonly stdout: string;
  /** Standard error. */
  readonly stderr: string;
}

/** How to run a program. */
export interface CommandOptions {
  /** Working folder; the repository by default. */
  readonly cwd?: string;
  /** The whole environment; this process's by default. */
  readonly env?: Readonly<Record<string, string>>;
}

/**
 * Runs a program to its end and keeps what it printed. A program that does not exist is a result
 * that is not ok, not an exception.
 */
export async function run(
  program: string,
  args: readonly string[],
  options: CommandOptions = {},
): Promise<CommandResult> {
  try {
    const { success, stdout, stderr } = await new Deno.Command(program, {
      args: [...args],
      cwd: options.cwd ?? repository,
      env: options.env && { ...options.env },
      clearEnv: options.env !== undefined,
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { ok: success, stdout: text(stdout), stderr: text(stderr) };
  } catch (error) {
    return { ok: false, stdout: "", stderr: error instanceof Error ? error.message : `${error}` };
  }
}

/** The last line of a text that says something, at most 200 characters of it. */
export function lastLine(text: string): string {
  const lines = text.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  return (lines.at(-1) ?? "no message").slice(0, 200);
}

/** Whether what a program said means that the disk is full. */
export function isDiskFull(text: string): boolean {
  return /No space left on device|Errno 28|ENOSPC|os error 28|Disk quota exceeded/i.test(text);
}

/** Whether a file or folder exists. */
export async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The content of a file; null when there is none. */
export async function readIfThere(path: string): Promise<string | null> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}

/** SHA-256 of a text, in hexadecimal digits. */
export async function digest(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Prints a line to standard error, where progress belongs. */
export function say(line: string): void {
  console.error(line);
}

/**
 * Waits for something long, and says every ten seconds that it still goes on.
 *
 * @param label what is going on, for example `compiling`
 */
export async function patiently<T>(label: string, work: Promise<T>): Promise<T> {
  const start = performance.now();
  const timer = setInterval(() => {
    say(`      ${label}: ${Math.round((performance.now() - start) / 1000)} s so far`);
  }, 10_000);
  try {
    return await work;
  } finally {
    clearInterval(timer);
  }
}
