import { assertEquals, assertThrows } from "@std/assert";
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import {
  ownFloatProducts,
  productChoice,
  readProductChoice,
  writeProductChoice,
} from "../../lib/backend/product_choice.ts";
import { withEnvironment } from "../suites/environment.ts";

Deno.test("ours is chosen when it is clearly faster", () => {
  assertEquals(productChoice(0.9), { ours: true, ratio: 0.9 });
  assertEquals(productChoice(0.99), { ours: false, ratio: 0.99 });
  assertEquals(productChoice(1.3), { ours: false, ratio: 1.3 });
});

Deno.test("a choice is read as it was written; none is null", async () => {
  const folder = await Deno.makeTempDir();
  assertEquals(readProductChoice(folder), null);
  assertEquals(readProductChoice(join(folder, "nowhere")), null);
  writeProductChoice(folder, productChoice(0.5));
  assertEquals(readProductChoice(folder), { ours: true, ratio: 0.5 });
  for (const damaged of ["", '{"ours":', "null", '{"ours":1,"ratio":1}']) {
    await Deno.writeTextFile(join(folder, "float_product.json"), damaged);
    assertThrows(() => readProductChoice(folder), InputError, "run `deno task setup`");
  }
  await Deno.remove(folder, { recursive: true });
});

Deno.test("CORELENS_FLOAT_PRODUCT goes before the set-up's choice, and is checked", async () => {
  const folder = await Deno.makeTempDir();
  const own = (wanted: string | null) =>
    withEnvironment({ CORELENS_FLOAT_PRODUCT: wanted }, () => ownFloatProducts(folder));
  assertEquals([own(null), own("ours"), own("tensorflow")], [false, true, false]);
  writeProductChoice(folder, productChoice(0.5));
  assertEquals([own(null), own("ours"), own("tensorflow")], [true, true, false]);
  assertThrows(() => own("fastest"), InputError, 'CORELENS_FLOAT_PRODUCT="fastest"');
  await Deno.remove(folder, { recursive: true });
});
