/** Products of bfloat16 where oneDNN is held below AVX-512, in processes of their own. */
import { assertEquals } from "@std/assert";
import { heldBelowAvx512 } from "../../lib/backend/one_dnn.ts";
import { bindingIsBuilt } from "../suites/built_binding.ts";
import { withEnvironment } from "../suites/environment.ts";
import { runProgram } from "../suites/program.ts";

/** Products of few and many rows, plain and batched, and the speed that `doctor` measures. */
const products = `
  import { nativeKernels } from "LIB/backend/native.ts";
  import { matMulSpeed } from "LIB/backend/describe.ts";
  import { useBackend } from "LIB/backend/select.ts";
  await useBackend("tensorflow");
  const found = [true, false].flatMap((fused) => {
    const k = nativeKernels({ dtype: "bfloat16", fused });
    const narrow = (shape) => k.cast(k.tensor(
      Float32Array.from({ length: shape.reduce((a, b) => a * b) }, (_, i) => i % 3 - 1), shape,
    ), "bfloat16");
    const weight = narrow([48, 32]), results = [];
    for (const rows of [1, 4, 40]) {
      const product = k.linear(narrow([rows, 32]), weight);
      results.push([product.dtype, ...k.readSync(product).slice(0, 4)]);
    }
    const batched = k.matMul(narrow([2, 8, 32]), narrow([2, 32, 8]));
    results.push([batched.dtype, ...k.readSync(batched).slice(0, 4)]);
    return results;
  });
  const { bfloat16 } = await matMulSpeed();
  console.log(JSON.stringify({ found, measured: bfloat16 > 0 }));`;

/** What the first rows of these products are, by plain loops over whole numbers. */
function expected(): (string | number)[][] {
  const value = (i: number) => i % 3 - 1;
  const sum = (term: (k: number) => number) =>
    Array.from({ length: 32 }, (_, k) => term(k)).reduce((a, b) => a + b);
  const linear = [0, 1, 2, 3].map((j) => sum((k) => value(k) * value(32 * j + k)));
  const batched = [0, 1, 2, 3].map((j) => sum((k) => value(k) * value(8 * k + j)));
  const each = [...[1, 4, 40].map(() => ["bfloat16", ...linear]), ["bfloat16", ...batched]];
  return [...each, ...each];
}

for (const [name, value] of [["ONEDNN_MAX_CPU_ISA", "AVX2"], ["DNNL_MAX_CPU_ISA", "sse41"]]) {
  Deno.test({
    name: `products of bfloat16 are right with ${name}=${value}, and end no process`,
    ignore: !bindingIsBuilt, // `deno task setup` did not make it here
    fn: async () => {
      const { code, stdout, stderr } = await runProgram(products, {
        env: { TF_ENABLE_ONEDNN_OPTS: "1", [name]: value },
      });
      assertEquals(code, 0, stderr);
      assertEquals(JSON.parse(stdout), { found: expected(), measured: true });
    },
  });
}

Deno.test("oneDNN counts as held back only below AVX-512, and where TensorFlow uses it", () => {
  const held = (most: string | null, enabled: string | null = null, older: string | null = null) =>
    withEnvironment({
      ONEDNN_MAX_CPU_ISA: most,
      DNNL_MAX_CPU_ISA: older,
      TF_ENABLE_ONEDNN_OPTS: enabled,
    }, heldBelowAvx512);
  assertEquals(
    ["SSE41", "AVX", "avx2", "AVX2_VNNI_2"].map((most) => held(most)),
    Array(4).fill(true),
  );
  const free = [null, "ALL", "AVX512_CORE", "AVX512_CORE_BF16", "AVX10_1_512", "nonsense"];
  assertEquals(free.map((most) => held(most)), free.map(() => false));
  assertEquals(["1", "0", "false"].map((enabled) => held("AVX2", enabled)), [true, false, false]);
  assertEquals([held(null, null, "AVX2"), held("ALL", null, "AVX2")], [true, false]);
});
