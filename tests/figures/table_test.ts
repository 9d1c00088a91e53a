import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { table } from "../../lib/figures/table.ts";
import { assertSound, hostile } from "./helpers.ts";

Deno.test("numbers of a column have the same decimals", () => {
  const shown = table([
    { name: "a", ram: 0.75, count: 12, p: 0.0004, big: 123456, none: null },
    { name: "b", ram: 0.0041, count: 7, p: 1, big: 5, none: NaN },
  ]);
  assertSound(shown);
  assertEquals(shown.toText().split("\n").map((line) => line.split(/\s{2,}/)), [
    ["name", "ram", "count", "p", "big", "none"],
    ["a", "0.750", "12", "0.0004", "123,456"],
    ["b", "0.004", "7", "1.00", "5", "–"],
  ]);
});

Deno.test("columns can be chosen, renamed, formatted and drawn as bars", () => {
  const shown = table([{ a: 0.5, b: "x" }, { a: 1, b: "y" }], {
    columns: [
      { key: "b", title: "B" },
      { key: "a", format: "percent", bar: true },
      { key: "a", title: "own", format: (value) => `<${value}>` },
    ],
  });
  assertSound(shown);
  assertEquals(shown.toText(), "B  a     own\nx  50%   <0.5>\ny  100%  <1>");
  assert(shown.toHtml().includes("18) 50%") && shown.toHtml().includes("&lt;0.5&gt;"));
});

Deno.test("long tables are cut and say so", () => {
  const rows = Array.from({ length: 30 }, (_, i) => ({ i }));
  const shown = table(rows, { limit: 3, caption: "More." });
  assertEquals(shown.caption, "The first 3 of 30 rows. More.");
  assertEquals(shown.toHtml().match(/<tr/g)?.length, 4);
});

Deno.test("hostile cells, keys and titles are shown as they are", () => {
  const shown = table([{ [hostile]: hostile, ok: true, id: 12n }], {
    title: hostile,
    caption: hostile,
  });
  assertSound(shown);
  assert(shown.toText().includes(hostile));
});

Deno.test("empty tables and unknown columns are refused", () => {
  assertThrows(() => table([]), InputError, "0 rows");
  assertThrows(() => table([{ ram: 1 }], { columns: ["rma"] }), InputError, "the rows have ram");
  assertThrows(() => table([{}]), InputError, "0 columns");
});
