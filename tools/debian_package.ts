/**
 * Packages of Debian as archives: fetched by `apt-get download` from the mirror that it is set up with, checked, and
 * unpacked; nothing of them is installed or run.
 * @module
 */
import { join, resolve } from "node:path";
import { run, say, SetupError } from "./setup/command.ts";
import { fileProblem } from "./setup/fetch.ts";

/** A package as Debian's index has it. */
export interface DebianPackage {
  readonly name: string;
  readonly version: string;
  readonly bytes: number;
  readonly sha256: string;
}

async function command(program: string, args: readonly string[], cwd: string): Promise<void> {
  const { ok, stderr } = await run(program, args, { cwd });
  if (!ok) throw new SetupError(`${program} ${args[0]}: ${stderr.trim().split("\n").at(-1)}`);
}

/**
 * Fetches a package, or takes a file of it, and hands over a folder with its files while the function runs.
 *
 * @param given a file that was fetched before
 * @throws {SetupError} in one line, if it cannot be fetched or is another one
 */
export async function withDebianPackage<T>(
  wanted: DebianPackage,
  given: string | undefined,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const { name, version, bytes } = wanted;
  const work = await Deno.makeTempDir({ prefix: `${name}-` });
  try {
    if (given === undefined) {
      say(`      ${name} ${version}, ${Math.ceil(bytes / 1e6)} MB`);
      await command("apt-get", ["download", `${name}=${version}`], work);
    }
    const file = given ? resolve(given) : join(work, `${name}_${version}_all.deb`);
    const problem = await fileProblem(file, wanted);
    if (problem !== null) throw new SetupError(`cannot use ${file}: ${problem}`);
    await command("dpkg-deb", ["-x", file, join(work, "unpacked")], work);
    return await use(join(work, "unpacked"));
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
