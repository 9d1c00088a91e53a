import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { convolvedSize, paddedSide } from "../../lib/nn/convolution.ts";

Deno.test("borders are those of the definition, and both give ceil(size / stride) places", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 60 }),
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 1, max: 3 }),
    (size, half, stride) => {
      const kernel = 2 * half + 1;
      const same = paddedSide(size, kernel, stride, "same");
      const places = Math.ceil(size / stride);
      const needed = Math.max((places - 1) * stride + kernel - size, 0);
      assertEquals(same.before + same.after, needed);
      assertEquals(same.after - same.before, needed % 2); // the wider part is at the end
      assertEquals(convolvedSize(size, kernel, stride, "same"), places);
      assertEquals(paddedSide(size, kernel, stride, "symmetric"), { before: half, after: half });
      assertEquals(convolvedSize(size, kernel, stride, "symmetric"), places);
    },
  ));
});
