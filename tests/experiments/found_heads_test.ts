import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { readFoundHeads, scoresBy } from "../../lib/experiments/found_heads.ts";

Deno.test("scoresBy: every rule of a record in front, all else as it was; others are refused by name", async () => {
  const found = await readFoundHeads("data/results/qwen/identify");
  for (const scores of found.rules) {
    const { rules, origin, ...own } = scoresBy(found, scores.rule);
    assertEquals([rules, origin], [found.rules, found.origin]);
    assertEquals([own.rule, own.data], [scores.rule, scores.data]);
  }
  assertThrows(() => scoresBy(found, "rma"), InputError, '"rma": there are ram, ');
});
