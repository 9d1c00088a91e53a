import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import {
  ownFloatProduct,
  productChoice,
  readProductChoice,
  writeProductChoice,
} from "../../lib/backend/product_choice.ts";
import { withEnvironment } from "../suites/environment.ts";

Deno.test("ours is chosen when it is clearly faster", () => {
  assertEquals(productChoice(0.9), { ours: true, ratio: 0.9 });
  assertEquals(productChoice(0.99), { ours: false, ratio: 0.99 });
  assertEquals(productChoice(1.3), { ours: false, ratio: 1.3 });
  assertEquals(productChoice(0.9, 0.6), {
    ours: true,
    ratio: 0.6,
    method: "bf16x3",
    slower: { strassen: 0.9 },
  });
  assertEquals(productChoice(0.9, 1.2), { ours: true, ratio: 0.9, slower: { bf16x3: 1.2 } });
  assertEquals(productChoice(1.1, 0.99).ours, false);
});

Deno.test("a choice is read as it was written; none is null", async () => {
  const folder = await Deno.makeTempDir();
  assertEquals(readProductChoice(folder), null);
  assertEquals(readProductChoice(join(folder, "nowhere")), null);
  writeProductChoice(folder, productChoice(0.5));
  assertEquals(readProductChoice(folder), { ours: true, ratio: 0.5 });
  writeProductChoice(folder, productChoice(0.9, 0.6));
  assertEquals(readProductChoice(folder), productChoice(0.9, 0.6));
  for (
    const damaged of [
      "",
      '{"ours":',
      "null",
      '{"ours":1,"ratio":1}',
      '{"ours":true,"ratio":1,"method":"x"}',
    ]
  ) {
    await Deno.writeTextFile(join(folder, "float_product.json"), damaged);
    assertThrows(() => readProductChoice(folder), InputError, "run `deno task setup`");
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("CORELENS_FLOAT_PRODUCT goes before the set-up's choice, and is checked", async () => {
  const folder = await Deno.makeTempDir();
  const own = (wanted: string | null) =>
    withEnvironment({ CORELENS_FLOAT_PRODUCT: wanted }, () => ownFloatProduct(folder));
  assertEquals([own(null), own("ours"), own("tensorflow")], [null, "strassen", null]);
  writeProductChoice(folder, productChoice(0.5));
  assertEquals([own(null), own("ours"), own("tensorflow")], ["strassen", "strassen", null]);
  writeProductChoice(folder, productChoice(0.9, 0.5));
  assertEquals([own(null), own("ours"), own("strassen")], ["bf16x3", "bf16x3", "strassen"]);
  writeProductChoice(folder, productChoice(1.2, 1.1));
  assertEquals([own(null), own("ours"), own("bf16x2")], [null, "bf16x3", "bf16x2"]);
  assertThrows(() => own("fastest"), InputError, 'CORELENS_FLOAT_PRODUCT="fastest"');
  await Deno.remove(folder, { recursive: true });
});
