/**
 * What one command line may do, gathered from the paths that it names.
 *
 * @module
 */
import { pathOfFileAddress } from "../lib/common/file_address.ts";
import { frozenPaths, speaksOfVideos, videoFile } from "./named_inside.ts";
import type { NamedPath } from "./paths.ts";
import { absolute, exists, isFolder, isWithin, parent, real } from "./real_paths.ts";

/** Where a command line runs. */
export interface Surroundings {
  /** Folder of this repository. */
  readonly repository: string;
  /** Folder in which relative paths begin. */
  readonly cwd: string;
  /** Value of an environment variable; undefined if it is unset or empty. */
  environment(name: string): string | undefined;
}

/** Hosts of the hub, where its own files and those that it redirects to lie. */
const hubHosts = ["huggingface.co", "*.huggingface.co", "*.hf.co"];

/** Parts of the repository that hold code, the compiled backend or checks: never written to. */
export const guarded = [
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

/** The folder of a data set that is written as NAME:FOLDER, or as the folder alone. */
function dataFolder(value: string): string {
  return /^[\w+-]{2,}:(.+)$/s.exec(value)?.[1] ?? value;
}

/** A mistake in the arguments that shows before the command line itself runs. */
export class PermissionMistake extends Error {}

/** Collects what one command line may do. */
export class Grants {
  readonly read = new Set<string>();
  readonly write = new Set<string>();
  readonly net = new Set<string>();
  readonly run = new Set<string>();

  constructor(readonly where: Surroundings) {}

  #path(value: string): string {
    return absolute(pathOfFileAddress(value) ?? value, this.where.cwd);
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

  /**
   * Refuses to write over what the same command line reads: the file or record itself, or a file of a
   * checkpoint's or data set's folder.
   */
  notOver(named: readonly NamedPath[], inputs: readonly NamedPath[]): void {
    for (const { value } of named.filter(({ use }) => use.startsWith("write-"))) {
      const target = real(this.#path(value));
      if (!exists(target)) continue;
      for (const { value: input, use } of inputs) {
        if (use === "write-file" || use === "write-folder") continue;
        const source = real(this.#path(use === "data" ? dataFolder(input) : input));
        const inside = (use === "model" || use === "data") && isWithin(target, source) &&
          !isFolder(target) &&
          !/\.html?$/i.test(target); // a page of an earlier call
        if (target !== source && !inside) continue;
        throw new PermissionMistake(
          `Cannot write to ${JSON.stringify(value)}: it is there already, and the command reads ` +
            `${JSON.stringify(input)}; wanted another place`,
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
    const path = this.#path(value);
    if (path.includes("\0")) {
      throw new PermissionMistake("Cannot use a path with a zero character");
    }
    switch (use) {
      case "read":
        if (/^(data|https?):/i.test(value)) break; // no path
        this.mayRead(value);
        if (videoFile.test(value)) this.video();
        break;
      case "scores":
        this.mayRead(value);
        // says of which model they are
        if (/(^|[/\\])scores\.json$/.test(value)) {
          for (const end of ["", ".gz"]) this.mayRead(`${parent(path)}/manifest.json${end}`);
        }
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
        const folder = dataFolder(value);
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
