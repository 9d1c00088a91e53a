/**
 * What became of each try at a shard: one line for each event, in a file for each shard.
 *
 * @module
 */
import { writeAll } from "../common/files.ts";
import { places } from "./run_files.ts";

export type ShardEvent =
  & {
    /** When, in milliseconds since 1970. */
    readonly at: number;
    /** Which machine. */
    readonly host: string;
    /** Its process. */
    readonly pid: number;
  }
  & (
    | { readonly event: "start" }
    | { readonly event: "done"; readonly seconds: number }
    | { readonly event: "failed" | "stopped"; readonly code: number; readonly message: string }
    | { readonly event: "disagrees"; readonly units: readonly string[] }
  );

/** An event apart from when and where. */
export type ShardNews = ShardEvent extends infer E
  ? E extends ShardEvent ? Omit<E, "at" | "host" | "pid"> : never
  : never;

/** The machine that this process runs on, as far as the environment says. */
export function hostName(): string {
  for (const name of ["SLURMD_NODENAME", "HOSTNAME", "COMPUTERNAME"]) {
    const { state } = Deno.permissions.querySync({ name: "env", variable: name });
    const value = state === "granted" ? Deno.env.get(name) : undefined;
    if (value) return value;
  }
  return "unknown";
}

/**
 * Claims a shard until it is disposed of, so that `status` on this machine knows at once whether a
 * worker lives. Nothing is forbidden by it: of several workers on one shard the first holds the claim.
 */
export async function claimShard(folder: string, shard: number): Promise<Disposable> {
  const path = places.claim(folder, shard);
  await Deno.mkdir(places.parts(folder), { recursive: true });
  const file = await Deno.open(path, { create: true, write: true });
  const claimed = await file.tryLock(true).catch(() => false); // a file system without locks
  return {
    [Symbol.dispose]() {
      if (claimed) {
        try {
          Deno.removeSync(path);
        } catch {
          // another has removed it
        }
      }
      file.close();
    },
  };
}

/** Adds an event to a shard's log. */
export async function logEvent(folder: string, shard: number, news: ShardNews): Promise<void> {
  const event = { at: Date.now(), host: hostName(), pid: Deno.pid, ...news };
  await Deno.mkdir(places.logs(folder), { recursive: true });
  using file = await Deno.open(places.log(folder, shard), { create: true, append: true });
  await writeAll(file, new TextEncoder().encode(JSON.stringify(event) + "\n"));
}

/** The events of a shard; lines that a kill cut off are passed over. Reads at once. */
export function readEvents(folder: string, shard: number): ShardEvent[] {
  let text: string;
  try {
    text = Deno.readTextFileSync(places.log(folder, shard));
  } catch {
    return []; // nobody has tried
  }
  return text.split("\n").flatMap((line) => {
    try {
      return [JSON.parse(line) as ShardEvent];
    } catch {
      return [];
    }
  });
}
