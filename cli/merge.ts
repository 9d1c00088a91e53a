/** `corelens merge`: the finished shards of a planned run as one record. */
import type { Command } from "./command.ts";
import { plannableCommand } from "./plan.ts";

export const command: Command = {
  name: "merge",
  summary: "write the record of a planned run whose shards are all done",
  words: ["RUN"],
  common: ["json"],
  options: {
    "same-backend": {
      type: "boolean",
      help: "refuse shards that different backends computed (else they are named)",
    },
  },
  examples: ["merge runs/pages"],
  async run(args) {
    const { mergeRun } = await import("../lib/cluster/merge_run.ts");
    const { readPlannedRun } = await import("../lib/cluster/run_files.ts");
    const folder = args.word("RUN");
    const onNotice = (text: string) => console.error(text);
    const { units, shards } = await mergeRun(folder, {
      sameBackend: args.flag("same-backend"),
      onNotice,
    });
    console.error(`merged ${units} units of ${shards} shards`);
    const inner = await plannableCommand((await readPlannedRun(folder)).command);
    await inner.show(args, folder);
  },
};
