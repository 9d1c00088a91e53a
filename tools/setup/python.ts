/**
 * Finds a Python, and makes the environment `.venv` from it. The user's own Python stays untouched:
 * nothing is installed outside `.venv`, and no cache is written.
 * @module
 */
import { join } from "node:path";
import {
  type CommandResult,
  exists,
  isDiskFull,
  lastLine,
  repository,
  run,
  SetupError,
} from "./command.ts";

/** Folder of the Python environment. */
export const venv: string = join(repository, ".venv");

/** A Python that can be used. */
export interface Python {
  /** Path or name of the program. */
  readonly program: string;
  /** For example `3.11.7`. */
  readonly version: string;
}

/** Programs of `.venv`. */
export function venvProgram(name: string, os: string = Deno.build.os): string {
  return os === "windows" ? join(venv, "Scripts", `${name}.exe`) : join(venv, "bin", name);
}

/** Whether a Python version, for example `3.9.18`, is new enough: 3.10 or later. */
export function isNewEnough(version: string): boolean {
  const [major, minor] = version.split(".").map(Number);
  return major > 3 || (major === 3 && minor >= 10);
}

/** Variables that would lead Python or pip out of `.venv`, or into the user's own packages. */
const misleading =
  /^(PYTHONPATH|PYTHONHOME|PYTHONSTARTUP|VIRTUAL_ENV|__PYVENV_LAUNCHER__)$|^PIP_(TARGET|USER|PREFIX|ROOT|REQUIRE_VIRTUALENV|REQUIREMENT|CONSTRAINT|NO_DEPS|DRY_RUN)$/;

/** The environment for Python and pip: the given one without what would mislead them. */
export function pythonEnvironment(
  parent: Readonly<Record<string, string>>,
): Record<string, string> {
  const kept = Object.entries(parent).filter(([name]) => !misleading.test(name));
  return {
    ...Object.fromEntries(kept),
    PYTHONNOUSERSITE: "1",
    PIP_DISABLE_PIP_VERSION_CHECK: "1",
    PIP_NO_CACHE_DIR: "1",
    PIP_NO_INPUT: "1",
  };
}

/** The first Python on the PATH that is 3.10 or later. */
export async function findPython(): Promise<Python | null> {
  const names = ["python3", "python", ...[14, 13, 12, 11, 10].map((minor) => `python3.${minor}`)];
  const ask = "import platform, venv; print(platform.python_version())";
  for (const program of names) {
    const { ok, stdout } = await run(program, ["-c", ask]);
    const version = stdout.trim();
    if (ok && isNewEnough(version)) return { program, version };
  }
  return null;
}

/** Runs pip of `.venv`. */
export function pip(args: readonly string[]): Promise<CommandResult> {
  const all = ["-m", "pip", "--retries", "2", ...args];
  return run(venvProgram("python"), all, { env: pythonEnvironment(Deno.env.toObject()) });
}

/** In one line, why pip failed; a full disk and a missing network are told apart from the rest. */
export function pipFailure(stderr: string): string {
  if (isDiskFull(stderr)) return "no space is left on the disk";
  if (/NewConnectionError|NameResolutionError|Temporary failure in name|timed out/i.test(stderr)) {
    return "the package index cannot be reached (no network?)";
  }
  const errors = stderr.split("\n").filter((line) => line.startsWith("ERROR:"));
  return lastLine(errors.length > 0 ? errors.join("\n") : stderr).replace(/^ERROR: /, "");
}

/**
 * Makes `.venv` unless it works already.
 *
 * @returns what was done, in a few words
 * @throws {SetupError} when there is no Python 3.10, or it lacks venv or pip
 */
export async function makeVenv(): Promise<string> {
  const python = venvProgram("python");
  if (await exists(python)) {
    const works = await run(python, ["-m", "pip", "--version"], {
      env: pythonEnvironment(Deno.env.toObject()),
    });
    if (works.ok) return "there already";
  }
  const found = await findPython();
  if (!found) throw new SetupError("no Python 3.10 or later on the PATH");
  const made = await run(found.program, ["-m", "venv", "--clear", venv], {
    env: pythonEnvironment(Deno.env.toObject()),
  });
  if (!made.ok) {
    throw new SetupError(
      `Python ${found.version} cannot make an environment ` +
        (isDiskFull(made.stdout + made.stderr)
          ? "(no space is left on the disk)"
          : `(on Debian and Ubuntu: install python3-venv): ${lastLine(made.stdout + made.stderr)}`),
    );
  }
  return `made with Python ${found.version}`;
}
