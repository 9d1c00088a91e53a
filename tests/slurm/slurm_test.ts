import { assert, assertEquals } from "@std/assert";
import { runStatus } from "../../lib/cluster/run_status.ts";
import { finishedShards, places } from "../../lib/cluster/run_files.ts";
import { readEvents } from "../../lib/cluster/shard_log.ts";
import { slurmScript } from "../../lib/cluster/slurm_engine.ts";
import { recordFiles } from "../cluster/planted_run.ts";
import { goldenDir } from "../suites/golden.ts";
import { repository } from "../suites/program.ts";
import { SlurmCluster, whyNoSlurm } from "./slurm_cluster.ts";

const reason = await whyNoSlurm();

/** A planned run and a cluster. */
async function withRun(
  body: (cluster: SlurmCluster, run: string, corelens: Corelens) => Promise<void>,
  shardMinutes = "1e-3",
): Promise<void> {
  await using cluster = await SlurmCluster.start();
  const corelens: Corelens = (...args) =>
    cluster.run(Deno.execPath(), "run", "--quiet", "-A", `${repository}/cli/main.ts`, ...args);
  const run = `${cluster.folder}/run`;
  const data = ["--model", goldenDir("qwen3_vl"), "--dataset", "shipped:scene"];
  const cut = ["--out", run, "--shard-minutes", shardMinutes];
  const planned = await corelens("plan", "identify", ...data, ...cut);
  assertEquals(planned.code, 0, planned.err);
  await body(cluster, run, corelens);
}

/** The command line on the cluster's machine. */
type Corelens = (...args: string[]) => Promise<{ code: number; out: string; err: string }>;

/** Processes of workers on a run. */
async function workers(cluster: SlurmCluster, run: string): Promise<string[]> {
  const { out } = await cluster.run("pgrep", "-f", `main.ts work ${run}`);
  return out.split("\n").filter((pid) => pid !== "");
}

Deno.test({
  name: `Slurm: killed and cancelled tasks, resubmission, merged bytes${reason}`,
  ignore: reason !== "",
  async fn() {
    await withRun(async (cluster, run, corelens) => {
      const data = ["--model", goldenDir("qwen3_vl"), "--dataset", "shipped:scene"];
      const alone = `${cluster.folder}/alone`;
      assertEquals((await corelens("identify", ...data, "--out", alone)).code, 0);
      const { shards } = await runStatus(run);
      const sent = await corelens("submit", run, "--engine", "slurm", "--workers", "2");
      assertEquals(sent.code, 0, sent.err);
      const jobs = sent.out.split("\n");
      assertEquals(jobs.length, Math.ceil(shards / 4), "arrays within MaxArraySize");
      // kill -9 of a task's process: that task alone is queued again
      await cluster.until("a worker runs", async () => (await workers(cluster, run)).length > 0);
      for (const pid of await workers(cluster, run)) await cluster.run("kill", "-9", pid);
      const tries = () =>
        [...Deno.readDirSync(`${run}/slurm`)].some(({ name }) => /^tries/.test(name));
      await cluster.until("the failure is counted", tries, 30);
      const reasons = async () => (await cluster.run("squeue", "-h", "-o", "%r")).out;
      await cluster.until(
        "it is queued again",
        async () => (await reasons()).includes("BeginTime"),
      );
      // cancel: nothing comes back by itself, and what is missing is sent again
      await cluster.run("scancel", ...jobs);
      await cluster.until("the queue is empty", () => cluster.isEmpty(), 60);
      assert((await finishedShards(run)).size < shards);
      assertEquals((await corelens("merge", run)).code, 2);
      const again = await corelens("submit", run, "--engine", "slurm");
      assertEquals(again.code, 0, again.err);
      await cluster.until("all are done", async () => (await finishedShards(run)).size === shards);
      const merged = await corelens("merge", run);
      assertEquals(merged.code, 0, merged.err);
      assertEquals(await recordFiles(run), await recordFiles(alone));
    });
  },
});

/** Sends a run's shards as `submit` does, to workers that take so many milliseconds more for a unit. */
async function submitSlow(
  cluster: SlurmCluster,
  run: string,
  slowness: number,
  ...engineArgs: string[]
): Promise<string> {
  const { shards } = await runStatus(run);
  await Deno.mkdir(`${run}/slurm`, { recursive: true });
  const list = `${run}/slurm/list.txt`, script = `${run}/slurm/slow.sh`;
  await Deno.writeTextFile(list, Array.from({ length: shards }, (_, i) => `${i}\n`).join(""));
  const main = `${repository}/cli/main.ts`, trace = `${repository}/tests/cluster/trace.ts`;
  const text = slurmScript({
    folder: run,
    list,
    tasks: shards,
    program: [Deno.execPath(), "run", "--quiet", "--no-check", "-A", `--preload=${trace}`, main],
    cwd: repository,
  });
  const slow = `export CORELENS_TEST_TRACE=${run}/trace CORELENS_TEST_SLOWNESS=${slowness}\ncd `;
  await Deno.writeTextFile(script, text.replace("\ncd ", `\n${slow}`));
  const { code, out, err } = await cluster.run("sbatch", "--parsable", ...engineArgs, script);
  assertEquals(code, 0, err);
  return out;
}

/** Merges, and compares with one process. */
async function assertMerged(cluster: SlurmCluster, run: string, corelens: Corelens): Promise<void> {
  const data = ["--model", goldenDir("qwen3_vl"), "--dataset", "shipped:scene"];
  const alone = `${cluster.folder}/alone`;
  assertEquals((await corelens("identify", ...data, "--out", alone)).code, 0);
  const merged = await corelens("merge", run);
  assertEquals(merged.code, 0, merged.err);
  assertEquals(await recordFiles(run), await recordFiles(alone));
}

/** Units that were computed, and whether a try counts as failed. */
function traceOf(run: string): { computed: string[]; failures: boolean } {
  const computed = Deno.readTextFileSync(`${run}/trace`).split("\n").slice(0, -1);
  const failures = [...Deno.readDirSync(`${run}/slurm`)].some(({ name }) => /^tries/.test(name));
  return { computed, failures };
}

Deno.test({
  name: `Slurm: before the time limit the journal is closed and the task queued again${reason}`,
  ignore: reason !== "",
  async fn() {
    await withRun(async (cluster, run, corelens) => {
      // 7 units of 8 s do not fit: the limit is two minutes, its warning comes 90 s before it, or
      // up to a minute earlier
      await submitSlow(cluster, run, 8000, "--time=2", "--signal=B:USR1@90");
      const events = () => readEvents(run, 0).map(({ event }) => event);
      await cluster.until("it is stopped", () => events().includes("stopped"));
      const done = traceOf(run).computed.length;
      assert(done < 7, `${done} units were done before the warning`);
      await cluster.until("it is done", () => events().includes("done"), 300);
      assertEquals(new Set(events()), new Set(["start", "stopped", "done"]));
      const { computed, failures } = traceOf(run);
      assertEquals([new Set(computed).size, failures], [computed.length, false]);
      await assertMerged(cluster, run, corelens);
    }, "10");
  },
});

Deno.test({
  name: `Slurm: tasks of a lost node are queued again, and go on from their journals${reason}`,
  ignore: reason !== "",
  async fn() {
    await withRun(async (cluster, run, corelens) => {
      await submitSlow(cluster, run, 3000);
      const journal = () => runStatus(run).then(({ running: [first] }) => first?.units ?? 0);
      const before = await journal();
      await cluster.until("a unit is done", async () => await journal() > before);
      const own = await workers(cluster, run);
      const steps = (await Promise.all(own.map((pid) => cluster.ancestors(pid)))).flat();
      await cluster.loseNode([...own, ...steps]);
      await cluster.until("the node is down", async () => /down/.test(await cluster.nodeState()));
      const { out } = await cluster.run("squeue", "-h", "-o", "%T");
      assertEquals(out, "PENDING");
      cluster.recoverNode();
      await cluster.until("it is done", async () => (await finishedShards(run)).size === 1, 300);
      const { computed, failures } = traceOf(run);
      assert(computed.length - new Set(computed).size <= 1, "more than a unit is lost");
      assertEquals(failures, false);
      await assertMerged(cluster, run, corelens);
    }, "10");
  },
});

Deno.test({
  name: `Slurm: a task that always fails is tried three times, and sent again by hand${reason}`,
  ignore: reason !== "",
  async fn() {
    await withRun(async (cluster, run, corelens) => {
      await submitSlow(cluster, run, 3000);
      const failures = () => {
        try {
          return Deno.readTextFileSync(`${run}/slurm/tries.0`).split("\n").length - 1;
        } catch {
          return 0; // none yet
        }
      };
      while (failures() < 3) {
        const before = failures();
        const starts = () => readEvents(run, 0).filter(({ event }) => event === "start").length;
        await cluster.until("a worker has begun", () => starts() > before);
        for (const pid of await workers(cluster, run)) await cluster.run("kill", "-9", pid);
        await cluster.until("the failure is counted", () => failures() > before, 60);
      }
      await cluster.until("the queue is empty", () => cluster.isEmpty(), 60);
      const { tries, code, message } = (await runStatus(run)).failed[0];
      assertEquals([tries, code, message], [3, 137, "killed by signal 9"]);
      assertEquals((await corelens("submit", run, "--engine", "slurm")).code, 0);
      await cluster.until("it is done", async () => (await finishedShards(run)).size === 1);
    }, "10");
  },
});

Deno.test({
  name: `Slurm: a mistake is tried once${reason}`,
  ignore: reason !== "",
  async fn() {
    await withRun(async (cluster, run, corelens) => {
      const text = await Deno.readTextFile(places.run(run));
      await Deno.writeTextFile(places.run(run), text.replace("--dataset=", "--datasett="));
      await corelens("submit", run, "--engine", "slurm");
      await cluster.until("the queue is empty", () => cluster.isEmpty(), 120);
      const { failed } = await runStatus(run);
      assertEquals(new Set(failed.map(({ tries, code }) => `${tries} ${code}`)), new Set(["1 2"]));
    });
  },
});
