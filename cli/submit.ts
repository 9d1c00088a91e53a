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
  const { logEvent, readEvents } = await import("../lib/cluster/shard_log.ts");
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
    async onFailure(shard, code, left) {
      const last = readEvents(folder, shard).at(-1);
      const itself = last?.event === "failed" || last?.event === "stopped";
      const said = itself ? last.message : code > 128 ? `killed by signal ${code - 128}` : "ended";
      if (!itself) await logEvent(folder, shard, { event: "failed", code, message: said });
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

/** Engines by name: what each does, and how shards are sent to it. */
const engines = {
  local: "processes on this machine",
  slurm: "an array of tasks, by a script in RUN/slurm",
} as const;

export const command: Command = {
  name: "submit",
  summary: "send the shards of a planned run that are missing to an engine",
  words: ["RUN"],
  rest: "ENGINE ARGS",
  common: [],
  needs: ["engine"],
  options: {
    engine: {
      type: "string",
      value: "NAME",
      help: Object.entries(engines).map(([name, does]) => `${name}: ${does}`).join("; "),
    },
    workers: {
      type: "string",
      value: "N",
      help: "shards at once (default: 1 locally, no limit on Slurm)",
    },
  },
  examples: [
    "submit runs/pages --engine local --workers 4",
    "submit runs/pages --engine slurm -- --time=2:00:00 --cpus-per-task=8 --mem=24G",
  ],
  async run(args) {
    const { missingShards, readPlannedRun } = await import("../lib/cluster/run_files.ts");
    args.required("engine");
    const engine = args.oneOf("engine", ["local", "slurm"] as const, "local");
    const folder = await Deno.realPath(args.word("RUN")).catch(() => args.word("RUN"));
    const { shards, cost } = await readPlannedRun(folder);
    const missing = await missingShards(folder, shards);
    if (missing.length === 0) return console.error("nothing to do: all shards are done");
    const { runStatus } = await import("../lib/cluster/run_status.ts");
    const running = new Set((await runStatus(folder)).running.map(({ shard }) => shard));
    const open = missing.filter((shard) => !running.has(shard));
    if (open.length < missing.length) {
      console.error(`not sent: ${missing.length - open.length} shards that are being worked on`);
    }
    if (open.length === 0) return;
    if (engine === "local") return await submitLocally(args, folder, open, cost.weightBytes);
    const { submitToSlurm } = await import("./submit_slurm.ts");
    const workers = args.text("workers") === undefined ? undefined : args.integer("workers", 1, 1);
    for (const job of await submitToSlurm(folder, open, args.rest, workers)) console.log(job);
  },
};
