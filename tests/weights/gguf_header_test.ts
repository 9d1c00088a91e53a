import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { HeaderIncomplete } from "../../lib/weights/gguf_cursor.ts";
import { parseGgufHeader } from "../../lib/weights/gguf_header.ts";
import { ggufBytes, join, le, numberNote, text, textNote, textsNote } from "./gguf_bytes.ts";

const parse = (bytes: Uint8Array) => parseGgufHeader(bytes, bytes.length, "x.gguf");
const data = new Uint8Array(128);

Deno.test("parseGgufHeader: notes of every kind, tensors with reversed axes", () => {
  const float = new Uint8Array(new Float64Array([0.5]).buffer);
  const { metadata, tensors } = parse(ggufBytes(
    [
      ["int8", 1, le(-3, 1)],
      ["switch", 7, le(1, 1)],
      ["wide", 11, le(-(2n ** 52n), 8)],
      ["half", 12, float],
      textNote("name", "Ünï"),
      textsNote("list", ["a", ""]),
    ],
    [["b", [4, 2], 1, 32], ["a", [8], 0, 0]],
    data.subarray(0, 48),
  ));
  assertEquals(Object.fromEntries(metadata), {
    ...{ int8: -3, switch: true, wide: -(2 ** 52), half: 0.5, name: "Ünï", list: ["a", ""] },
  });
  assertEquals([...tensors.keys()], ["a", "b"]);
  const { shape, byteLength, offset, type } = tensors.get("b")!;
  assertEquals([shape, byteLength, type, offset % 32], [[2, 4], 16, "F16", 0]);
});

Deno.test("parseGgufHeader: lists without end are refused before they are read", () => {
  const list = join(le(0, 4), le(190_000_000, 8), new Uint8Array(190_000_000));
  const bytes = ggufBytes([["flood", 9, list]], [], data);
  const start = performance.now();
  assertThrows(
    () => parse(bytes),
    InputError,
    'more than 3000000 values, with 190000000 in "flood"',
  );
  assert(performance.now() - start < 2000);
});

/** One bad file a line: what is wrong, the file, and what the message must say. */
const damaged: [string, Uint8Array, string][] = [
  ["an empty file", new Uint8Array(0), "truncated"],
  ["another magic", ggufBytes([], [], data, { magic: "GGML" }), 'does not start with "GGUF"'],
  ["version 1", ggufBytes([], [], data, { version: 1 }), "version is 1; supported are 2 and 3"],
  ["a big-endian file", ggufBytes([], [], data, { version: 0x03000000 }), "big-endian"],
  [
    "an absurd number of tensors",
    join(new TextEncoder().encode("GGUF"), le(3, 4), le(2n ** 40n, 8), le(0, 8)),
    "the number of tensors is 1099511627776",
  ],
  [
    "a number of notes beyond 53 bits",
    join(new TextEncoder().encode("GGUF"), le(3, 4), le(0, 8), le(2n ** 63n, 8)),
    "at most 53 bits",
  ],
  ["an absurd text", ggufBytes([["k", 8, le(2n ** 50n, 8)]]), "truncated"],
  ["an absurd list", ggufBytes([["k", 9, join(le(4, 4), le(2n ** 50n, 8))]]), "truncated"],
  ["a list of lists", ggufBytes([["k", 9, join(le(9, 4), le(1, 8))]], [], data), "of kind 9"],
  ["an unknown kind", ggufBytes([["k", 13, le(0, 8)]]), "of kind 13"],
  ["a switch of 2", ggufBytes([["k", 7, le(2, 1)]]), "is 2, wanted 0 or 1"],
  ["a text that is no UTF-8", ggufBytes([["k", 8, join(le(1, 8), le(255, 1))]]), "UTF-8"],
  ["a key twice", ggufBytes([textNote("k", "a"), textNote("k", "b")]), 'the key "k" twice'],
  ["alignment 0", ggufBytes([numberNote("general.alignment", 0)]), "general.alignment is 0"],
  ["alignment 7", ggufBytes([numberNote("general.alignment", 7)]), "multiple of 8"],
  ["no axes", ggufBytes([], [["a", [], 0, 0]], data), "0 axes"],
  ["five axes", ggufBytes([], [["a", [1, 1, 1, 1, 1], 0, 0]], data), "5 axes"],
  ["an empty axis", ggufBytes([], [["a", [4, 0], 0, 0]], data), "no empty axis"],
  ["an unknown type", ggufBytes([], [["a", [256], 9, 0]], data), "number 9; supported are F32"],
  ["rows of half a block", ggufBytes([], [["a", [16, 2], 2, 0]], data), "multiple of 32 for Q4_0"],
  ["a place off its alignment", ggufBytes([], [["a", [4], 0, 4]], data), "multiple of 32"],
  ["a place behind the end", ggufBytes([], [["a", [4], 0, 2 ** 40]], data), "truncated"],
  ["a tensor longer than the data", ggufBytes([], [["a", [33], 0, 0]], data), "truncated"],
  [
    "a product that overflows",
    ggufBytes([], [["a", [2 ** 30, 2 ** 30, 2 ** 30, 2 ** 30], 0, 0]], data),
    "truncated",
  ],
  ["a tensor twice", ggufBytes([], [["a", [4], 0, 0], ["a", [4], 0, 32]], data), '"a" twice'],
  ["an overlap", ggufBytes([], [["a", [12], 0, 0], ["b", [4], 0, 32]], data), "overlaps"],
];

for (const [what, bytes, message] of damaged) {
  Deno.test(`parseGgufHeader: refuses ${what}`, () => {
    const error = assertThrows(() => parse(bytes), InputError, message);
    assert((error as Error).message.startsWith("Cannot read x.gguf: "));
  });
}

Deno.test("parseGgufHeader: asks for more where the bytes at hand end, for any end", () => {
  const whole = ggufBytes([textsNote("list", ["a", "bc"])], [["a", [8], 0, 0]], data);
  const end = whole.length - data.length - 32;
  fc.assert(fc.property(fc.integer({ min: 0, max: end }), (length) => {
    assertThrows(
      () => parseGgufHeader(whole.subarray(0, length), whole.length, "x"),
      HeaderIncomplete,
    );
  }));
});

Deno.test("parseGgufHeader: a long or nasty name cannot flood the message", () => {
  const name = "\u001b[31m" + "x".repeat(5000);
  const error = assertThrows(() => parse(ggufBytes([], [[name, [4], 99, 0]], data)), InputError);
  assert((error as Error).message.length < 400 && !(error as Error).message.includes("\u001b"));
  assertThrows(() => parse(ggufBytes([[name, 99, text("")]])), InputError, "of kind 99");
});
