/**
 * The permissions of one command line: what it names, and nothing more.
 *
 * Native libraries are loaded from the set-up's folders only, and nothing may be written there: a
 * program that may both write and load a library may do anything. The launcher computes these
 * flags; everything that reads checkpoints, messages and data sets runs under them.
 *
 * @module
 */
import { frozenCommands, type NamedPath, namedPaths } from "./paths.ts";

/** Where a command line runs. */
export interface Surroundings {
  /** Folder of this repository. */
  readonly repository: string;
  /** Folder in which relative paths begin. */
  readonly cwd: string;
  /** Value of an environment variable; undefined if it is unset or empty. */
  environment(name: string): string | undefined;
}

/** Environment variables that may be read, `*` at the end for any ending. */
const variables = [
  "CORELENS_*",
  "HF_*",
  "HUGGINGFACE_HUB_CACHE",
  "TRANSFORMERS_*",
  "DENO_DIR",
  "HOME",
  "HOSTNAME",
  "LOGNAME",
  "SLURM*",
  "TMPDIR",
  "USER",
  "USERPROFILE",
  "XDG_CACHE_HOME",
  "XDG_RUNTIME_DIR",
  "MALLOC_ARENA_MAX",
  "NODE_DEBUG",
  "PATH",
  "PKG_CONFIG_PATH",
  "SHARP_*",
  "TF_CPP_MIN_LOG_LEVEL",
  "TF_NUM_INTRAOP_THREADS",
  "npm_package_config_libvips",
];

/** Hosts of the hub, where its own files and those that it redirects to lie. */
const hubHosts = ["huggingface.co", "*.huggingface.co", "*.hf.co"];

/** Parts of the repository that hold code, the compiled backend or checks: never written to. */
const guarded = [
  ".ci",
  ".git",
  ".native",
  ".venv",
  "bench",
  "cli",
  "deno.json",
  "deno.lock",
  "lab",
  "lib",
  "node_modules",
  "notebooks",
  "tests",
  "tools",
];

/** Asked by the image library for which C library it is to load. */
const libraryQuestion = "/usr/bin/ldd";

/** Files of other kinds than an image that only ffmpeg reads. */
const videoFile = /\.(mp4|m4v|mov|mkv|webm|avi|mpe?g|ts|flv|wmv|ogv|3gp)\b/i;

/** Longest messages file or list of samples that is searched for videos, in bytes. */
const searchedBytes = 1 << 26;

/** A path without `.` and `..`, from the root on. */
function absolute(path: string, cwd: string): string {
  const isWindows = Deno.build.os === "windows";
  if (isWindows) return path; // Deno itself resolves it
  const parts: string[] = [];
  for (const part of (path.startsWith("/") ? path : `${cwd}/${path}`).split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return `/${parts.join("/")}`;
}

function parent(path: string): string {
  return path.replace(/[/\\]+[^/\\]*[/\\]*$/, "") || "/";
}

/** Where links lead in the end; for what does not exist yet, through the part that does. */
function real(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    const above = parent(path);
    return above === path
      ? path
      : `${real(above).replace(/\/$/, "")}/${path.slice(above.length).replace(/^\/+/, "")}`;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}

function exists(path: string): boolean {
  try {
    return Boolean(Deno.statSync(path));
  } catch {
    return false;
  }
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

/** Whether a text file speaks of videos, which need ffmpeg. */
function speaksOfVideos(path: string): boolean {
  try {
    const { isFile, size } = Deno.statSync(path);
    return isFile && size <= searchedBytes && videoFile.test(Deno.readTextFileSync(path));
  } catch {
    return false;
  }
}

/**
 * What a record says that it was made of, for commands that run its model on its samples once more:
 * its model and its data set, unless options name others. Only a checkpoint, or a folder of samples,
 * is taken from there: a record may come from anybody.
 */
function recordedPaths(args: readonly string[], cwd: string): NamedPath[] {
  if (args[0] !== "explore") return [];
  const given = (name: string) =>
    args.flatMap((arg, i) =>
      arg === `--${name}`
        ? [args[i + 1]]
        : arg.startsWith(`--${name}=`)
        ? [arg.split("=", 2)[1]]
        : []
    ).at(-1);
  const run = given("scores");
  if (!run) return [];
  let manifest: { readonly model?: unknown; readonly data?: unknown };
  const path = `${absolute(run, cwd)}/manifest.json`;
  try {
    const { isFile, size } = Deno.statSync(path);
    if (!isFile || size > searchedBytes) return []; // a pipe may never end
    manifest = JSON.parse(Deno.readTextFileSync(path)) ?? {};
  } catch {
    return []; // the command says what is wrong with it
  }
  const { model, data } = manifest, found: NamedPath[] = [];
  const isThere = (folder: string, file: string) => exists(`${absolute(folder, cwd)}/${file}`);
  if (typeof model === "string" && given("model") === undefined) {
    const isId = /^[\w.-]+\/[\w.-]+$/.test(model) && !exists(absolute(model, cwd));
    if (isId || isThere(model, "config.json") || model.endsWith(".gguf")) {
      found.push({ value: model, use: "model" });
    }
  }
  if (typeof data === "string" && given("dataset") === undefined) {
    const isPublished = /^[\w+-]{2,}:./s.test(data);
    if (isPublished || isThere(data, "samples.jsonl")) found.push({ value: data, use: "data" });
  }
  return found;
}

/** The paths that a planned run's command names; none where there is no such run. */
function frozenPaths(path: string): NamedPath[] {
  try {
    const { command, arguments: args } = JSON.parse(Deno.readTextFileSync(path));
    return namedPaths([command, ...args]);
  } catch {
    return []; // which the command itself tells
  }
}

/** A mistake in the arguments that shows before the command line itself runs. */
export class PermissionMistake extends Error {}

/** Collects what one command line may do. */
class Grants {
  readonly read = new Set<string>();
  readonly write = new Set<string>();
  readonly net = new Set<string>();
  readonly run = new Set<string>();

  constructor(readonly where: Surroundings) {}

  #path(value: string): string {
    return absolute(value, this.where.cwd);
  }

  mayRead(value: string): void {
    const path = this.#path(value);
    this.read.add(path).add(real(path));
  }

  /** Refuses to write where the program itself lies. */
  #check(value: string): void {
    const target = real(this.#path(value));
    for (const name of guarded) {
      const own = `${real(this.where.repository)}/${name}`;
      if (isWithin(target, own)) {
        throw new PermissionMistake(
          `Cannot write to ${JSON.stringify(value)}: ${own} holds the program itself; wanted a ` +
            "place outside of it",
        );
      }
    }
  }

  mayWrite(value: string): void {
    this.#check(value);
    this.mayRead(value);
    const path = this.#path(value);
    this.write.add(path).add(real(path));
  }

  /** The folder for caches of all programs. */
  get #caches(): string {
    const { environment } = this.where;
    const home = environment("HOME") ?? environment("USERPROFILE") ?? ".";
    return environment("XDG_CACHE_HOME") ?? `${home}/.cache`;
  }

  /** Downloaded models: their folder, and the hub's hosts. */
  hub(): void {
    const { environment } = this.where;
    const folder = environment("HF_HOME") ?? `${this.#caches}/huggingface`;
    const chosen = [environment("HF_HUB_CACHE"), environment("HUGGINGFACE_HUB_CACHE")];
    for (const cache of [`${folder}/hub`, ...chosen]) if (cache) this.mayWrite(cache);
    this.mayRead(`${folder}/token`);
    const token = environment("HF_TOKEN_PATH");
    if (token) this.mayRead(token);
    for (const host of hubHosts) this.net.add(host);
    const endpoint = environment("HF_ENDPOINT") ?? "";
    if (!URL.canParse(endpoint)) return;
    const { host, hostname } = new URL(endpoint);
    // a mirror on this machine may hand large files out on another port
    this.net.add(/^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname) ? hostname : host);
  }

  /** Programs: where they are installed, else where they would be, so that this is told. */
  #programs(...names: string[]): void {
    for (const program of names) {
      const folders = (this.where.environment("PATH") ?? "").split(":");
      const found = folders.filter((folder) => folder.startsWith("/"))
        .map((folder) => `${folder}/${program}`).find(exists);
      this.run.add(found ?? `/usr/bin/${program}`);
    }
  }

  /** What reads videos. */
  video(): void {
    this.#programs("ffmpeg", "ffprobe");
  }

  /** What engines are started with: workers are launched anew, each with permissions of its own. */
  engines(): void {
    this.run.add(Deno.execPath());
    this.#programs("sbatch", "scontrol");
  }

  /** What the command of a planned run reads. It writes nothing besides the run's folder. */
  frozen(folder: string): void {
    for (const path of frozenPaths(`${this.#path(folder)}/run.json`)) {
      if (path.use !== "write-file" && path.use !== "write-folder") this.add(path);
    }
  }

  /** What the files of a snapshot in a Hugging Face cache are links to. */
  blobs(path: string): void {
    const repository = /^(.*)[/\\]models--[^/\\]+(?=[/\\]|$)/.exec(real(path));
    if (!repository) return;
    this.mayRead(repository[0]);
    this.mayRead(`${repository[1]}/blobs`);
  }

  /** Where the links in a folder lead, which `--follow-links` allows. */
  links(path: string): void {
    if (!isFolder(path)) return;
    for (const { name, isSymlink } of Deno.readDirSync(path)) {
      if (isSymlink) this.mayRead(`${path}/${name}`);
    }
  }

  add({ value, use }: NamedPath, follows = false): void {
    if (value.includes("\0")) {
      throw new PermissionMistake("Cannot use a path with a zero character");
    }
    const path = this.#path(value);
    switch (use) {
      case "read":
        this.mayRead(value);
        if (videoFile.test(value)) this.video();
        break;
      case "scores":
        this.mayRead(value);
        // says of which model they are
        if (/(^|[/\\])scores\.json$/.test(value)) this.mayRead(`${parent(path)}/manifest.json`);
        break;
      case "beside":
        this.mayRead(value);
        this.mayRead(parent(path));
        if (speaksOfVideos(path)) this.video();
        break;
      case "model":
        this.mayRead(value);
        this.blobs(path);
        if (follows) this.links(path);
        if (!exists(path) && /^[^/]+\/[^/]+$/.test(value)) this.hub();
        break;
      case "data": {
        const folder = /^[\w+-]{2,}:(.+)$/s.exec(value)?.[1] ?? value;
        this.mayRead(folder);
        // a run is bound to digests of large files, which are remembered there
        this.mayWrite(`${this.#caches}/corelens/digests`);
        const samples = `${this.#path(folder)}/samples.jsonl`;
        if (folder !== value || speaksOfVideos(samples)) this.video();
        break;
      }
      case "write-file":
        this.#check(value);
        // the temporary neighbour, which takes the file's place when it is whole, is written too
        this.mayWrite(isFolder(path) ? value : parent(path));
        break;
      case "write-folder":
        this.mayWrite(value);
    }
  }
}

/** A list as a flag's value: a comma in an entry is doubled. */
function listed(entries: Iterable<string>): string {
  return [...entries].map((entry) => entry.replaceAll(",", ",,")).join(",");
}

/**
 * Deno's permission flags for one command line.
 *
 * Read: this repository, the paths that options name, what the record of `explore` was made of, and
 * for a hub id the cache. Write: the folders of `--out` and `--attention`, and the caches. Network:
 * for a hub id, the hub's hosts and that of
 * `HF_ENDPOINT`. Programs: ffmpeg and ffprobe, where a video is named. Libraries: those of the
 * set-up.
 *
 * @throws {PermissionMistake} if something is to be written where the program itself lies
 */
export function permissionFlags(args: readonly string[], where: Surroundings): string[] {
  const { repository } = where;
  const grants = new Grants(where);
  grants.mayRead(repository);
  grants.mayRead(libraryQuestion);
  const libraries = [`${repository}/.native`, `${repository}/node_modules`];
  const chosen = where.environment("CORELENS_NATIVE");
  if (chosen !== undefined) {
    libraries.push(absolute(chosen, where.cwd));
    grants.mayRead(chosen);
  }
  for (const library of [...libraries]) {
    if (real(library) !== library) libraries.push(real(library));
  }
  const follows = args.includes("--follow-links");
  const [command = ""] = args;
  const named = [...namedPaths(args), ...recordedPaths(args, where.cwd)];
  for (const path of named) {
    grants.add(path, follows);
    if (frozenCommands.includes(command)) grants.frozen(path.value);
  }
  if (command === "submit") grants.engines();
  const never = [...guarded.map((name) => `${repository}/${name}`), ...libraries];
  const flag = (name: string, entries: ReadonlySet<string>) =>
    entries.size > 0 ? [`--allow-${name}=${listed(entries)}`] : [];
  return [
    "--no-prompt",
    `--allow-env=${listed(variables)}`,
    `--allow-ffi=${listed(libraries)}`,
    ...flag("read", grants.read),
    ...flag("write", grants.write),
    ...(grants.write.size > 0 ? [`--deny-write=${listed(new Set(never))}`] : []),
    ...flag("net", grants.net),
    ...flag("run", grants.run),
    ...(command === "submit" ? ["--allow-sys=systemMemoryInfo"] : []),
  ];
}
