import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { duplicateKey } from "../../lib/weights/json_keys.ts";

Deno.test("duplicateKey: what JSON.stringify writes has none", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 5 }), fc.constantFrom(0, 2), (value, indent) => {
    assertEquals(duplicateKey(JSON.stringify(value, null, indent)), null);
  }));
});

Deno.test("duplicateKey: finds a planted one at any depth, however it is spelt", () => {
  const place = fc.constantFrom(
    (object: string) => object,
    (object: string) => `[1, "a:{", ${object}]`,
    (object: string) => `{"x": {"y": [${object}]}, "z": "\\"}"}`,
  );
  const key = fc.string({ unit: "binary", minLength: 1 });
  fc.assert(fc.property(key, fc.jsonValue({ maxDepth: 2 }), place, (name, value, wrap) => {
    const plain = JSON.stringify(name);
    const escaped = `"${
      [...Array(name.length).keys()]
        .map((i) => `\\u${name.charCodeAt(i).toString(16).padStart(4, "0")}`).join("")
    }"`;
    const object = `{${plain}: ${JSON.stringify(value)}, ${escaped} : 2}`;
    assertEquals(duplicateKey(wrap(object)), name);
  }));
});

Deno.test("duplicateKey: equal names in different objects, and strings in arrays, are no duplicates", () => {
  assertEquals(duplicateKey('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}],"c":["a","a"]}'), null);
  assertEquals(duplicateKey('{"__proto__":1,"constructor":2}'), null);
  assertEquals(duplicateKey('{"__proto__":1,"__proto__":2}'), "__proto__");
});
