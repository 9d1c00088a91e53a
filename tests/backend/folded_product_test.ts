import { assertEquals } from "@std/assert";
import { foldedShape } from "../../lib/backend/folded_product.ts";

Deno.test("one matrix for a batch folds, whatever the axes of the batch", () => {
  assertEquals(foldedShape([2, 3, 4, 5], [5, 6], false), [2, 3, 4, 6]);
  assertEquals(foldedShape([2, 1, 4, 5], [1, 1, 6, 5], true), [2, 1, 4, 6]);
  assertEquals(foldedShape([0, 4, 5], [1, 5, 6], false), [0, 4, 6]);
});

Deno.test("plain products and batches of matrices do not fold", () => {
  assertEquals(foldedShape([4, 5], [5, 6], false), null);
  assertEquals(foldedShape([1, 1, 4, 5], [1, 1, 5, 6], false), null);
  assertEquals(foldedShape([2, 4, 5], [2, 5, 6], false), null);
  assertEquals(foldedShape([1, 4, 5], [1, 1, 1, 5, 6], false), null);
});
