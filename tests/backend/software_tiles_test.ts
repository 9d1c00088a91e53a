/**
 * What needs matrix registers (AMX), on processors without them: our operations compiled against
 * `tools/native/ops/soft_tiles.h`, which imitates their instructions to the last bit.
 */
import { assert, assertEquals } from "@std/assert";
import { testBuiltFor } from "../suites/built_for.ts";

testBuiltFor(
  "products and attention are right in matrix registers",
  { march: "native", softwareTiles: true },
  async (built) => {
    const named =
      "native (float32 with our product of floats as bf16x3|bfloat16 with TensorFlow's)";
    // all but the one of random sizes, which takes long
    const others = "our product bf16x3 keeps|what is not finite .*bf16x3|bfloat16 parts";
    const { ok, stdout, counts } = await built.tests(`/^(${named}|${others})/`);
    assert(ok, stdout.slice(-5000));
    assertEquals(counts!.passed > 55, true, stdout);
  },
);
