/** Whether the native backend can run here. */
import { join } from "node:path";
import { defaultNativeDir } from "../../lib/backend/tensorflow.ts";

/** Whether `deno task setup` made the native backend. */
export const bindingIsBuilt: boolean = await Deno.stat(
  join(defaultNativeDir(), "tfjs_binding.node"),
).then(() => true, () => false);
