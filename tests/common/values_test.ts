import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkOptions, kindOf } from "../../lib/common/values.ts";

Deno.test("an unknown option is told with the nearest, in either spelling", () => {
  const known = { maxNewTokens: true, mediaDir: true, seed: true } as const;
  const told = (options: object) =>
    assertThrows(() => checkOptions("ask", options, known), InputError).message;
  assertEquals(
    told({ max_new_tokens: 3 }),
    'Cannot ask: there is no option "max_new_tokens"; nearest: maxNewTokens',
  );
  assertEquals(
    told({ mediadir: "." }),
    'Cannot ask: there is no option "mediadir"; nearest: mediaDir',
  );
  assertEquals(told([3]), "Cannot ask: options are a list of 1, wanted an object");
  assertEquals(
    told(Promise.resolve()),
    `Cannot ask: options are ${kindOf(Promise.resolve())}, wanted an object`,
  );
  checkOptions("ask", { seed: 1, toString2: undefined }, known);
  assertEquals(told({ constructor: 1 }).includes('"constructor"'), true);
});
