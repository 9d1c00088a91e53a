import { assert, assertEquals } from "@std/assert";
import { measureProducts } from "../../lib/backend/measure_products.ts";
import { registerFusedOps } from "../../lib/backend/native_fused.ts";
import { nativeKernels } from "../../lib/backend/native.ts";
import { useBackend } from "../../lib/backend/select.ts";
import { tensorFlow } from "../../lib/backend/tensorflow.ts";

const { backend } = await useBackend("auto");

Deno.test({
  name: "measuring the products leaves nothing behind and says what it found",
  ignore: backend !== "tensorflow", // the other backends have one product each: nothing to measure
  fn: () => {
    const kernels = nativeKernels({ dtype: "float32" });
    const before = kernels.tensorCount();
    const choice = measureProducts(2);
    assertEquals(kernels.tensorCount(), before);
    assertEquals(choice === null, !registerFusedOps(tensorFlow())?.floatProducts);
    assert(choice === null || (choice.ratio > 0.1 && choice.ratio < 10));
  },
});
