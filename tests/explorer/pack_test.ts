import { assert, assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { float16Bits, float16Value, packFloats, unpackFloats } from "../../lib/explorer/pack.ts";

Deno.test("every float16 keeps its bits", () => {
  for (let half = 0; half < 65536; half++) {
    const value = float16Value(half);
    if (Number.isNaN(value)) assert(Number.isNaN(float16Value(float16Bits(value))));
    else assertEquals(float16Bits(value), half);
  }
});

Deno.test("a number becomes the nearest float16, halfway cases the even one", () => {
  for (let half = 0; half < 0x7bff; half++) {
    const low = float16Value(half), high = float16Value(half + 1), middle = (low + high) / 2;
    assertEquals(float16Bits(middle), half % 2 === 0 ? half : half + 1);
    assertEquals(float16Bits(low + 0.49 * (high - low)), half);
    assertEquals(float16Bits(-(low + 0.51 * (high - low))), 0x8000 | (half + 1));
  }
  assertEquals(float16Bits(65519.99), 0x7bff);
  assertEquals(float16Bits(65520), 0x7c00);
});

Deno.test("packed shares come back within half of a float16's last place", async () => {
  const share = fc.oneof(
    fc.float({ min: 0, max: 1, noNaN: true }),
    fc.constantFrom(0, 1, 2 ** -24, 1e-9),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(share, { maxLength: 300 }), async (values) => {
      const back = await unpackFloats(await packFloats(values));
      assertEquals(back.length, values.length);
      values.forEach((value, i) => {
        const bound = Math.max(2 ** -25, value * 2 ** -11);
        assert(Math.abs(back[i] - value) <= bound, `${value} came back as ${back[i]}`);
      });
    }),
    { numRuns: 40 },
  );
});

Deno.test("what is no number is not packed", async () => {
  await assertRejects(() => packFloats([0, NaN]), Error, "number 1 of 2: it is NaN");
});
