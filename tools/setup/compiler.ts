/**
 * Compiles the TensorFlow.js binding with whichever C++ compiler there is.
 * @module
 */
import { join } from "node:path";
import { lastLine, repository, run, say, SetupError } from "./command.ts";
import { libraryNames, type Wheel, zigWheel } from "./wheels.ts";

/** Address of this file: what it says is part of what identifies a compiled backend. */
export const compilerUrl: string = import.meta.url;

/** A C++ compiler: a command with its first arguments. */
export interface Compiler {
  /** For reports. */
  readonly name: string;
  /** Program. */
  readonly program: string;
  /** Arguments before all others. */
  readonly args: readonly string[];
  /** Its environment; this process's by default. */
  readonly env?: Readonly<Record<string, string>>;
}

/** Arguments that compile the binding. */
export function bindingArguments(
  os: string,
  nodeModules: string,
  include: string,
  target: string,
): string[] {
  const tfjs = join(nodeModules, "@tensorflow", "tfjs-node-gpu");
  const origin = os === "darwin" ? "@loader_path" : "$ORIGIN";
  return [
    "-O2",
    "-std=c++17",
    "-w",
    "-shared",
    "-fPIC",
    "-DNAPI_VERSION=8",
    ...[join(nodeModules, "node-api-headers", "include"), include, tfjs, join(tfjs, "binding")]
      .flatMap((folder) => ["-I", folder]),
    ...["tfjs_backend.cc", "tfjs_binding.cc"].map((file) => join(tfjs, "binding", file)),
    "-o",
    join(target, "tfjs_binding.node"),
    ...libraryNames(os).map((name) => join(target, "tensorflow", name)),
    `-Wl,-rpath,${origin}/tensorflow`,
    ...(os === "darwin" ? ["-undefined", "dynamic_lookup"] : []),
  ];
}

/** Arguments that compile the helper that keeps TensorFlow's start-up silent. */
function quietArguments(target: string): string[] {
  const source = join(repository, "tools", "native", "quiet.cc");
  const output = join(target, "libcorelens_quiet.so");
  return ["-O2", "-std=c++17", "-shared", "-fPIC", "-fvisibility=hidden", source, "-o", output];
}

/**
 * Arguments that compile our own operations.
 *
 * @param processor for which, in the compiler's words; by default this machine's
 */
export function operationArguments(
  os: string,
  arch: string,
  include: string,
  target: string,
  processor = "native",
): string[] {
  const framework = libraryNames(os).find((name) => name.includes("framework"))!;
  const origin = os === "darwin" ? "@loader_path" : "$ORIGIN";
  return [
    "-O3",
    `${arch === "x86_64" ? "-march" : "-mcpu"}=${processor}`,
    "-ffp-contract=fast",
    "-fno-math-errno",
    "-std=c++17",
    "-w",
    "-shared",
    "-fPIC",
    "-fvisibility=hidden",
    "-pthread",
    "-I",
    include,
    join(repository, "tools", "native", "ops", "ops.cc"),
    "-o",
    join(target, "libcorelens_ops.so"),
    join(target, "tensorflow", framework),
    `-Wl,-rpath,${origin}/tensorflow`,
  ];
}

/** The compilers on the PATH, in the order in which to try them; `CXX` comes first. */
export async function findCompilers(): Promise<Compiler[]> {
  const names = new Set([Deno.env.get("CXX") ?? "", "g++", "c++", "clang++"]);
  const found: Compiler[] = [];
  for (const name of names) {
    if (name !== "" && (await run(name, ["--version"])).ok) {
      found.push({ name, program: name, args: [] });
    }
  }
  return found;
}

/**
 * Compiles the binding, on Linux the quiet helper, and our own operations into `target`. Without the
 * last everything works, more slowly.
 *
 * @param include folder of TensorFlow's headers
 * @param target folder with `tensorflow/` and its libraries
 * @returns null, or in one line why it failed
 */
export async function compileBackend(
  compiler: Compiler,
  include: string,
  target: string,
): Promise<string | null> {
  const { os } = Deno.build;
  const jobs = [bindingArguments(os, join(repository, "node_modules"), include, target)];
  if (os === "linux") jobs.push(quietArguments(target));
  for (const job of jobs) {
    const { ok, stderr } = await run(compiler.program, [...compiler.args, ...job], {
      env: compiler.env,
    });
    if (!ok) return stderr.split("\n").find((line) => /error/i.test(line)) ?? lastLine(stderr);
  }
  const operations = operationArguments(os, Deno.build.arch, include, target);
  const { ok, stderr } = await run(compiler.program, [...compiler.args, ...operations], {
    env: compiler.env,
  });
  if (!ok) say(`      no operations of our own (slower): ${lastLine(stderr)}`);
  return null;
}

/**
 * Downloads a compiler for use in the folder `work` alone.
 *
 * @throws {SetupError} where there is none for this system
 */
export async function zigCompiler(
  work: string,
  download: (wheel: Wheel, folder: string) => Promise<string>,
  unpack: (wheel: string, folder: string, prefixes: readonly string[]) => Promise<void>,
): Promise<Compiler> {
  const wheel = zigWheel(Deno.build.os, Deno.build.arch);
  if (!wheel) throw new SetupError("no C++ compiler (macOS: run xcode-select --install)");
  say(`      the compiler Zig: ${wheel.megabytes} MB to download, removed afterwards`);
  const folder = join(work, "zig");
  await Deno.mkdir(folder);
  await unpack(await download(wheel, folder), folder, ["ziglang/"]);
  const cache = join(folder, "cache");
  const env = {
    ...Deno.env.toObject(),
    ZIG_GLOBAL_CACHE_DIR: cache,
    ZIG_LOCAL_CACHE_DIR: cache,
  };
  const program = join(folder, "ziglang", "zig");
  await Deno.chmod(program, 0o755);
  return { name: wheel.requirement.replace("ziglang==", "Zig "), program, args: ["c++"], env };
}
