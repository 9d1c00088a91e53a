import { assertThrows } from "@std/assert";
import { checkLogits } from "../../cli/forward.ts";
import { InputError } from "../../lib/common/errors.ts";

Deno.test("forward: logits that are not numbers are refused, with their token", () => {
  const data = Float32Array.of(1, -Infinity, 2, 3, NaN, 5);
  assertThrows(() => checkLogits({ shape: [3, 2], data }), InputError, "token 2");
  checkLogits({ shape: [3, 2], data: data.map((x) => Number.isNaN(x) ? 0 : x) });
});
