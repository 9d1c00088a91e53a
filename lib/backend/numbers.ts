/**
 * What of a backend the numbers of a computation depend on, beyond its inputs.
 *
 * @module
 */
import { join } from "node:path";
import { digestOf, digestOfBytes } from "../common/digest.ts";
import type { Kernels } from "../nn/kernels.ts";
import { fusedLibrary } from "./native_fused.ts";
import { ownFloatProduct } from "./product_choice.ts";
import { currentBackend } from "./select.ts";
import { tensorFlow } from "./tensorflow.ts";

/** Digest of the compiled parts in a folder, without TensorFlow itself, whose version is known. */
async function compiledParts(nativeDir: string): Promise<string> {
  const parts = [fusedLibrary, "tfjs_binding.node"].map((name) =>
    Deno.readFile(join(nativeDir, name)).then(digestOfBytes, () => "none")
  );
  return digestOf(await Promise.all(parts));
}

/**
 * Backend, versions, compiled operations and choices of kernels that change numbers, each as a short
 * text. The number of threads and the processor's instructions are not among them: they move sums by
 * rounding only, and a run may go on elsewhere.
 *
 * @example
 * ```ts
 * import { createKernels } from "./create_kernels.ts";
 * import { numericChoices } from "./numbers.ts";
 * import { useBackend } from "./select.ts";
 * import { assertEquals } from "@std/assert";
 * await useBackend("auto");
 * assertEquals((await numericChoices(createKernels("float32"))).dtype, "float32");
 * ```
 */
export async function numericChoices(kernels: Kernels): Promise<Record<string, string>> {
  const backend = currentBackend();
  const found: Record<string, string> = {
    backend: backend
      ? `${backend.backend} on ${backend.device}, TensorFlow.js ${backend.tfjsVersion}` +
        (backend.tensorFlowVersion ? `, TensorFlow ${backend.tensorFlowVersion}` : "")
      : "none",
    kernels: kernels.name,
    dtype: kernels.computeDType,
    ...kernels.holdsPacked() ? { "quantised weights": "in blocks" } : {},
  };
  if (kernels.name === "native") {
    const { nativeDir } = tensorFlow();
    found["compiled operations"] = await compiledParts(nativeDir);
    if (kernels.computeDType === "float32") {
      found["float product"] =
        { strassen: "ours", bf16x3: "bf16x3", bf16x2: "bf16x2", none: "tensorflow" }[
          ownFloatProduct(nativeDir) ?? "none"
        ];
    }
  }
  return found;
}
