import { assertEquals, assertThrows } from "@std/assert";
import { WeightsMap } from "../../lib/model/weights_map.ts";
import { testKernels } from "../suites/golden.ts";

Deno.test("weights are found by name, shape and prefix, and freed together", async () => {
  const k = await testKernels();
  const before = k.tensorCount();
  const weights = new WeightsMap(
    new Map([["text.norm.weight", k.zeros([3])], ["lm_head.weight", k.zeros([2, 3])]]),
  );
  assertEquals(weights.get("lm_head.weight", [2, 3]).shape, [2, 3]);
  assertEquals(weights.find("text.norm.bias"), null);
  assertEquals(weights.under("text.").get("norm.weight").shape, [3]);
  assertThrows(() => weights.get("lm_head.weigth"), Error, "Nearest: lm_head.weight");
  assertThrows(() => weights.get("lm_head.weight", [3, 2]), Error, "the config wants [3,2]");
  weights.dispose(k);
  assertEquals(k.tensorCount(), before);
});
