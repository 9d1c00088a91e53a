import { assertEquals, assertThrows } from "@std/assert";
import { Settings } from "../../lib/inputs/settings.ts";

const settings = new Settings({
  size: { height: 3 },
  patch_size: 16,
  do_resize: false,
  image_mean: [1, 2, 3],
  image_token: "<image>",
  min_pixels: null,
  ratio: 0.5,
}, "p.json");

Deno.test("values of each type, and fallbacks for what is absent or null", () => {
  assertEquals(settings.count("patch_size", 14), 16);
  assertEquals(settings.number("ratio", 1), 0.5);
  assertEquals(settings.flag("do_resize", true), false);
  assertEquals(settings.text("image_token", ""), "<image>");
  assertEquals(settings.numbers("image_mean", 3, []), [1, 2, 3]);
  assertEquals(settings.object("size").count("height", 1), 3);
  assertEquals(settings.count("min_pixels", 5), 5);
  assertEquals(settings.object("absent").number("x", 7), 7);
  assertEquals(settings.value("constructor"), undefined);
});

Deno.test("values of a wrong type are refused, with file, key and what is wanted", () => {
  assertThrows(() => settings.count("ratio", 1), Error, 'p.json: ratio is "0.5"; wanted a whole');
  assertThrows(() => settings.number("size", 1), Error, "wanted a number");
  assertThrows(() => settings.flag("ratio", true), Error, "wanted true or false");
  assertThrows(() => settings.text("ratio", ""), Error, "wanted a text");
  assertThrows(() => settings.numbers("image_mean", 2, []), Error, "a list of 2 numbers");
  assertThrows(() => settings.object("ratio"), Error, "wanted an object");
});

Deno.test("finish refuses keys that nobody read", () => {
  const json = { processor_class: "X", do_resize: true, patch_sice: 3, unused: null };
  const some = new Settings(json, "p.json");
  some.flag("do_resize", true);
  some.count("patch_size", 14);
  assertThrows(
    () => some.finish(),
    Error,
    'unknown key "patch_sice"; nearest known keys: patch_size',
  );
  some.ignore("patch_sice");
  some.finish();
});
