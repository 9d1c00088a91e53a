/**
 * The permissions of one command line: what it names, and nothing more.
 *
 * Native libraries are loaded from the set-up's folders only, and nothing may be written there: a
 * program that may both write and load a library may do anything. The launcher computes these
 * flags; everything that reads checkpoints, messages and data sets runs under them.
 *
 * @module
 */
import { Grants, guarded, PermissionMistake, type Surroundings } from "./grants.ts";
import { recordedPaths } from "./named_inside.ts";
import { frozenCommands, namedPaths } from "./paths.ts";
import { absolute, real } from "./real_paths.ts";

export { PermissionMistake, type Surroundings };

/** Environment variables that may be read, `*` at the end for any ending. */
const variables = [
  "CORELENS_*",
  "HF_*",
  "HUGGINGFACE_HUB_CACHE",
  "TRANSFORMERS_*",
  "DENO_DIR",
  "DNNL_MAX_CPU_ISA",
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
  "ONEDNN_MAX_CPU_ISA",
  "PATH",
  "PKG_CONFIG_PATH",
  "SHARP_*",
  "TF_CPP_MIN_LOG_LEVEL",
  "TF_ENABLE_ONEDNN_OPTS",
  "TF_NUM_INTRAOP_THREADS",
  "npm_package_config_libvips",
];

/** Asked by the image library for which C library it is to load. */
const libraryQuestion = "/usr/bin/ldd";

/** A list as a flag's value, in which Deno reads every comma as the end of an entry. */
function listed(entries: Iterable<string>): string {
  const all = [...entries], wrong = all.find((entry) => entry.includes(","));
  if (wrong === undefined) return all.join(",");
  throw new PermissionMistake(
    `Cannot use ${JSON.stringify(wrong)}: Deno gives no permission for a path with a comma; ` +
      "wanted another name",
  );
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
 * @throws {PermissionMistake} if something is to be written where the program itself lies or over what
 *   the command reads, or a path has a comma
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
  const written = namedPaths(args);
  const named = [...written, ...recordedPaths(args, where.cwd)];
  grants.notOver(written, named);
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
    ...(command === "plan" || command === "work" ? ["--allow-sys=cpus"] : []),
  ];
}
