/**
 * What planning, working in shards and merging costs beside one process, how two workers share the
 * work, and how good the plan's estimate is:
 *
 *     deno run -A tests/cluster/overhead.ts [--rounds 2] [--model mini] [--dataset shipped]
 *         [--shard-minutes 0.25]
 *
 * All with one thread, interleaved. Processor time is what `/usr/bin/time` (Debian: `time`) says; time
 * by the clock means something on an idle machine only.
 * @module
 */
import { parseArgs } from "node:util";
import { workLocally } from "../../lib/cluster/local_engine.ts";
import { openRun } from "../../lib/cluster/run_files.ts";
import { simulateSchedule } from "../../lib/cluster/schedule.ts";
import { median } from "../../lib/stats/summary.ts";
import { repository } from "../suites/program.ts";
import { copyFolder } from "./planted_run.ts";

/** Seconds of a command. */
interface Taken {
  readonly clock: number;
  readonly processor: number;
}

async function take(...args: readonly string[]): Promise<Taken> {
  const main = `${repository}/cli/main.ts`;
  const { code, stderr } = await new Deno.Command("/usr/bin/time", {
    args: ["-f", "%e %U %S", Deno.execPath(), "run", "-A", "--no-check", main, ...args],
    env: { NO_COLOR: "1", TF_NUM_INTRAOP_THREADS: "1" },
    stdout: "null",
  }).output();
  const said = new TextDecoder().decode(stderr).trim();
  if (code !== 0) throw new Error(said);
  const [clock, user, system] = said.split("\n").at(-1)!.split(" ").map(Number);
  return { clock, processor: user + system };
}

/** Works through a planned run. @returns each worker's processor time, and the time by the clock */
async function workAll(folder: string, workers: number) {
  const { run } = await openRun(folder), start = performance.now();
  const processor = Array.from({ length: workers }, () => 0);
  await workLocally(Array.from({ length: run.shards }, (_, i) => i), {
    workers,
    async start(shard, worker) {
      processor[worker] += (await take("work", folder, "--shard", String(shard))).processor;
      return 0;
    },
  });
  return { processor, clock: (performance.now() - start) / 1000 };
}

const text = (byDefault: string) => ({ type: "string", default: byDefault }) as const;
const { values } = parseArgs({
  args: Deno.args,
  options: {
    rounds: text("2"),
    model: text("mini"),
    dataset: text("shipped"),
    "shard-minutes": text("0.25"),
  },
});
const folder = await Deno.makeTempDir({ prefix: "corelens-overhead-" });
const found: Record<string, number[]> = {};
const note = (name: string, value: number) => (found[name] ??= []).push(value);
const sum = (numbers: readonly number[]) => numbers.reduce((a, b) => a + b, 0);
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    const at = (name: string) => `${folder}/${name}${round}`;
    const what = ["identify", "--model", values.model, "--dataset", values.dataset];
    const alone = await take(...what, "--out", at("alone"));
    const cut = ["--shard-minutes", values["shard-minutes"]];
    const plan = await take("plan", ...what, "--out", at("one"), ...cut);
    await copyFolder(at("one"), at("two"));
    const one = await workAll(at("one"), 1), two = await workAll(at("two"), 2);
    const merge = await take("merge", at("one"));
    const { shards, run: { cost } } = await openRun(at("one"));
    const start = await take("work", at("one"), "--shard", "0"); // done already: the program's start
    const calm = { startSeconds: cost.startSeconds, stragglers: 0, failures: 0 };
    const planned = simulateSchedule(shards.map(({ seconds }) => seconds), 2, calm).mean;
    note("shards", shards.length);
    note("one process, s", alone.processor);
    note("plan + work + merge, s", plan.processor + sum(one.processor) + merge.processor);
    note("plan, s", plan.processor);
    note("merge, s", merge.processor);
    note("start of the program alone, s", start.processor);
    note("two workers, sum, s", sum(two.processor));
    note("speed-up of two by processor time", sum(one.processor) / Math.max(...two.processor));
    note("speed-up of two by the clock", one.clock / two.clock);
    note("plan's estimate for two over the clock", planned / two.clock);
    for (const [name, list] of Object.entries(found)) {
      console.log(`${name}: ${median(list).toFixed(2)} (${list.map((x) => x.toFixed(2))})`);
    }
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}
