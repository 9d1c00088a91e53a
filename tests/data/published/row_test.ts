import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../../lib/common/errors.ts";
import { readObject, readRows, Row } from "../../../lib/data/published/row.ts";
import { withFiles } from "./data_set.ts";

const row = Row.of({ t: " a ", n: 1.5, i: 3, l: ["x"], v: [1, 2], r: { a: 1 }, j: "[1]" }, "place");

Deno.test("row: fields of the right kind", () => {
  assertEquals([row.text("t"), row.number("n"), row.whole("i")], ["a", 1.5, 3]);
  assertEquals([row.texts("l"), row.numbers("v", 2)], [["x"], [1, 2]]);
  assertEquals(row.row("r").number("a"), 1);
  assertEquals(Row.of({ j: '{"b": 2}' }, "p").json("j").whole("b"), 2);
  assertEquals([row.has("t"), row.has("z"), Row.of({ z: null }, "p").has("z")], [
    true,
    false,
    false,
  ]);
});

Deno.test("row: a field of the wrong kind is named with its place", () => {
  const wrong: readonly (readonly [() => unknown, string])[] = [
    [() => row.text("n"), "place: n is"],
    [() => row.text("z"), "place: z is"],
    [() => row.number("t"), "place: t is"],
    [() => row.whole("n"), "place: n is"],
    [() => Row.of({ n: -1 }, "p").whole("n"), "p: n is"],
    [() => Row.of({ n: 0 }, "p").positive("n"), "p: n is"],
    [() => row.texts("v"), "place: v is"],
    [() => row.numbers("v", 3), "a list of 3 numbers"],
    [() => row.row("l"), "place, l"],
    [() => row.rows("l"), "place, l[0]"],
    [() => row.lists("l"), "place: l is"],
    [() => row.json("t"), "place: t is"],
    [() => row.json("j"), "place, j"],
    [() => Row.of([], "the list"), "the list"],
  ];
  for (const [read, message] of wrong) assertThrows(read, InputError, message);
});

Deno.test("row: a JSON array and one object a line are the same entries", async () => {
  const entries = [{ a: 1 }, { a: 2 }];
  const lines = "\ufeff" + entries.map((one) => JSON.stringify(one)).join("\r\n") + "\r\n\r\n";
  await withFiles({ "a.json": entries, "b.jsonl": lines, "c.json": lines }, async (folder) => {
    const rows = (file: string) => Array.fromAsync(readRows(folder, file));
    const read = async (file: string) => (await rows(file)).map((one) => one.whole("a"));
    for (const file of ["a.json", "b.jsonl", "c.json"]) assertEquals(await read(file), [1, 2]);
    assertEquals((await rows("a.json"))[1].where, "entry 2 of a.json");
    assertEquals((await rows("b.jsonl"))[1].where, "line 2 of b.jsonl");
  });
});

Deno.test("row: broken files name the line", () =>
  withFiles({
    "array.json": '[\n{"a": 1},\n{"a" 2}\n]',
    "early.json": '[\n{"a": 1},\n{"a',
    "lines.jsonl": '{"a": 1}\n{"a"\n',
    "number.json": "[{}, 5]",
    "list.json": "[]",
  }, async (folder) => {
    const cases: readonly (readonly [string, string])[] = [
      ["array.json", "line 3"],
      ["early.json", "line 3"],
      ["lines.jsonl", "line 2"],
      ["number.json", "entry 2"],
      ["absent.json", "no such file"],
      ["../other.json", "leaves the folder"],
    ];
    for (const [file, message] of cases) {
      await assertRejects(() => Array.fromAsync(readRows(folder, file)), InputError, message);
    }
    await assertRejects(() => readObject(folder, "list.json"), InputError, "list.json");
  }));

Deno.test("row: lines are read as they are asked for, across the pieces that a file comes in", () => {
  const long = "é".repeat(100_000); // longer than a piece, and of two bytes a character
  const lines = [{ a: long }, { a: `${long}2` }].map((one) => JSON.stringify(one));
  return withFiles({ "a.jsonl": `${lines.join("\n")}\nnot JSON` }, async (folder) => {
    const rows = readRows(folder, "a.jsonl");
    const read = async () => (await rows.next()).value!.text("a").length;
    assertEquals([await read(), await read()], [100_000, 100_001]);
    await assertRejects(() => rows.next(), InputError, "line 3");
  });
});
