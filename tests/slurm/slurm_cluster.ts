/**
 * A Slurm cluster of one node for tests: slurmctld and slurmd of the system's packages, with files of
 * their own, without munge and without accounting.
 *
 * @module
 */
const programs = ["slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel"];

/** Programs that are missing; none where a cluster can be started. */
async function missingPrograms(): Promise<string[]> {
  const found = await Promise.all(programs.map(async (name) => {
    const command = new Deno.Command("sh", { args: ["-c", `command -v ${name}`], stdout: "null" });
    return (await command.output()).success;
  }));
  return programs.filter((_, i) => !found[i]);
}

/** Why no cluster is started, to stand behind the name of a test; empty where one is. */
export async function whyNoSlurm(): Promise<string> {
  const missing = Deno.build.os === "linux" ? await missingPrograms() : ["Linux"];
  if (missing.length > 0) {
    return ` (ignored: there is no ${missing.join(", ")}; Debian: apt-get install slurm-wlm)`;
  }
  if (Deno.env.get("CORELENS_TEST_SLURM") !== "1") {
    return " (ignored: minutes; run by deno task test:slurm)";
  }
  return Deno.uid() === 0 ? "" : " (ignored: slurmd must be started by root)";
}

const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

function configuration(folder: string, host: string, port: number): string {
  return `ClusterName=corelens
SlurmctldHost=${host}(127.0.0.1)
SlurmctldPort=${port}
SlurmdPort=${port + 1}
AuthType=auth/none
AuthInfo=cred_expire=5
CredType=cred/none
MpiDefault=none
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SlurmUser=root
SlurmdUser=root
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/ctld.pid
SlurmdPidFile=${folder}/d.pid
SlurmctldLogFile=${folder}/ctld.log
SlurmdLogFile=${folder}/d.log
ReturnToService=2
KillWait=3
SlurmdTimeout=10
UnkillableStepTimeout=10
OverTimeLimit=0
SlurmdParameters=config_overrides
MaxArraySize=4
SchedulerParameters=batch_sched_delay=1,sched_interval=2
NodeName=${host} NodeAddr=127.0.0.1 CPUs=3 State=UNKNOWN
PartitionName=test Nodes=ALL Default=YES MaxTime=INFINITE State=UP
`;
}

/** A running cluster. */
export class SlurmCluster implements AsyncDisposable {
  readonly #daemons = new Map<string, Deno.ChildProcess>();

  private constructor(
    readonly folder: string,
    /** What programs need to find it. */
    readonly env: Readonly<Record<string, string>>,
  ) {}

  /** Starts one. */
  static async start(): Promise<SlurmCluster> {
    const folder = await Deno.makeTempDir({ prefix: "corelens-slurm-" });
    for (const name of ["state", "spool"]) await Deno.mkdir(`${folder}/${name}`);
    const port = 20000 + Math.floor(Math.random() * 20000);
    const config = `${folder}/slurm.conf`;
    await Deno.writeTextFile(config, configuration(folder, Deno.hostname(), port));
    const cluster = new SlurmCluster(folder, {
      SLURM_CONF: config,
      TF_NUM_INTRAOP_THREADS: "1", // as many as a task has: others move sums by rounding
    });
    for (const name of ["slurmctld", "slurmd"]) cluster.#spawn(name);
    for (let tries = 0; tries < 60; tries++) {
      if ((await cluster.nodeState().catch(() => "")).startsWith("idle")) return cluster;
      await wait(500);
    }
    const log = await Deno.readTextFile(`${folder}/ctld.log`).catch(() => "");
    await cluster[Symbol.asyncDispose]();
    throw new Error(`The test's Slurm does not come up: ${log.slice(-500)}`);
  }

  #spawn(name: string): void {
    const daemon = new Deno.Command(name, {
      args: ["-D", "-f", this.env.SLURM_CONF],
      env: this.env,
      stdout: "null",
      stderr: "null",
    });
    this.#daemons.set(name, daemon.spawn());
  }

  /** What the controller says of its node: `idle`, `mix`, `down*`, … */
  async nodeState(): Promise<string> {
    return (await this.run("sinfo", "-h", "-o", "%t")).out;
  }

  /** Ends the node's daemon at once, and given processes with it: all that a power cut ends. */
  async loseNode(processes: readonly string[]): Promise<void> {
    const daemon = this.#daemons.get("slurmd")!;
    daemon.kill("SIGKILL");
    await daemon.status;
    for (const pid of processes) await this.run("kill", "-9", pid);
  }

  /** Parents of a process up to the one that the node's daemon started, which is among them. */
  async ancestors(pid: string): Promise<string[]> {
    const found: string[] = [];
    for (let at = pid;;) {
      const { out } = await this.run("ps", "-o", "ppid=,comm=", "-p", at);
      const [parent = "", name = ""] = out.split(/\s+/);
      if (name.startsWith("slurmstepd") || parent === "" || parent === "1") return found;
      found.push(at = parent);
    }
  }

  /** Starts the node's daemon again. */
  recoverNode(): void {
    this.#spawn("slurmd");
  }

  /** Runs a program. */
  async run(
    program: string,
    ...args: string[]
  ): Promise<{ code: number; out: string; err: string }> {
    const command = new Deno.Command(program, { args, env: { ...this.env, NO_COLOR: "1" } });
    const { code, stdout, stderr } = await command.output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { code, out: text(stdout), err: text(stderr) };
  }

  /** Waits until something holds. @throws if it does not within so many seconds */
  async until(what: string, holds: () => boolean | Promise<boolean>, seconds = 180): Promise<void> {
    for (const end = Date.now() + 1000 * seconds; Date.now() < end; await wait(250)) {
      if (await holds()) return;
    }
    const { out } = await this.run("squeue", "-a");
    throw new Error(`Waited in vain until ${what}; squeue: ${out}`);
  }

  /** Whether no task waits or runs. */
  async isEmpty(): Promise<boolean> {
    return (await this.run("squeue", "-h")).out === "";
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.run("scancel", "--state=RUNNING").catch(() => {});
    for (const daemon of [...this.#daemons.values()].reverse()) {
      try {
        daemon.kill("SIGTERM");
      } catch {
        // it has ended
      }
      await daemon.status;
    }
    await Deno.remove(this.folder, { recursive: true }).catch(() => {});
  }
}
