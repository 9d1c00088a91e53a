/**
 * Packs the library as an npm tarball: `deno task pack [FILE]`, by default `corelens.tgz`.
 *
 * What `deno pack` makes, with three changes: dependencies at exactly the versions that were tested,
 * the runtime named, and on Node.js one clear error in place of a syntax error. The figures, which
 * need neither TensorFlow nor Deno, run on Node.js too.
 * @module
 */
import { join, resolve } from "node:path";
import { lastLine, repository, run, say, SetupError } from "./setup/command.ts";

/** What of a `package.json` is read or changed here. */
interface PackageJson {
  exports: Record<string, Record<string, string>>;
  dependencies: Record<string, string>;
  engines?: Record<string, string>;
}

const onNode = `throw new Error(
  "CoReLens runs on Deno 2.5 or later, not on Node.js: use \`deno run\` or \`deno add npm:@corelens/corelens\`; " +
    "of the package only @corelens/corelens/figures runs on Node.js",
);
`;

/** The `package.json` of the tarball. */
function changed(original: PackageJson): PackageJson {
  const exports = Object.entries(original.exports).map(([name, targets]) => {
    if (name === "./figures") return [name, targets];
    const { types, ...rest } = targets;
    return [name, { ...(types ? { types } : {}), deno: rest.default, node: "./node.js", ...rest }];
  });
  const dependencies = Object.entries(original.dependencies)
    .map(([name, version]) => [name, version.replace(/^\^/, "")]);
  return {
    ...original,
    exports: Object.fromEntries(exports),
    dependencies: Object.fromEntries(dependencies),
    engines: { deno: ">=2.5" },
  };
}

/** Runs a program of the system or ends with its message. */
async function must(program: string, args: string[], cwd?: string): Promise<void> {
  const { ok, stderr } = await run(program, args, { cwd });
  if (!ok) throw new SetupError(`${program} ${args[0]}: ${lastLine(stderr)}`);
}

/**
 * Packs the library.
 *
 * @param target the tarball to write
 * @throws {SetupError} when packing fails, with the packer's last line
 */
export async function pack(target: string): Promise<void> {
  const work = await Deno.makeTempDir();
  try {
    const raw = join(work, "raw.tgz");
    await must(Deno.execPath(), [
      "pack",
      "--quiet",
      "--allow-dirty",
      "--no-source-maps",
      "-o",
      raw,
    ]);
    await must("tar", ["-xzf", raw], work);
    const json = join(work, "package", "package.json");
    const original: PackageJson = JSON.parse(await Deno.readTextFile(json));
    await Deno.writeTextFile(json, JSON.stringify(changed(original), null, 2) + "\n");
    await Deno.writeTextFile(join(work, "package", "node.js"), onNode);
    await must("tar", ["-czf", resolve(target), "package"], work);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}

if (import.meta.main) {
  const [target = join(repository, "corelens.tgz")] = Deno.args;
  try {
    await pack(target);
    say(`${target}: ${Math.round((await Deno.stat(target)).size / 1024)} KB`);
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    say(`Cannot pack: ${error.message}`);
    Deno.exit(1);
  }
}
