import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  decode,
  dtypeBytes,
  float32ToBfloat16,
  isSafetensorsDType,
  safetensorsDTypes,
} from "../../lib/weights/dtypes.ts";

const float = (bits: number): number => {
  const view = new DataView(new ArrayBuffer(4));
  view.setUint32(0, bits);
  return view.getFloat32(0);
};

Deno.test("float32ToBfloat16: the nearest bfloat16, ties to the even one", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0xffffffff }), (bits) => {
      const value = float(bits);
      fc.pre(Number.isFinite(value));
      const chosen = float32ToBfloat16(new Float32Array([value]))[0];
      const distance = (pattern: number): number => {
        const candidate = float((pattern << 16) >>> 0);
        return Math.abs(
          (Number.isFinite(candidate) ? candidate : Math.sign(candidate) * 2 ** 128) - value,
        );
      };
      const sign = bits >>> 31 << 15;
      for (const step of [-1, 1]) {
        const other = (chosen & 0x7fff) + step;
        if (other < 0 || other > 0x7f80) continue;
        const nearer = distance(chosen) - distance(sign | other);
        assert(nearer < 0 || (nearer === 0 && chosen % 2 === 0), `${value}: ${chosen}, ${other}`);
      }
      assertEquals(chosen >>> 15, bits >>> 31);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("float32ToBfloat16: PyTorch's values for the special cases", () => {
  // torch.tensor(x).bfloat16().view(torch.int16) of torch 2.13
  const cases: [number, number][] = [
    [0, 0],
    [-0, 0x8000],
    [Infinity, 0x7f80],
    [-Infinity, 0xff80],
    [3.4028234663852886e38, 0x7f80],
    [3.3895313892515355e38, 0x7f7f],
    [1.00390625, 0x3f80],
    [1.01171875, 0x3f82],
    [1e-45, 0],
  ];
  const values = new Float32Array(cases.map(([value]) => value));
  assertEquals(float32ToBfloat16(values), new Uint16Array(cases.map(([, bits]) => bits)));
});

Deno.test("float32ToBfloat16: NaN stays NaN, whatever its bits", () => {
  const nans = new Float32Array(
    new Uint32Array([0x7fc00000, 0x7f800001, 0xff800001, 0xffffffff]).buffer,
  );
  const back = decode(new Uint8Array(float32ToBfloat16(nans).buffer), "BF16") as Float32Array;
  assertEquals([...back], [NaN, NaN, NaN, NaN]);
});

Deno.test("float32ToBfloat16: bfloat16 values stay what they are", () => {
  const all = Uint16Array.from({ length: 65536 }, (_, i) => i).filter((i) =>
    (i & 0x7fff) <= 0x7f80
  );
  const bytes = new Uint8Array(all.buffer);
  assertEquals(float32ToBfloat16(decode(bytes, "BF16") as Float32Array), all);
});

Deno.test("decode: every type reads back what its typed array wrote, at odd offsets too", () => {
  const cases = {
    F32: new Float32Array([1.5, -2, 1e-40]),
    F64: new Float64Array([Math.PI, -1e300]),
    I8: new Int8Array([-128, 127]),
    U8: new Uint8Array([0, 255]),
    BOOL: new Uint8Array([0, 1, 1]),
    I16: new Int16Array([-32768, 5]),
    U16: new Uint16Array([65535, 1]),
    I32: new Int32Array([-1, 2 ** 31 - 1]),
    U32: new Uint32Array([2 ** 32 - 1]),
    I64: new BigInt64Array([-(2n ** 63n), 7n]),
    U64: new BigUint64Array([2n ** 64n - 1n]),
  } as const;
  for (const [dtype, values] of Object.entries(cases)) {
    if (!isSafetensorsDType(dtype)) throw new Error(`${dtype} is not known`);
    const bytes = new Uint8Array(values.buffer);
    assertEquals(decode(bytes, dtype), values);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    assertEquals(decode(shifted.subarray(1), dtype), values);
    assertEquals(values.BYTES_PER_ELEMENT, dtypeBytes(dtype));
  }
});

Deno.test("isSafetensorsDType: the format's names and no others", () => {
  assert(safetensorsDTypes.every(isSafetensorsDType));
  for (const name of ["", "f32", "F4", "toString", "__proto__"]) assert(!isSafetensorsDType(name));
});
