/** `corelens status`: how far a planned run is. */
import type { RunStatus } from "../lib/cluster/run_status.ts";
import type { Command } from "./command.ts";
import { spoken } from "./plan.ts";

/** Failed shards that are listed; more are counted. */
const listed = 20;

/** A status as text. */
export function statusLines(status: RunStatus): string[] {
  const { shards, done, running, failed, waiting, disagreeing, secondsLeft } = status;
  const left = secondsLeft === null ? "" : `, ${spoken(secondsLeft)} left`;
  const lines = [
    `${done} of ${shards} shards done, ${running.length} running, ${failed.length} failed, ` +
    `${waiting} waiting${left}`,
  ];
  for (const { shard, host, units, of } of running) {
    lines.push(`  running  ${shard}: ${units} of ${of} units on ${host}`);
  }
  for (const { shard, tries, code, message } of failed.slice(0, listed)) {
    lines.push(
      `  failed   ${shard} (${tries} tries${code === null ? "" : `, code ${code}`}): ${message}`,
    );
  }
  if (failed.length > listed) lines.push(`  and ${failed.length - listed} more that failed`);
  if (disagreeing.length > 0) {
    lines.push(`  computed twice with other results: ${disagreeing.join(", ")}`);
  }
  if (status.merged) lines.push("merged");
  else if (done === shards) lines.push("ready to merge");
  return lines;
}

export const command: Command = {
  name: "status",
  summary: "show the progress of a planned run: done, running, failed, time left",
  words: ["RUN"],
  common: ["json"],
  options: { watch: { type: "boolean", help: "refresh every ten seconds until all is done" } },
  examples: ["status runs/pages --watch"],
  async run(args) {
    const { runStatus } = await import("../lib/cluster/run_status.ts");
    for (;;) {
      const status = await runStatus(args.word("RUN"));
      console.log(
        args.flag("json") ? JSON.stringify(status, null, 2) : statusLines(status).join("\n"),
      );
      if (!args.flag("watch") || status.done === status.shards) return;
      await new Promise((resolve) => setTimeout(resolve, 10_000));
    }
  },
};
