import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { dtypeBytes, safetensorsDTypes } from "../../lib/weights/dtypes.ts";
import {
  buildHeader,
  headerLength,
  maxHeaderBytes,
  parseHeader,
} from "../../lib/weights/safetensors_header.ts";
import { entry, rawFile } from "./helpers.ts";

/** Reads a whole file's header as the library does. */
function parse(bytes: Uint8Array) {
  const length = headerLength(bytes.subarray(0, 8), bytes.length, "x.safetensors");
  return parseHeader(bytes.subarray(8, 8 + length), bytes.length, "x.safetensors");
}

const eight = new Uint8Array(8);

/** One bad file a line: what is wrong, the file, and what the message must say. */
const damaged: [string, Uint8Array, string][] = [
  ["an empty file", new Uint8Array(0), "it has 0 bytes; a safetensors file has at least 8"],
  ["seven bytes", new Uint8Array(7), "it has 7 bytes"],
  ["an absurd header length", rawFile("{}", eight, 2n ** 63n), `at most ${maxHeaderBytes}`],
  ["a header longer than the file", rawFile("{}", eight, 11n), "truncated"],
  ["no header", rawFile(""), "does not start with {"],
  ["a header that is no object", rawFile("[]"), "does not start with {"],
  ["half a header", rawFile('{"a":'), "not JSON"],
  ["bytes that are no UTF-8", rawFile("{}", eight).fill(0xff, 9, 10), "not JSON in UTF-8"],
  ["text after the header", rawFile("{} {}"), "not JSON"],
  ["an entry that is no object", rawFile({ a: 7 }), 'tensor "a": its entry is 7'],
  ["no dtype", rawFile({ a: { shape: [1], data_offsets: [0, 4] } }), "dtype is nothing"],
  [
    "an unknown dtype",
    rawFile({ a: entry("F31", [2], 0, 8) }, eight),
    'dtype is "F31"; wanted one',
  ],
  [
    "a shape that is no list",
    rawFile({ a: { ...entry("F32", [], 0, 4), shape: 1 } }),
    "shape is 1",
  ],
  ["a negative size", rawFile({ a: entry("F32", [-2, -1], 0, 8) }, eight), "shape is [-2,-1]"],
  ["a broken size", rawFile({ a: entry("F32", [0.5], 0, 2) }, eight), "shape is [0.5]"],
  ["a huge size", rawFile({ a: entry("F32", [1e300], 0, 8) }, eight), "shape is"],
  [
    "a product that overflows",
    rawFile({ a: entry("F32", [2 ** 32, 2 ** 32, 2 ** 32], 0, 8) }, eight),
    "it has 8 bytes; wanted 316912650057057350374175801344",
  ],
  [
    "three offsets",
    rawFile({ a: { dtype: "U8", shape: [1], data_offsets: [0, 1, 2] } }),
    "[begin, end]",
  ],
  ["negative offsets", rawFile({ a: entry("F32", [2], -8, 0) }, eight), "data_offsets is [-8,0]"],
  ["an end before the begin", rawFile({ a: entry("F32", [0], 4, 0) }, eight), "before its begin 4"],
  [
    "an end after the file's",
    rawFile({ a: entry("F32", [3], 0, 12) }, eight),
    "out of range or truncated",
  ],
  [
    "too few bytes for the shape",
    rawFile({ a: entry("F32", [3], 0, 8) }, eight),
    "wanted 12 for F32",
  ],
  [
    "too many bytes for the type",
    rawFile({ a: entry("BF16", [2], 0, 8) }, eight),
    "wanted 4 for BF16",
  ],
  [
    "a tensor off its alignment",
    rawFile({ a: entry("U8", [2], 0, 2), b: entry("F32", [1], 2, 6) }, eight.subarray(2)),
    'tensor "b": it begins at byte 2; wanted a multiple of 4',
  ],
  [
    "overlapping tensors",
    rawFile({ a: entry("U8", [6], 0, 6), b: entry("U8", [4], 4, 8) }, eight),
    'tensor "b" begins at byte 4, inside tensor "a"',
  ],
  [
    "two names for the same bytes",
    rawFile({ a: entry("U8", [8], 0, 8), b: entry("U8", [8], 0, 8) }, eight),
    "they overlap",
  ],
  [
    "bytes between tensors",
    rawFile({ a: entry("U8", [2], 0, 2), b: entry("U8", [4], 4, 8) }, eight),
    "2 bytes before it belong to no tensor",
  ],
  [
    "bytes after the tensors",
    rawFile({ a: entry("U8", [2], 0, 2) }, eight),
    "end at byte 2 but its data at 8",
  ],
  [
    "a name that occurs twice",
    rawFile('{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"\\u0061":{}}', eight),
    'names "a" twice',
  ],
  [
    "a field that occurs twice",
    rawFile('{"a":{"dtype":"U8","dtype":"I8","shape":[8],"data_offsets":[0,8]}}', eight),
    'names "dtype" twice',
  ],
  ["metadata that is no object", rawFile({ __metadata__: [] }), "__metadata__ is []"],
  ["metadata that is no string", rawFile({ __metadata__: { n: 1 } }), '__metadata__ "n" is 1'],
];

for (const [what, bytes, message] of damaged) {
  Deno.test(`parseHeader: refuses ${what}`, () => {
    const error = assertThrows(() => parse(bytes), InputError, message);
    assert((error as Error).message.startsWith("Cannot read x.safetensors: "));
  });
}

Deno.test("parseHeader: a long or nasty tensor name cannot flood the message", () => {
  const bytes = rawFile({ [`\u001b[31m${"x".repeat(1e5)}`]: entry("F32", [3], 0, 8) }, eight);
  const error = assertThrows(() => parse(bytes), InputError) as Error;
  assert(error.message.length < 400 && !error.message.includes("\u001b"));
});

Deno.test("parseHeader: odd but valid files", () => {
  assertEquals(parse(rawFile("{}   ")).tensors.size, 0);
  const { tensors, metadata } = parse(rawFile(
    {
      __metadata__: { format: "pt" },
      "7": entry("F32", [], 4, 8),
      "__proto__x": entry("U8", [0, 3], 4, 4),
      a: entry("BF16", [2, 1], 0, 4),
    },
    eight,
  ));
  assertEquals(metadata, { format: "pt" });
  assertEquals([...tensors.keys()], ["a", "__proto__x", "7"]);
  assertEquals(tensors.get("7")?.shape, []);
});

const layout = fc.uniqueArray(
  fc.record({
    name: fc.string().filter((name) => name !== "__metadata__"),
    dtype: fc.constantFrom(...safetensorsDTypes),
    shape: fc.array(fc.nat(5), { maxLength: 4 }),
  }),
  { selector: ({ name }) => name, maxLength: 12 },
);

Deno.test("buildHeader: what it writes is read back, aligned and without gaps", () => {
  const notes = fc.dictionary(fc.string(), fc.string());
  fc.assert(fc.property(layout, fc.option(notes, { nil: undefined }), (tensors, metadata) => {
    const { bytes, order } = buildHeader(tensors, metadata);
    assertEquals(bytes.length % 8, 0);
    const size = (t: typeof tensors[number]) =>
      t.shape.reduce((a, b) => a * b, dtypeBytes(t.dtype));
    const total = order.reduce((sum, tensor) => sum + size(tensor), 0);
    const file = new Uint8Array(bytes.length + total);
    file.set(bytes);
    const header = parse(file);
    assertEquals(Object.entries(header.metadata), Object.entries(metadata ?? {}));
    assertEquals(header.tensors.size, tensors.length);
    for (const { name, dtype, shape } of tensors) {
      const info = header.tensors.get(name)!;
      assertEquals([info.dtype, info.shape], [dtype, shape]);
      assertEquals(info.offset % dtypeBytes(dtype), 0);
    }
  }));
});

Deno.test("parseHeader: no bytes whatever make it fail with anything but an InputError", () => {
  const valid = rawFile({
    __metadata__: { format: "pt" },
    a: entry("F32", [2, 3], 0, 24),
    b: entry("BF16", [4], 24, 32),
  }, new Uint8Array(32));
  const survives = (bytes: Uint8Array) => {
    try {
      parse(bytes);
    } catch (error) {
      assert(error instanceof InputError, String(error));
    }
  };
  const change = fc.record({ at: fc.nat(valid.length - 1), to: fc.nat(255) });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 6 }),
      fc.nat(valid.length),
      (changes, cut) => {
        const bytes = valid.slice();
        for (const { at, to } of changes) bytes[at] = to;
        survives(bytes);
        survives(bytes.subarray(0, cut));
      },
    ),
    { numRuns: 2000 },
  );
  fc.assert(fc.property(fc.json(), fc.nat(64), (json, size) => {
    survives(rawFile(json, new Uint8Array(size)));
  }));
  const field = fc.oneof(fc.jsonValue(), fc.constantFrom("F32", "U8"), fc.array(fc.integer()));
  const wild = fc.dictionary(
    fc.string(),
    fc.record({ dtype: field, shape: field, data_offsets: field }, { requiredKeys: [] }),
  );
  fc.assert(fc.property(wild, fc.nat(64), (header, size) => {
    survives(rawFile(header, new Uint8Array(size)));
  }));
});
