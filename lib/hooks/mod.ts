/**
 * Hook points: where an analysis may read or replace an activation, and how it gets plain data out.
 *
 * @module
 */
export type { CapturedArray, CaptureRequest } from "./capture.ts";
export {
  type Hook,
  type HookContext,
  hookNames,
  type Hooks,
  type KernelHook,
  matchHookNames,
  type RowReader,
} from "./hook_point.ts";
export { RunHooks } from "./run_hooks.ts";
