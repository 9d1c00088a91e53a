/**
 * The fastest kernels for the backend in use.
 *
 * @module
 */
import { InputError } from "../common/errors.ts";
import type { Kernels } from "../nn/kernels.ts";
import { nativeKernels } from "./native.ts";
import { registerFusedOps } from "./native_fused.ts";
import { heldBelowAvx512 } from "./one_dnn.ts";
import { portableKernels } from "./portable.ts";
import { currentBackend } from "./select.ts";
import { tensorFlow } from "./tensorflow.ts";

/** Element type of weights and matrix products; see {@link createKernels} for `auto`. */
export type DTypeChoice = "float32" | "bfloat16" | "auto";

const dtypeChoices: readonly DTypeChoice[] = ["auto", "float32", "bfloat16"];

/** What is known of a checkpoint's weights. */
export interface StoredWeights {
  /** Dtype in which most weight bytes are stored (`BF16`, `F16`, `F32`). */
  readonly dtype: string;
  /** How many numbers they are. */
  readonly parameters: number;
}

/** Float32 weights up to this size are no burden, and exact; in bytes. */
const smallModelBytes = 2 ** 30;

/** Whether weights are so many that two bytes for each matter. */
export const isLarge = ({ parameters }: Pick<StoredWeights, "parameters">): boolean =>
  4 * parameters > smallModelBytes;

/**
 * The element type that `auto` means on native TensorFlow: bfloat16 for weights stored in two bytes
 * (bfloat16 or float16) that would take more than 1 GiB in float32, where products of bfloat16 are
 * faster; else float32, in which such weights keep their two bytes in memory.
 *
 * Float16 has three bits more than bfloat16, which rounds them away; computing in float16 itself is
 * no option, since activations of large models overflow it. Asking for float32 keeps every bit.
 *
 * @param fast whether the processor has instructions for products of bfloat16; others take twice the
 *   time of float32, and more for a few rows
 *
 * @example
 * ```ts
 * import { automaticDType } from "./create_kernels.ts";
 * import { assertEquals } from "@std/assert";
 * assertEquals(automaticDType({ dtype: "F16", parameters: 7e9 }), "bfloat16");
 * assertEquals(automaticDType({ dtype: "F16", parameters: 7e9 }, false), "float32");
 * assertEquals(automaticDType({ dtype: "F16", parameters: 1e6 }), "float32");
 * ```
 */
export function automaticDType(
  stored: StoredWeights | undefined,
  fast: boolean = true,
): "float32" | "bfloat16" {
  if (!stored || !isLarge(stored) || !fast) return "float32";
  return stored.dtype === "BF16" || stored.dtype === "F16" ? "bfloat16" : "float32";
}

/** Whether bfloat16 is worth it here: also where float32 would take twice the memory. */
function narrowIsBetter(): boolean {
  const fused = registerFusedOps(tensorFlow());
  return !fused?.packed || fused.bfloat16 && !heldBelowAvx512();
}

/**
 * Kernels for the backend that `useBackend` started.
 *
 * @param dtype element type; `auto` is {@link automaticDType} on native TensorFlow, else float32
 * @param stored the checkpoint's weights, for `auto`
 * @throws {InputError} if no backend runs yet, for other element types, or if bfloat16 is asked of a
 *   backend that has none
 *
 * @example
 * ```ts
 * import { createKernels } from "./create_kernels.ts";
 * import { useBackend } from "./select.ts";
 * await useBackend("auto");
 * createKernels("float32");
 * ```
 */
export function createKernels(dtype: DTypeChoice = "auto", stored?: StoredWeights): Kernels {
  if (!dtypeChoices.includes(dtype)) {
    throw new InputError(`Cannot compute in "${dtype}": wanted ${dtypeChoices.join(", ")}`);
  }
  const backend = currentBackend()?.backend;
  if (!backend) {
    throw new InputError("Cannot make kernels: start a backend with useBackend() first");
  }
  if (backend === "tensorflow") {
    return nativeKernels({
      dtype: dtype === "auto" ? automaticDType(stored, narrowIsBetter()) : dtype,
    });
  }
  if (dtype === "bfloat16") {
    throw new InputError(
      `Cannot compute in bfloat16 on backend "${backend}": it has float32 only; ` +
        "run `deno task setup` for native TensorFlow, or choose float32",
    );
  }
  return portableKernels();
}
