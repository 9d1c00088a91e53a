import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { widenToFloat32 } from "../../lib/backend/widen.ts";

Deno.test("every bfloat16 pattern widens to the float32 with the same upper half", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = widenToFloat32(new Uint8Array(bits.buffer), "BF16");
  const words = new Uint32Array(wide.buffer);
  words.forEach((word, i) => {
    if (!Number.isNaN(wide[i])) assertEquals(word, i * 65536);
  });
});

Deno.test("every float16 pattern widens to the value of the runtime's Float16Array", () => {
  const bits = Uint16Array.from({ length: 65536 }, (_, i) => i);
  const wide = widenToFloat32(new Uint8Array(bits.buffer), "F16");
  assertEquals(wide, Float32Array.from(new Float16Array(bits.buffer)));
});

Deno.test("float32 bytes come back unchanged, from any offset, in memory of their own", () => {
  fc.assert(
    fc.property(fc.float32Array(), fc.nat({ max: 7 }), (values, offset) => {
      const source = new Uint8Array(values.byteLength + offset);
      source.set(new Uint8Array(values.buffer), offset);
      const wide = widenToFloat32(source.subarray(offset), "F32");
      assertEquals(wide, values);
      source.fill(255);
      assertEquals(wide, values);
    }),
    { seed: 1, numRuns: 50 },
  );
});

Deno.test("half-precision bytes may start at an odd offset", () => {
  const source = new Uint8Array([9, 0x80, 0x3f, 0x00, 0xc0]);
  assertEquals([...widenToFloat32(source.subarray(1), "BF16")], [1, -2]);
  assertEquals([...widenToFloat32(new Uint8Array([9, 0x00, 0x3c]).subarray(1), "F16")], [1]);
});

Deno.test("a length that is no whole number of elements is an error", () => {
  assertThrows(() => widenToFloat32(new Uint8Array(3), "BF16"), RangeError, "multiple of 2");
  assertThrows(() => widenToFloat32(new Uint8Array(6), "F32"), RangeError, "multiple of 4");
});
