/**
 * What every implementation of the kernels must do: agree with plain loops in double precision, and
 * own its tensors as the interface says.
 */
import { assertEquals } from "@std/assert";
import type { Kernels } from "../../lib/nn/kernels.ts";
import { attentionTests } from "./kernel_attention.ts";
import type { KernelTest } from "./kernel_check.ts";
import { convolutionTests } from "./kernel_convolution.ts";
import { gradientTests } from "./kernel_gradients.ts";
import { layerTests } from "./kernel_layer.ts";
import { packedTests } from "./kernel_packed.ts";
import { pointwiseTests } from "./kernel_pointwise.ts";
import { productTests } from "./kernel_products.ts";
import { tensorTests } from "./kernel_tensors.ts";

/** Declares the suite's tests under a name. */
export function kernelSuite(name: string, make: () => Kernels | Promise<Kernels>): void {
  /** A test that also finds leaks. */
  const test: KernelTest = (what, body) =>
    Deno.test(`${name}: ${what}`, async () => {
      const k = await make();
      const before = k.tensorCount();
      await body(k);
      assertEquals(k.tensorCount(), before, "tensors left over");
    });
  tensorTests(test);
  productTests(test);
  convolutionTests(test);
  packedTests(test);
  layerTests(test);
  attentionTests(test);
  pointwiseTests(test);
  gradientTests(test);
}
