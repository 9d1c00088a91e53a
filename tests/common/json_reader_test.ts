import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { JsonReader } from "../../lib/common/json_reader.ts";

const read = (json: Record<string, unknown>) => new JsonReader(json, "config.json");

Deno.test("values are read by type", () => {
  const reader = read({
    ...{ a: 3, b: 0.5, c: true, d: "silu", e: [1, 2], f: { g: 1 }, mean: [0.5, 1, 2] },
    ...{ eos: 7, more: [8, 9], tiles: [[1, 2], [2, 1]], token: "<image>" },
  });
  assertEquals([reader.integer("a"), reader.count("a"), reader.number("b")], [3, 3, 0.5]);
  assertEquals([reader.boolean("c"), reader.oneOf("d", ["silu", "gelu"])], [true, "silu"]);
  assertEquals([reader.text("token"), reader.integers("e")], ["<image>", [1, 2]]);
  assertEquals([reader.tokenIds("eos"), reader.tokenIds("more")], [[7], [8, 9]]);
  assertEquals(reader.numbers("mean", 3), [0.5, 1, 2]);
  assertEquals(reader.sizes("tiles"), [[1, 2], [2, 1]]);
  assertEquals(reader.object("f").integer("g"), 1);
  assertStrictEquals(reader.object("f"), reader.object("f"));
  reader.finish();
});

Deno.test("what is absent or null has its fallback, and is required without one", () => {
  const reader = read({ none: null, zero: 0, no: false });
  for (const key of ["none", "missing"]) {
    assertEquals([reader.integer(key, 2), reader.number(key, 0.5)], [2, 0.5]);
    assertEquals([reader.text(key, "x"), reader.boolean(key, true)], ["x", true]);
    assertEquals([reader.value(key), reader.has(key), reader.tokenIds(key)], [
      ...[undefined, false, []],
    ]);
    assertThrows(() => reader.number(key), Error, "found nothing, wanted a number");
    reader.require(key, 1); // absent is allowed
  }
  assertEquals([reader.integer("zero", 2), reader.boolean("no", true)], [0, false]);
  assertEquals(reader.object("other", {}).number("x", 7), 7);
  assertEquals(reader.value("constructor"), undefined);
  reader.finish();
});

Deno.test("a wrong type names the key, what was found and what is wanted", () => {
  const wrong: [Record<string, unknown>, (reader: JsonReader) => unknown, string][] = [
    [{ a: "3" }, (r) => r.integer("a"), '"a" of config.json: found "3", wanted a whole number'],
    [{ a: -1 }, (r) => r.integer("a"), "at least 0"],
    [{ a: 0 }, (r) => r.count("a"), "found 0, wanted a whole number above 0"],
    [{ a: 0.5 }, (r) => r.count("a", 1), "above 0"],
    [{ a: {} }, (r) => r.number("a", 1), "found {}, wanted a number"],
    [{ a: 1 }, (r) => r.boolean("a", true), "true or false"],
    [{ a: 1 }, (r) => r.text("a", ""), "wanted a text"],
    [{ a: "swish" }, (r) => r.oneOf("a", ["silu"]), "one of silu"],
    [{ a: [0.5] }, (r) => r.integers("a"), "list of whole numbers"],
    [{ a: [1, 2, 3] }, (r) => r.numbers("a", 2), "a list of 2 numbers"],
    [{ a: [[1, 0]] }, (r) => r.sizes("a"), "a list of [height, width]"],
    [{ a: [] }, (r) => r.sizes("a"), "a list of [height, width]"],
    [{ a: [] }, (r) => r.object("a"), "an object"],
    [{ a: true }, (r) => r.require("a", false), "supported is false"],
    [{ a: ["x"] }, (r) => r.require("a", ["y", "y"], 2), 'supported is ["y","y"] or 2'],
  ];
  for (const [json, use, message] of wrong) {
    const error = assertThrows(() => use(read(json)), Error, message);
    assertEquals(error.name, "InputError");
  }
});

Deno.test("a value from a stranger's file can neither flood nor forge a line", () => {
  const message = assertThrows(() => read({ a: `x\n${"y".repeat(5000)}` }).number("a"), Error);
  assert(message.message.length < 200 && !message.message.includes("\n"));
});

Deno.test("keys that stand outside as well have to say the same", () => {
  const check = (outside: Record<string, unknown>, inside: Record<string, unknown>) => {
    const whole = read({ ...outside, text: inside });
    const text = whole.object("text");
    text.integer("layers", 4);
    text.ignore("note");
    text.require("window", null, false);
    if (text.has("rope")) text.object("rope").require("type", "default", "mrope");
    whole.repeats(text);
    whole.finish();
  };
  check({ layers: 2, note: 1 }, { layers: 2, note: 2 });
  check({ layers: 4, window: false }, {});
  check({ layers: null }, { layers: 2 });
  check({ rope: { type: "mrope" } }, { rope: { type: "default" } });
  const differs: [Record<string, unknown>, Record<string, unknown>, string][] = [
    [{ layers: 3 }, { layers: 2 }, '"layers" is 3 here and 2 in config.json, text'],
    [{ layers: 3 }, {}, '"layers" is 3 here and 4 by default in config.json, text'],
    [{ rope: { type: "x" } }, { rope: { type: "mrope" } }, '"type" is "x" here and "mrope"'],
    [{ other: 1 }, { layers: 2 }, 'unknown key "other"'],
  ];
  for (const [outside, inside, message] of differs) {
    assertThrows(() => check(outside, inside), Error, message);
  }
});

Deno.test("keys that nobody read are errors, nested ones too; null says nothing", () => {
  const reader = read({
    ...{ hidden_size: 1, hiden_act: "silu", unused: null, text: { layers: 2, extra: 0 } },
  });
  reader.integer("hidden_size");
  const text = reader.object("text");
  text.integer("layers");
  assertThrows(() => reader.finish(), Error, 'config.json, text: unknown key "extra"');
  text.ignore("extra");
  assertThrows(() => reader.finish(), Error, 'unknown key "hiden_act"');
  reader.ignore("hiden_act");
  reader.finish();
});
