import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { quoted } from "../../lib/common/text.ts";

Deno.test("quoted: ordinary names come back as they are", () => {
  assertEquals(quoted("model.layers.0.weight"), '"model.layers.0.weight"');
});

Deno.test("quoted: never longer than the limit allows and never with a raw control character", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 400 }), (text) => {
    const shown = quoted(text, 60);
    assert(shown.length <= 2 + 60 * 6);
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u001f\u007f-\u009f\u202e]/.test(shown));
  }));
});

Deno.test("quoted: short strings can be read back", () => {
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 60 }), (text) => {
    assertEquals(JSON.parse(quoted(text, 200)), text);
  }));
});
