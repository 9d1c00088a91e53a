/** `corelens work`: computes one shard of a planned run; what every engine runs. */
import { InputError } from "../lib/common/errors.ts";
import { type Command, parseCommand } from "./command.ts";
import { plannableCommand } from "./plan.ts";
import { CommandFailure, lastWords } from "./terminal.ts";

/** Stops a worker between two units when the system asks for it. */
function stopOnSignal(): AbortSignal {
  const stop = new AbortController();
  const signals = Deno.build.os === "windows"
    ? ["SIGINT"] as const
    : ["SIGINT", "SIGTERM"] as const;
  for (const signal of signals) {
    Deno.addSignalListener(signal, () => {
      stop.abort(new CommandFailure(`stopped by ${signal}; what is done stays done`));
    });
  }
  return stop.signal;
}

export const command: Command = {
  name: "work",
  summary: "compute one shard of a planned run; resumes where it was killed",
  words: ["RUN"],
  common: [],
  needs: ["shard"],
  options: {
    shard: { type: "string", value: "K", help: "number of the shard: its line, from 0" },
  },
  examples: ["work runs/pages --shard 0"],
  async run(args) {
    const folder = args.word("RUN"), number = args.required("shard");
    const shard = /^\d+$/.test(number) ? Number(number) : NaN;
    if (Number.isNaN(shard)) throw new InputError(`Cannot use --shard ${number}: wanted a number`);
    const { readPlannedRun } = await import("../lib/cluster/run_files.ts");
    const { isFinished } = await import("../lib/cluster/work_shard.ts");
    const { claimShard, logEvent } = await import("../lib/cluster/shard_log.ts");
    const run = await readPlannedRun(folder);
    if (await isFinished({ folder, run }, shard)) {
      return console.error(`nothing to do: shard ${shard} is done already`);
    }
    const signal = stopOnSignal();
    using _claim = await claimShard(folder, shard);
    await logEvent(folder, shard, { event: "start" });
    try {
      const inner = await plannableCommand(run.command);
      using ready = await inner.open(parseCommand(inner, [...run.arguments, `--out=${folder}`]));
      await ready.work(folder, shard, signal);
      console.error(`shard ${shard} is done`);
    } catch (error) {
      const { text: message, code } = lastWords(error);
      const event = signal.aborted ? "stopped" : "failed";
      await logEvent(folder, shard, { event, code, message });
      throw error;
    }
  },
};
