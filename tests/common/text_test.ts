import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { printable, quoted } from "../../lib/common/text.ts";

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

Deno.test("printable: nothing that commands a terminal is left, and JSON means the same", () => {
  assertEquals(
    printable("\u001b]0;pwned\u0007 \u009b31m\r"),
    "\\u001b]0;pwned\\u0007 \\u009b31m\\u000d",
  );
  assertEquals(printable("Ein Tag\n\tvoller 日本語 😀"), "Ein Tag\n\tvoller 日本語 😀");
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (text) => {
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202e]/.test(printable(text)));
    assertEquals(JSON.parse(printable(JSON.stringify([text]))), [text]);
  }));
});
