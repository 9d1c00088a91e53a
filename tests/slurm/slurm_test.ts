import { assert, assertEquals } from "@std/assert";
import { runStatus } from "../../lib/cluster/run_status.ts";
import { finishedShards, places } from "../../lib/cluster/run_files.ts";
import { recordFiles } from "../cluster/planted_run.ts";
import { goldenDir } from "../suites/golden.ts";
import { repository } from "../suites/program.ts";
import { missingPrograms, SlurmCluster } from "./slurm_cluster.ts";

const missing = Deno.build.os === "linux" ? await missingPrograms() : ["Linux"];
const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
const reason = missing.length > 0
  ? ` (ignored: there is no ${missing.join(", ")}; Debian: apt-get install slurm-wlm)`
  : Deno.env.get("CORELENS_TEST_SLURM") !== "1"
  ? " (ignored: minutes; run by deno task test:slurm)"
  : isRoot
  ? ""
  : " (ignored: slurmd must be started by root)";

/** A planned run and a cluster. */
async function withRun(
  body: (cluster: SlurmCluster, run: string, corelens: Corelens) => Promise<void>,
): Promise<void> {
  await using cluster = await SlurmCluster.start();
  const corelens: Corelens = (...args) =>
    cluster.run(Deno.execPath(), "run", "--quiet", "-A", `${repository}/cli/main.ts`, ...args);
  const run = `${cluster.folder}/run`;
  const data = ["--model", goldenDir("qwen3_vl"), "--dataset", "shipped:scene"];
  const planned = await corelens(
    "plan",
    "identify",
    ...data,
    "--out",
    run,
    "--shard-minutes",
    "1e-3",
  );
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
