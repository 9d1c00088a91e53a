import { assertEquals, assertThrows } from "@std/assert";
import { ConfigReader } from "../../lib/families/config_reader.ts";

const read = (json: Record<string, unknown>) => new ConfigReader(json, "config.json");

Deno.test("values are read by type, with defaults for missing ones", () => {
  const reader = read({
    a: 3,
    b: 0.5,
    c: true,
    d: "silu",
    e: [1, 2],
    f: { g: 1 },
    eos: 7,
    more: [8, 9],
  });
  assertEquals(reader.integer("a"), 3);
  assertEquals([reader.number("b"), reader.number("missing", 2)], [0.5, 2]);
  assertEquals([reader.boolean("c"), reader.oneOf("d", ["silu", "gelu"])], [true, "silu"]);
  assertEquals([reader.integers("e"), reader.tokenIds("eos"), reader.tokenIds("more")], [[1, 2], [
    7,
  ], [8, 9]]);
  assertEquals(reader.object("f").integer("g"), 1);
  assertEquals([reader.has("a"), reader.has("z"), reader.tokenIds("z")], [true, false, []]);
  reader.finish();
});

Deno.test("a wrong type names the key, what was found and what is wanted", () => {
  assertThrows(() => read({ a: "3" }).integer("a"), Error, 'found "3", wanted a whole number');
  assertThrows(() => read({ a: -1 }).integer("a"), Error, "at least 0");
  assertThrows(() => read({}).number("a"), Error, "found nothing");
  assertThrows(() => read({ a: "swish" }).oneOf("a", ["silu"]), Error, "one of silu");
  assertThrows(() => read({ a: [0.5] }).integers("a"), Error, "array of whole numbers");
  assertThrows(() => read({ a: [] }).object("a"), Error, "an object");
  assertThrows(() => read({ a: true }).require("a", false), Error, "supported is false");
});

Deno.test("keys that nobody read are errors, nested ones too", () => {
  const reader = read({ hidden_size: 1, hiden_act: "silu", text: { layers: 2, extra: 0 } });
  reader.integer("hidden_size");
  const text = reader.object("text");
  text.integer("layers");
  assertThrows(() => reader.finish(), Error, 'config.json text: unknown key "extra"');
  text.ignore("extra");
  assertThrows(() => reader.finish(), Error, '"hiden_act"');
});
