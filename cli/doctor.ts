/** `corelens doctor`: what runs here, what does not, and what that costs. */
import type { Command } from "./command.ts";

export const command: Command = {
  name: "doctor",
  summary: "show which backend runs, why faster ones do not, and its speed",
  options: {},
  common: ["backend", "json"],
  examples: ["doctor", "doctor --json"],
  async run(args) {
    const { backendNames, describeBackend, factLines } = await import("../lib/backend/mod.ts");
    const choice = args.oneOf("backend", ["auto", ...backendNames] as const, "auto");
    const facts = await describeBackend(choice);
    if (args.flag("json")) return console.log(JSON.stringify(facts, null, 2));
    for (const line of factLines(facts)) console.log(line);
  },
};
