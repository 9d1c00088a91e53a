/** Commands that run an experiment, so that `plan` can cut them into shards; each loaded when it is called. */
import type { RunCommand } from "./runs.ts";

/** These commands by name. */
export const runCommands: Readonly<Record<string, () => Promise<{ command: RunCommand }>>> = {
  identify: () => import("./identify.ts"),
  ablate: () => import("./ablate.ts"),
  attribute: () => import("./attribute.ts"),
  steer: () => import("./steer.ts"),
  retrieve: () => import("./retrieve.ts"),
  accelerate: () => import("./accelerate.ts"),
};
