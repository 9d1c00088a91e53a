/**
 * The kernel suite as on a processor without AVX: our operations compiled for plain x86-64, and
 * TensorFlow without oneDNN. Other processors by hand: `deno task native --help`.
 */
import { assert, assertEquals } from "@std/assert";
import { buildForProcessor } from "../../tools/setup/processor.ts";
import { exists, repository, run } from "../../tools/setup/command.ts";
import { findCompilers } from "../../tools/setup/compiler.ts";
import { testCounts } from "../../tools/ok.ts";
import { runProgram } from "../suites/program.ts";

/** Why this cannot run here. */
async function problem(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "not Linux on x86-64";
  if (!await exists(`${repository}/.native/include`)) return "`deno task setup` did not run";
  return (await findCompilers()).length === 0 ? "no C++ compiler is installed" : null;
}

const reason = await problem();

Deno.test({
  name: "the kernels are right on a processor without AVX" + (reason ? ` (${reason})` : ""),
  ignore: reason !== null,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await buildForProcessor("x86-64", folder);
      const env = {
        ...Deno.env.toObject(),
        CORELENS_NATIVE: folder,
        TF_ENABLE_ONEDNN_OPTS: "0",
        ONEDNN_MAX_CPU_ISA: "SSE41",
        NO_COLOR: "1",
      };
      const operations = await runProgram(
        `import { registerFusedOps } from "LIB/backend/native_fused.ts";
        import { loadTensorFlow } from "LIB/backend/tensorflow.ts";
        console.log(JSON.stringify(registerFusedOps(await loadTensorFlow())));`,
        { env },
      );
      assertEquals(
        JSON.parse(operations.stdout || "null"),
        {
          matrixRegisters: false,
          floatProducts: false,
          gradients: true,
          packed: true,
          splitProducts: false,
          activations: true,
        },
        operations.stderr,
      );
      const runs =
        "float32 with TensorFlow|bfloat16 with TensorFlow|bfloat16 without our operations:";
      const { ok, stdout } = await run(Deno.execPath(), [
        ...["test", "--quiet", "--frozen", "--no-check", "--allow-all"],
        ...["--filter", `/^native (${runs})/`, "tests/backend/native_test.ts"],
      ], { env });
      assert(ok, stdout.slice(-5000));
      assertEquals(testCounts(stdout)!.passed > 60, true, stdout);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
