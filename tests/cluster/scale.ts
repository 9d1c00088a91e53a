/**
 * How long `status` (with half of the shards killed halfway, and with all done) and `merge` take for
 * planned runs of many shards and units, which are made up: no model computes.
 *
 *     deno run -A tests/cluster/scale.ts [--shards 10000] [--units 10] [--layers 4] [--heads 8]
 *         [--rules 2]
 *
 * Processor time and peak memory are those that `/usr/bin/time` (Debian: `time`) says.
 * @module
 */
import { parseArgs } from "node:util";
import { repository } from "../suites/program.ts";
import { beginShard, finishShard, madeRun } from "./made_run.ts";

/** Runs a command of the command line and says what it took. */
async function measure(command: string, folder: string): Promise<void> {
  const { code, stderr } = await new Deno.Command("/usr/bin/time", {
    args: [
      "-v",
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      `${repository}/cli/main.ts`,
      command,
      folder,
    ],
    stdout: "null",
  }).output();
  const said = new TextDecoder().decode(stderr);
  if (code !== 0) throw new Error(said);
  const number = (name: string) => Number(new RegExp(`${name}[^:]*: ([\\d.]+)`).exec(said)?.[1]);
  const seconds = number("User time") + number("System time");
  const megabytes = number("Maximum resident set size") / 1024;
  console.log(
    `${command}: ${seconds.toFixed(2)} s of processor time, ${megabytes.toFixed(0)} MiB at most`,
  );
}

const number = { type: "string" } as const;
const { values } = parseArgs({
  args: Deno.args,
  options: {
    shards: { ...number, default: "10000" },
    units: { ...number, default: "10" },
    layers: { ...number, default: "4" },
    heads: { ...number, default: "8" },
    rules: { ...number, default: "2" },
  },
});
const [shards, units, layers, heads, rules] = [
  values.shards,
  values.units,
  values.layers,
  values.heads,
  values.rules,
].map(Number);
const folder = await Deno.makeTempDir({ prefix: "corelens-scale-" });
try {
  console.log(`${shards} shards of ${units} units, ${layers} x ${heads} heads, ${rules} rules`);
  const names = ["ram", "context-mass", "calibrated", "null-ram"].slice(0, rules);
  const run = await madeRun(folder, { shards, units, layers, heads, rules: names, draws: 2000 });
  for (let shard = 0; shard < shards; shard++) {
    await (shard % 2 ? beginShard : finishShard)(run, shard);
  }
  await measure("status", folder);
  for (let shard = 1; shard < shards; shard += 2) await finishShard(run, shard);
  for (const command of ["status", "merge"]) await measure(command, folder);
} finally {
  await Deno.remove(folder, { recursive: true });
}
