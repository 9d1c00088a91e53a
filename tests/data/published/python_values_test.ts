import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  numberIn,
  pythonList,
  pythonRound,
  pythonText,
} from "../../../lib/data/published/python_values.ts";

Deno.test("pythonRound: as Python 3.11 rounds", () => {
  const cases: readonly (readonly [number, number, number])[] = [
    [0.105, 2, 0.1],
    [0.495, 2, 0.49],
    [2.675, 2, 2.67],
    [0.125, 2, 0.12],
    [0.375, 2, 0.38],
    [-0.125, 2, -0.12],
    [-2.5, 0, -2],
    [3.5, 0, 4],
    [1e22, 2, 1e22],
    [1.005, 2, 1],
  ];
  for (const [value, decimals, rounded] of cases) {
    assertEquals(pythonRound(value, decimals), rounded, `${value}`);
  }
  fc.assert(fc.property(fc.integer({ min: -1e6, max: 1e6 }), (n) => {
    const value = n / 1024; // exact, so its nearest hundredth can be found in whole numbers
    const hundredths = 25n * BigInt(n), low = hundredths / 256n, rest = hundredths % 256n;
    const size = rest < 0n ? -rest : rest, step = rest < 0n ? -1n : 1n;
    const up = size > 128n || size === 128n && low % 2n !== 0n;
    assertEquals(pythonRound(value, 2), Number(low + (up ? step : 0n)) / 100 || 0);
  }));
});

Deno.test("pythonText, numberIn: as Python's str and float", () => {
  const texts = ["0.0", "5.0", "-0.25", "0.0001", "1e-05", "1.5e-07", "1e+16", "123456789012345.0"];
  assertEquals(texts.map((text) => pythonText(Number(text))), texts);
  assertEquals([" 5", "-.5", "1e3", "1_0", "x", ""].map(numberIn), [5, -0.5, 1000, NaN, NaN, NaN]);
});

Deno.test("pythonList: lists of texts and numbers, and nothing else", () => {
  const lists: readonly (readonly [string, string[] | null])[] = [
    ["[]", []],
    ["['a', \"b's\", ]", ["a", "b's"]],
    ["['a' 'b', 'it\\'s']", ["ab", "it's"]],
    ["[1, -2, 3.50, 1e5, .5]", ["1", "-2", "3.5", "100000.0", "0.5"]],
    ["['a'", null],
    ["['a',, 'b']", null],
    ["[a]", null],
    ["['a' 1]", null],
    ["[007]", null],
    ["['a'] b", null],
    ["a", null],
  ];
  for (const [text, items] of lists) assertEquals(pythonList(text), items, text);
});
