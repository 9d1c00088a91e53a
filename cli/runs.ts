/**
 * Commands whose runs can be done at once, or planned and worked on in shards: one way to open a run,
 * and three things to do with it.
 *
 * @module
 */
import type { PlanOptions } from "../lib/cluster/plan_run.ts";
import type { OpenedRun } from "../lib/cluster/run_files.ts";
import type { ExperimentConfig, ExperimentRun } from "../lib/experiments/experiment.ts";
import type { SamplesContext } from "../lib/experiments/run_context.ts";
import type { PretrainedModel } from "../lib/families/pretrained.ts";
import type { Arguments, Command } from "./command.ts";
import type { Progress } from "./progress.ts";

/** A run that is ready: its model is loaded. */
export interface ReadyRun extends Disposable {
  /** Does all of it, here. */
  run(): Promise<void>;
  /** Freezes it and cuts it into shards. */
  plan(options: Omit<PlanOptions, keyof SamplesContext>): Promise<OpenedRun>;
  /** Does one shard. */
  work(folder: string, shard: number, signal: AbortSignal): Promise<void>;
}

/** A command whose runs can be planned. */
export interface RunCommand extends Command {
  /** Reads the data set and loads the model. */
  open(args: Arguments): Promise<ReadyRun>;
  /** Prints what came out. */
  show(args: Arguments, folder: string): Promise<void>;
}

/** What a command does in one process: opens the run, does it, shows its record. */
export function runCommand(command: Omit<RunCommand, "run">): RunCommand {
  return {
    ...command,
    needs: ["dataset", "out", "scores"].filter((name) => Object.hasOwn(command.options, name)),
    async run(args) {
      using ready = await command.open(args);
      await ready.run();
      await command.show(args, args.required("out"));
    },
  };
}

/** A run with its model, ready for {@link RunCommand.open}. */
export function readyRun<Config extends ExperimentConfig, Row, Result>(
  model: PretrainedModel,
  run: ExperimentRun<Config, Row, Result>,
  context: SamplesContext & { readonly folder: string },
  onProgress: Progress,
): ReadyRun {
  return {
    async run() {
      const { runConfigured } = await import("../lib/experiments/experiment.ts");
      await runConfigured(run, { ...context, onProgress });
    },
    async plan(options) {
      const { planRun } = await import("../lib/cluster/plan_run.ts");
      return await planRun(run, { ...context, ...options, folder: context.folder });
    },
    async work(folder, shard, signal) {
      const { workShard } = await import("../lib/cluster/work_shard.ts");
      await workShard(run, folder, shard, { ...context, onProgress, signal });
    },
    [Symbol.dispose]() {
      run[Symbol.dispose]();
      model[Symbol.dispose]();
    },
  };
}
