import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { JsonFloat, parseExactJson, plainNumbers } from "../../lib/common/exact_json.ts";

Deno.test("exact JSON: floats stay floats, whole numbers keep their digits", () => {
  const text = '{"a": 1.0, "b": [1e5, 0.5, 3], "c": 12345678901234567890, "d": "1.0"}';
  const json = parseExactJson(text);
  assertEquals(json, {
    a: new JsonFloat(1),
    b: [new JsonFloat(1e5), 0.5, 3],
    c: 12345678901234567890n,
    d: "1.0",
  });
  assertEquals(plainNumbers(json), JSON.parse(text));
  assertThrows(() => parseExactJson("{"), SyntaxError);
});

Deno.test("plain numbers: what is no JSON stays as it is", () => {
  const bytes = Uint8Array.of(1);
  const url = new URL("file:///a.png");
  const plain = plainNumbers([bytes, url, null]) as unknown[];
  assertStrictEquals(plain[0], bytes);
  assertStrictEquals(plain[1], url);
  assertEquals(plain[2], null);
});
