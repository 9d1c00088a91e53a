/**
 * The fastest kernels for the backend in use.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Kernels } from "./kernels.ts";
import { nativeKernels } from "./native.ts";
import { portableKernels } from "./portable.ts";
import { currentBackend } from "./select.ts";

/** Element type of weights and matrix products; `auto` takes the stored type where the backend can. */
export type DTypeChoice = "float32" | "bfloat16" | "auto";

/**
 * Kernels for the backend that `useBackend` started.
 *
 * @param dtype element type; `auto` is bfloat16 for bfloat16 checkpoints on native TensorFlow, else float32
 * @param stored element type of most of the checkpoint's weights, for `auto`
 * @throws {InputError} if no backend runs yet, or bfloat16 is asked of a backend that has none
 *
 * @example
 * ```ts
 * import { createKernels } from "../../lib/backend/create_kernels.ts";
 * import { useBackend } from "../../lib/backend/select.ts";
 * await useBackend("auto");
 * createKernels("float32");
 * ```
 */
export function createKernels(dtype: DTypeChoice = "auto", stored = "F32"): Kernels {
  const backend = currentBackend()?.backend;
  if (!backend) {
    throw new InputError("Cannot make kernels: start a backend with useBackend() first");
  }
  if (backend === "tensorflow") {
    const chosen = dtype !== "auto" ? dtype : stored === "BF16" ? "bfloat16" : "float32";
    return nativeKernels({ dtype: chosen });
  }
  if (dtype === "bfloat16") {
    throw new InputError(
      `Cannot compute in bfloat16 on backend "${backend}": it has float32 only; ` +
        "run `deno task setup` for native TensorFlow, or choose float32",
    );
  }
  return portableKernels();
}
