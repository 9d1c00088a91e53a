import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { InputError, likelyName, nearestNames } from "../../lib/common/errors.ts";

Deno.test("the nearest name of a valid name is itself", () => {
  fc.assert(fc.property(fc.uniqueArray(fc.string(), { minLength: 1 }), fc.nat(), (valid, pick) => {
    const name = valid[pick % valid.length];
    assertEquals(nearestNames(name, valid, 1), [name]);
  }));
});

Deno.test("one edit is nearer than two", () => {
  assertEquals(nearestNames("abcd", ["axcy", "abcx", "zzzz"]), ["abcx", "axcy", "zzzz"]);
});

Deno.test("names of strangers cost no time", () => {
  const start = performance.now();
  const names = Array.from({ length: 100_000 }, (_, i) => `model.layers.${i}.${"x".repeat(100)}`);
  nearestNames("y".repeat(1_000_000), names, 1);
  nearestNames("model.layers.0.self_attn.q_proj.weight", names, 1);
  assertEquals(likelyName("z".repeat(5_000_000), names), null);
  assert(performance.now() - start < 5000);
});

Deno.test("a likely typing error is few edits for its length", () => {
  const known = ["hidden_size", "fps", "rope_theta"];
  assertEquals(likelyName("hiden_size", known), "hidden_size");
  assertEquals(likelyName("fbs", known), null); // one of three letters is another word
  assertEquals(likelyName("rope_type", known), null);
  assertEquals(likelyName("vision_token_id", known), null);
});

Deno.test("an input error is an Error with a name that survives bundling", () => {
  const error = new InputError("Cannot do it");
  assert(error instanceof Error);
  assertEquals(`${error}`, "InputError: Cannot do it");
});
