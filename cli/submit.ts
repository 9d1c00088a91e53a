/** `corelens submit`: sends the shards of a planned run that are missing to an engine. */
import { InputError } from "../lib/common/errors.ts";
import type { Arguments, Command } from "./command.ts";
import { progress } from "./progress.ts";
import { CommandFailure } from "./terminal.ts";

/** Works through shards with processes on this machine. */
async function submitLocally(
  args: Arguments,
  folder: string,
  shards: readonly number[],
  weightBytes: number,
): Promise<void> {
  const { checkMemory, workLocally } = await import("../lib/cluster/local_engine.ts");
  const { readEvents } = await import("../lib/cluster/shard_log.ts");
  const { startWorker } = await import("./engines.ts");
  if (args.rest.length > 0) {
    throw new InputError(`Cannot pass "${args.rest[0]}" to the local engine: it takes none`);
  }
  const workers = Math.min(args.integer("workers", 1, 1, 1024), shards.length);
  checkMemory(workers, weightBytes, Deno.systemMemoryInfo().available);
  const threads = Math.max(1, Math.floor(navigator.hardwareConcurrency / workers));
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    if (Deno.build.os === "windows" && signal === "SIGTERM") continue;
    Deno.addSignalListener(signal, () => stop.abort());
  }
  const givenUp = await workLocally(shards, {
    workers,
    start: (shard) => startWorker(folder, shard, threads, stop.signal),
    signal: stop.signal,
    onProgress: progress("shards"),
    onFailure(shard, code, left) {
      const last = readEvents(folder, shard).at(-1);
      const said = last?.event === "failed" || last?.event === "stopped" ? last.message : "killed";
      console.error(`shard ${shard} failed with code ${code}, ${left} tries left: ${said}`);
    },
  });
  if (stop.signal.aborted) throw new CommandFailure("stopped; submit again to go on");
  if (givenUp.length === 0) return console.error("all shards are done: corelens merge RUN");
  throw new CommandFailure(
    `${givenUp.length} of ${shards.length} shards failed (${givenUp.slice(0, 5).join(", ")}` +
      `${givenUp.length > 5 ? ", …" : ""}); corelens status says why`,
  );
}

/** The command. */
export const command: Command = {
  name: "submit",
  summary: "send the shards of a planned run that are missing to an engine",
  words: ["RUN"],
  rest: "ENGINE ARGS",
  options: {
    engine: { type: "string", value: "NAME", help: "local: processes on this machine" },
    workers: { type: "string", value: "N", help: "processes at once (default 1)" },
  },
  examples: ["submit runs/pages --engine local --workers 4"],
  async run(args) {
    const { missingShards, readPlannedRun } = await import("../lib/cluster/run_files.ts");
    args.required("engine");
    args.oneOf("engine", ["local"] as const, "local");
    const folder = await Deno.realPath(args.word("RUN")).catch(() => args.word("RUN"));
    const { shards, cost } = await readPlannedRun(folder);
    const missing = await missingShards(folder, shards);
    if (missing.length === 0) return console.error("nothing to do: all shards are done");
    await submitLocally(args, folder, missing, cost.weightBytes);
  },
};
