/**
 * Many machines: a run is planned, worked on anywhere, and merged once. Files are all that the
 * machines have in common; `docs/scale.md` describes them.
 *
 * @module
 */
export * from "./cost.ts";
export * from "./finished_shard.ts";
export * from "./local_engine.ts";
export * from "./merge_run.ts";
export { type PlanOptions, planRun } from "./plan_run.ts";
export {
  finishedShards,
  missingShards,
  type OpenedRun,
  openRun,
  type PlannedRun,
  readPlannedRun,
  type Shard,
  type ShardUnit,
} from "./run_files.ts";
export * from "./run_status.ts";
export * from "./schedule.ts";
export * from "./slurm_engine.ts";
export { logEvent, type ShardEvent, type ShardNews } from "./shard_log.ts";
export * from "./shards.ts";
export { isFinished, workShard } from "./work_shard.ts";
