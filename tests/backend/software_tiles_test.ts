/**
 * What needs matrix registers (AMX), on processors without them: our operations compiled against
 * `tools/native/ops/soft_tiles.h`, which imitates their instructions to the last bit.
 */
import { assert, assertEquals } from "@std/assert";
import { buildForProcessor } from "../../tools/setup/processor.ts";
import { exists, repository, run } from "../../tools/setup/command.ts";
import { findCompilers } from "../../tools/setup/compiler.ts";
import { testCounts } from "../../tools/ok.ts";

/** Why this cannot run here. */
async function problem(): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.build.arch !== "x86_64") return "not Linux on x86-64";
  if (!await exists(`${repository}/.native/include`)) return "`deno task setup` did not run";
  return (await findCompilers()).length === 0 ? "no C++ compiler is installed" : null;
}

const reason = await problem();

Deno.test({
  name: "products and attention are right in matrix registers" + (reason ? ` (${reason})` : ""),
  ignore: reason !== null,
  fn: async () => {
    const folder = await Deno.makeTempDir();
    try {
      await buildForProcessor("native", folder, true);
      const env = { ...Deno.env.toObject(), CORELENS_NATIVE: folder, NO_COLOR: "1" };
      const named =
        "native (float32 with our product of floats as bf16x3|bfloat16 with TensorFlow's)";
      // all but the one of random sizes, which takes long
      const others = "our product bf16x3 keeps|what is not finite .*bf16x3|bfloat16 parts";
      const { ok, stdout } = await run(Deno.execPath(), [
        ...["test", "--quiet", "--frozen", "--no-check", "--allow-all"],
        ...["--filter", `/^(${named}|${others})/`, "tests/backend/native_test.ts"],
      ], { env });
      assert(ok, stdout.slice(-5000));
      assertEquals(testCounts(stdout)!.passed > 55, true, stdout);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
