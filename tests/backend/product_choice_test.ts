import { assertEquals } from "@std/assert";
import { join } from "node:path";
import {
  productChoice,
  readProductChoice,
  writeProductChoice,
} from "../../lib/backend/product_choice.ts";

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
  await Deno.remove(folder, { recursive: true });
});
