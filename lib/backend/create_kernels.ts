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

/** Element type of weights and matrix products; see {@link createKernels} for `auto`. */
export type DTypeChoice = "float32" | "bfloat16" | "auto";

/** What is known of a checkpoint's weights. */
export interface StoredWeights {
  /** Stored element type of most of them. */
  readonly dtype: string;
  /** How many numbers they are. */
  readonly parameters: number;
}

/** Float32 weights up to this size are no burden, and exact; in bytes. */
const smallModelBytes = 2 ** 30;

/**
 * Kernels for the backend that `useBackend` started.
 *
 * @param dtype element type; `auto` is bfloat16 on native TensorFlow for checkpoints stored so that
 *   would take more than 1 GiB in float32, else float32
 * @param stored the checkpoint's weights, for `auto`
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
export function createKernels(dtype: DTypeChoice = "auto", stored?: StoredWeights): Kernels {
  const backend = currentBackend()?.backend;
  if (!backend) {
    throw new InputError("Cannot make kernels: start a backend with useBackend() first");
  }
  if (backend === "tensorflow") {
    const large = stored?.dtype === "BF16" && 4 * stored.parameters > smallModelBytes;
    return nativeKernels({ dtype: dtype !== "auto" ? dtype : large ? "bfloat16" : "float32" });
  }
  if (dtype === "bfloat16") {
    throw new InputError(
      `Cannot compute in bfloat16 on backend "${backend}": it has float32 only; ` +
        "run `deno task setup` for native TensorFlow, or choose float32",
    );
  }
  return portableKernels();
}
