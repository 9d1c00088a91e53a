/** `corelens plan`: freezes a run and cuts it into shards that any machine can work on. */
import { InputError } from "../lib/common/errors.ts";
import { shippedOrGiven } from "../lib/families/shipped.ts";
import type { OpenedRun } from "../lib/cluster/run_files.ts";
import type { Arguments, Command } from "./command.ts";
import type { RunCommand } from "./runs.ts";
import { pathOptions } from "./paths.ts";
import { exists } from "./real_paths.ts";
import { runCommands } from "./run_commands.ts";

const names = Object.keys(runCommands);

/**
 * The command that a planned run freezes.
 *
 * @throws {InputError} if there is none of that name
 */
export async function plannableCommand(name: string): Promise<RunCommand> {
  if (Object.hasOwn(runCommands, name)) return (await runCommands[name]()).command;
  throw new InputError(
    `Cannot plan "${name}": wanted ${names.join(", ")}, as in plan identify ` +
      "--dataset D --out RUN",
  );
}

/** Options that say how a run is planned, not what it is. */
const notFrozen = ["out", "shard-minutes", "fresh", "json", "help"];

/** A path from the root on, where the value of an option is one. */
function fixedPath(name: string, value: string): string {
  const use = pathOptions[name];
  if (use === undefined) return value;
  const [, prefix = "", path] = /^([\w+-]{2,}:)?(.*)$/s.exec(value)!;
  const isName = use === "model" ? shippedOrGiven(value) !== value : prefix === "shipped:";
  return !isName && exists(path) ? prefix + Deno.realPathSync(path) : value;
}

/** The arguments that workers will read: the same, with paths from the root on. */
export function frozenArguments({ values }: Arguments): string[] {
  return Object.entries(values).filter(([name]) => !notFrozen.includes(name))
    .flatMap(([name, value]) =>
      (Array.isArray(value) ? value : [value]).map((one) =>
        one === true ? `--${name}` : `--${name}=${fixedPath(name, one as string)}`
      )
    );
}

/** Seconds as a person says them. */
export function spoken(seconds: number): string {
  if (seconds < 90) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  return seconds < 5400 ? `${(seconds / 60).toFixed(0)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** What a plan says on standard output. */
async function planLines({ folder, run, shards }: OpenedRun): Promise<string[]> {
  const { simulateSchedule } = await import("../lib/cluster/schedule.ts");
  const { cost } = run, times = shards.map(({ seconds }) => seconds);
  const { files, uses, savedHours } = cost.media;
  const lines = [
    `${run.units} units in ${shards.length} shards, the longest ${spoken(Math.max(...times))}`,
    `one worker of this machine: ${spoken(cost.hours * 3600)} and ${spoken(cost.startSeconds)} a ` +
    `start (measured on ${cost.tried} units)`,
  ];
  if (cost.prefillTokens !== null && cost.prefillGflop !== null) {
    lines.push(
      `prompts: about ${cost.prefillTokens} tokens, ${
        cost.prefillGflop.toPrecision(3)
      } GFLOP for ` +
        "one dense prefill of each in the decoder",
    );
  }
  lines.push(`weights: ${(cost.weightBytes / 2 ** 30).toFixed(2)} GiB in memory for each worker`);
  if (uses > files) {
    const saves = savedHours > 0 ? `, which saves ${spoken(savedHours * 3600)} of one worker` : "";
    lines.push(`media: ${files} files, used ${uses} times; each in one shard${saves}`);
  }
  lines.push("", "workers  time if all goes well  with 5% slow and 2% failing (19 of 20 runs)");
  const { startSeconds } = cost;
  for (let workers = 1; workers <= 64; workers *= 2) {
    const calm = simulateSchedule(times, workers, { startSeconds, stragglers: 0, failures: 0 });
    const rough = simulateSchedule(times, workers, { startSeconds });
    lines.push(
      `${String(workers).padStart(7)}  ${spoken(calm.mean).padStart(20)}  ` +
        `${`${spoken(rough.mean)} (${spoken(rough.late)})`.padStart(30)}`,
    );
    if (workers >= shards.length) break;
  }
  return [...lines, "", `plan: ${folder}/run.json, shards.jsonl`];
}

/** The planning form of a command: its options, and how long a shard takes. */
function planOf(inner: RunCommand): Command {
  return {
    name: `plan ${inner.name}`,
    summary: `freeze a run of ${inner.name} and cut it into shards for many machines`,
    options: {
      ...inner.options,
      "shard-minutes": {
        type: "string",
        value: "M",
        help: "minutes per shard on a machine like this one (default 10)",
      },
    },
    needs: inner.needs,
    examples: inner.examples.map((example) => `plan ${example} --shard-minutes 10`),
    async run(args) {
      const shardMinutes = args.number("shard-minutes", 10, 0.001, 10_000);
      using ready = await inner.open(args);
      const planned = await ready.plan({
        command: inner.name,
        arguments: frozenArguments(args),
        shardMinutes,
        startSeconds: performance.now() / 1000, // since the process began
      });
      if (args.flag("json")) {
        const { shards, units, cost } = planned.run;
        return console.log(JSON.stringify({ shards, units, cost }, null, 2));
      }
      console.log((await planLines(planned)).join("\n"));
    },
  };
}

export const command: Command = {
  name: "plan",
  summary: "freeze a run of an experiment, such as identify, and cut it into shards",
  options: {},
  common: [],
  words: [names.join("|")],
  examples: [
    "plan identify --dataset my_pages --out runs/pages --shard-minutes 10",
    "plan identify --help",
  ],
  async within(word) {
    if (word === undefined || word.startsWith("-")) return null;
    return planOf(await plannableCommand(word));
  },
  run() {
    throw new InputError(
      `Missing ${names.join("|")}: wanted plan identify --dataset D --out RUN`,
    );
  },
};
