/**
 * The kernel suite as on a processor without AVX: our operations compiled for plain x86-64, and
 * TensorFlow without oneDNN. Other processors by hand: `deno task native --help`.
 */
import { assert, assertEquals } from "@std/assert";
import { testBuiltFor } from "../suites/built_for.ts";
import { runProgram } from "../suites/program.ts";

testBuiltFor(
  "the kernels are right on a processor without AVX",
  { march: "x86-64", env: { TF_ENABLE_ONEDNN_OPTS: "0", ONEDNN_MAX_CPU_ISA: "SSE41" } },
  async (built) => {
    const operations = await runProgram(
      `import { registerFusedOps } from "LIB/backend/native_fused.ts";
      import { loadTensorFlow } from "LIB/backend/tensorflow.ts";
      console.log(JSON.stringify(registerFusedOps(await loadTensorFlow())));`,
      { env: built.env },
    );
    assertEquals(
      JSON.parse(operations.stdout || "null"),
      {
        matrixRegisters: false,
        bfloat16: false,
        floatProducts: false,
        gradients: true,
        packed: true,
        packedActivations: true,
        splitProducts: false,
        activations: true,
        rows: true,
        layers: true,
      },
      operations.stderr,
    );
    const runs =
      "float32 with TensorFlow|bfloat16 with TensorFlow|bfloat16 without our operations:";
    const { ok, stdout, counts } = await built.tests(`/^native (${runs})/`);
    assert(ok, stdout.slice(-5000));
    assertEquals(counts!.passed > 60, true, stdout);
  },
);
