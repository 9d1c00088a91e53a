/**
 * Makes `.native`: TensorFlow's libraries out of its Python package, and the TensorFlow.js binding
 * compiled against them. Nothing of the Python package is installed.
 * @module
 */
import { dirname, join, relative } from "node:path";
import {
  compileBackend,
  type Compiler,
  compilerUrl,
  findCompilers,
  zigCompiler,
} from "./compiler.ts";
import { childOptions, compiledPackages } from "./installed.ts";
import {
  digest,
  exists,
  isDiskFull,
  lastLine,
  patiently,
  readIfThere,
  repository,
  run,
  say,
  SetupError,
} from "./command.ts";
import { pip, pipFailure, venvProgram } from "./python.ts";
import { libraryNames, pinnedRequirement, tensorFlowWheel, type Wheel } from "./wheels.ts";
import { makeWorkFolder, removeLeftFolders } from "./work_folder.ts";

const nativeDir = join(repository, ".native");
const nativeSources = join(repository, "tools", "native");
const cudaRequirements = join(repository, "tools", "setup", "cuda.txt");

/** Unpacks the members of a wheel that start with one of the prefixes: folder, wheel, prefixes. */
const unpackProgram = `
import sys, zipfile
folder, wheel, *prefixes = sys.argv[1:]
with zipfile.ZipFile(wheel) as archive:
    for name in archive.namelist():
        if name.startswith(tuple(prefixes)):
            archive.extract(name, folder)
`;

/** What is kept of TensorFlow's headers: those of its C interface and what they include. */
const headers = [
  "tensorflow/c/",
  "tensorflow/core/platform/",
  "tensorflow/core/common_runtime/next_pluggable_device/c/",
  "tsl/",
  "xla/tsl/",
];

/** Identifies the libraries that `.native` would hold, so that other ones are downloaded anew. */
async function librariesStamp(wheel: Wheel, gpu: boolean): Promise<string> {
  const cuda = gpu ? await Deno.readTextFile(cudaRequirements) : "";
  return await digest(JSON.stringify([wheel.sha256, headers, cuda]));
}

/** Identifies the sources that would be compiled, so that changed ones are compiled anew. */
async function sourcesStamp(): Promise<string> {
  const files = await filesBelow(nativeSources);
  return await digest(JSON.stringify([
    Object.values(compiledPackages),
    await Promise.all(files.map((file) => Deno.readTextFile(file))),
    await (await fetch(compilerUrl)).text(),
  ]));
}

/** Paths of all files of a folder and its folders, sorted. */
async function filesBelow(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const paths = await Promise.all(entries.map(({ name, isDirectory }) => {
    const path = join(folder, name);
    return isDirectory ? filesBelow(path) : [path];
  }));
  return paths.flat().sort();
}

/** Gives every file of a folder a second name below another folder; nothing is copied. */
async function linkFolder(from: string, to: string): Promise<void> {
  for (const file of await filesBelow(from)) {
    const target = join(to, relative(from, file));
    await Deno.mkdir(dirname(target), { recursive: true });
    await Deno.link(file, target);
  }
}

/** Downloads a wheel into a folder and returns its path. */
export async function downloadWheel(wheel: Wheel, folder: string): Promise<string> {
  const requirements = join(folder, "requirements.txt");
  await Deno.writeTextFile(requirements, pinnedRequirement(wheel));
  const [name] = wheel.requirement.split("==");
  const args = ["download", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"];
  const target = ["--implementation", "cp", "--python-version", "3.11"];
  const result = await patiently(
    `downloading ${wheel.requirement} (${wheel.megabytes} MB)`,
    pip([...args, ...target, "--platform", wheel.platform, "-d", folder, "-r", requirements]),
  );
  if (!result.ok) throw new SetupError(`${name}: ${pipFailure(result.stderr)}`);
  for await (const { name: file } of Deno.readDir(folder)) {
    if (file.endsWith(".whl")) return join(folder, file);
  }
  throw new SetupError(`${name}: pip reported success but left no wheel`);
}

/** Unpacks members of a wheel by their prefixes. */
export async function unpack(
  wheel: string,
  folder: string,
  prefixes: readonly string[],
): Promise<void> {
  const args = ["-c", unpackProgram, folder, wheel, ...prefixes];
  const { ok, stderr } = await run(venvProgram("python"), args);
  const why = isDiskFull(stderr) ? "no space is left on the disk" : lastLine(stderr);
  if (!ok) throw new SetupError(`cannot unpack ${wheel}: ${why}`);
}

/** Compiles with the first compiler that can; downloads one where none is installed. */
async function compile(include: string, target: string, work: string): Promise<Compiler> {
  const failures: string[] = [];
  for (const compiler of await findCompilers()) {
    const failure = await compileBackend(compiler, include, target);
    if (failure === null) return compiler;
    failures.push(`${compiler.name}: ${failure}`);
  }
  say(`      ${failures.length > 0 ? failures.join("; ") : "no C++ compiler is installed"}`);
  const zig = await zigCompiler(work, downloadWheel, unpack);
  const failure = await compileBackend(zig, include, target);
  if (failure !== null) throw new SetupError(`${zig.name}: ${failure}`);
  return zig;
}

/** Loads the new backend in a process of its own; returns its version and device. */
async function verify(folder: string): Promise<string> {
  const program = import.meta.url.replace(/native(\.\w+)$/, "mod$1");
  const { flags, options } = childOptions();
  const { ok, stdout, stderr } = await run(
    Deno.execPath(),
    ["run", "--quiet", "--allow-all", ...flags, program, "--verify", folder],
    { ...options, env: { ...Deno.env.toObject(), CORELENS_TF_LOG: "1", NO_COLOR: "1" } },
  );
  if (ok) return stdout.trim();
  const error = stderr.split("\n").find((line) => /error:/i.test(line)) ?? lastLine(stderr);
  throw new SetupError(`the compiled backend does not run here: ${error}`);
}

/** Puts the finished folder in the place of the old one. */
async function replaceNative(finished: string): Promise<void> {
  const old = `${finished}.old.tmp`;
  if (await exists(nativeDir)) await Deno.rename(nativeDir, old);
  await Deno.rename(finished, nativeDir);
  await Deno.remove(old, { recursive: true }).catch(() => {});
}

/** Why no native backend can be had on this system; null where one can. */
export function unsupported(os: string, arch: string, gpu: boolean, musl: boolean): string | null {
  if (os === "linux" && musl) return "TensorFlow needs the GNU C library, and this Linux has musl";
  if (tensorFlowWheel(os, arch, gpu)) return null;
  return gpu
    ? `TensorFlow with CUDA is published for linux x86_64 only, not for ${os} ${arch}`
    : `TensorFlow's libraries are published for linux and for macOS on Apple processors, ` +
      `not for ${os} ${arch}`;
}

/** Whether this Linux has musl in place of the GNU C library. */
async function hasMusl(): Promise<boolean> {
  if (Deno.build.os !== "linux") return false;
  const names = await Array.fromAsync(Deno.readDir("/lib"), (entry) => entry.name);
  return names.some((name) => name.startsWith("ld-musl-"));
}

/** Downloads TensorFlow's libraries and headers, and those of CUDA, into `target`. */
async function fetchLibraries(
  wheel: Wheel,
  gpu: boolean,
  work: string,
  target: string,
): Promise<void> {
  say(`      TensorFlow ${wheel.requirement.split("==")[1]}: ${wheel.megabytes} MB to download`);
  const archive = await downloadWheel(wheel, work);
  const libraries = libraryNames(Deno.build.os).map((name) => `tensorflow/${name}`);
  await patiently("unpacking", unpack(archive, target, libraries));
  await unpack(archive, work, headers.map((path) => `tensorflow/include/${path}`));
  await Deno.rename(join(work, "tensorflow", "include"), join(target, "include"));
  await Deno.remove(archive);
  if (!gpu) return;
  say("      CUDA libraries: 2,810 MB to download");
  const args = ["install", "--quiet", "--no-deps", "--require-hashes", "--only-binary=:all:"];
  const result = await patiently(
    "downloading CUDA",
    pip([...args, "--target", target, "--requirement", cudaRequirements]),
  );
  if (!result.ok) throw new SetupError(`CUDA: ${pipFailure(result.stderr)}`);
}

/** What identifies the content of `.native`; `libraries` and `sources` are digests. */
interface Stamp {
  readonly gpu: boolean;
  readonly libraries: string;
  readonly sources: string;
}

/** What is in `.native` now; null when nothing usable is. */
async function presentStamp(): Promise<Stamp | null> {
  const text = await readIfThere(join(nativeDir, "stamp.json"));
  try {
    return text === null ? null : JSON.parse(text);
  } catch {
    return null; // damaged: made anew
  }
}

/** Builds the backend in `work` and moves it into place. */
async function build(
  wheel: Wheel,
  wanted: Stamp,
  present: Stamp | null,
  work: string,
): Promise<string> {
  const target = join(work, "native");
  await Deno.mkdir(target);
  if (present?.libraries === wanted.libraries) {
    for (const name of ["tensorflow", "include", ...(wanted.gpu ? ["nvidia"] : [])]) {
      await linkFolder(join(nativeDir, name), join(target, name));
    }
  } else {
    await fetchLibraries(wheel, wanted.gpu, work, target);
  }
  const include = join(target, "include");
  const compiler = await patiently("compiling", compile(include, target, work));
  const found = await verify(target);
  if (wanted.gpu && !found.endsWith("GPU")) {
    say("      TensorFlow with CUDA is in place, but it sees no GPU here: it computes on the CPU");
  }
  await Deno.writeTextFile(join(target, "stamp.json"), JSON.stringify(wanted) + "\n");
  await replaceNative(target);
  return `${found}, compiled with ${compiler.name}`;
}

/**
 * Makes the native backend unless it is there.
 *
 * @param gpu take the TensorFlow with CUDA; undefined keeps the kind that is there, else the CPU one
 * @returns what was done, in a few words
 * @throws {SetupError} when it cannot be had here
 */
export async function setUpNative(gpu?: boolean): Promise<string> {
  const { os, arch } = Deno.build;
  const present = await presentStamp();
  const kind = gpu ?? present?.gpu ?? false;
  const reason = unsupported(os, arch, kind, await hasMusl());
  if (reason) throw new SetupError(reason);
  const wheel = tensorFlowWheel(os, arch, kind)!;
  const wanted: Stamp = {
    gpu: kind,
    libraries: await librariesStamp(wheel, kind),
    sources: await sourcesStamp(),
  };
  await removeLeftFolders(repository);
  if (JSON.stringify(present) === JSON.stringify(wanted)) return "there already";
  if (!await exists(venvProgram("python"))) throw new SetupError("it needs Python 3.10 or later");
  using work = await makeWorkFolder(repository);
  const interrupted = () => {
    work[Symbol.dispose]();
    Deno.exit(130);
  };
  Deno.addSignalListener("SIGINT", interrupted);
  try {
    return await build(wheel, wanted, present, work.path);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupted);
  }
}
