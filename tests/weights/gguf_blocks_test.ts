import { assert, assertEquals, assertThrows } from "@std/assert";
import { dequantize } from "../../lib/weights/gguf_blocks.ts";
import { blockSizes, type GgufType, ggufTypeOf, ggufTypes } from "../../lib/weights/gguf_types.ts";
import { float32Tensor, readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";

const files = await Promise.all(
  ["blocks", "more_blocks"].map((name) =>
    readSafetensorsFile(`tests/golden/gguf/${name}.safetensors`)
  ),
);

for (const type of ggufTypes.filter((type) => type !== "F32")) {
  Deno.test(`dequantize: ${type} equals Python's gguf package to the bit`, () => {
    const golden = files.find(({ tensors }) => tensors.has(`${type}.bytes`))!;
    const bytes = golden.tensors.get(`${type}.bytes`)!.data as Uint8Array;
    const { data } = float32Tensor(golden, `${type}.values`);
    const ours = dequantize(bytes, type);
    assertEquals(ours.length, 1024);
    // compared as numbers: the sign of zero is free
    const wrong = ours.findIndex((value, i) => value !== data[i]);
    assertEquals(wrong, -1, `element ${wrong}: ${ours[wrong]}, wanted ${data[wrong]}`);
  });
}

Deno.test("dequantize: float32 stays as it is, and part of a block is refused", () => {
  const values = Float32Array.of(1.5, -0.1);
  assertEquals(dequantize(new Uint8Array(values.buffer), "F32"), values);
  for (const type of ggufTypes) {
    assertThrows(() => dequantize(new Uint8Array(blockSizes[type].bytes + 1), type), RangeError);
    assertEquals(dequantize(new Uint8Array(0), type).length, 0);
  }
});

Deno.test("ggufTypeOf: the numbers of ggml.h, each type once", () => {
  const found = Array.from({ length: 64 }, (_, i) => ggufTypeOf(i)).filter((type) => type !== null);
  assertEquals(new Set<GgufType>(found), new Set(ggufTypes));
  assertEquals(found.length, ggufTypes.length);
  assert(ggufTypeOf(9) === null && ggufTypeOf(-1) === null);
});
