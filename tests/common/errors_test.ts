import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { InputError, nearestNames } from "../../lib/common/errors.ts";

Deno.test("the nearest name of a valid name is itself", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (valid, pick) => {
    const name = valid[pick % valid.length];
    assertEquals(nearestNames(name, valid, 1), [name]);
  }));
});

Deno.test("one edit is nearer than two", () => {
  assertEquals(nearestNames("abcd", ["axcy", "abcx", "zzzz"]), ["abcx", "axcy", "zzzz"]);
});

Deno.test("an input error is an Error with a name that survives bundling", () => {
  const error = new InputError("Cannot do it");
  assert(error instanceof Error);
  assertEquals(`${error}`, "InputError: Cannot do it");
});
