import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import { bilinearSamples, sampleRows } from "../../lib/model/sampled_rows.ts";
import { testKernels } from "../suites/golden.ts";

const side = fc.integer({ min: 1, max: 9 });

Deno.test("weights of every sample add up to one and rows lie in the map", () => {
  fc.assert(fc.property(side, side, side, side, (h, w, h2, w2) => {
    const { rows, weights } = bilinearSamples([h, w], [h2, w2]);
    const count = h2 * w2;
    assertEquals([rows.length, weights.length], [4 * count, 4 * count]);
    assert(rows.every((row) => row >= 0 && row < h * w));
    for (let i = 0; i < count; i++) {
      const sum = [0, 1, 2, 3].reduce((total, corner) => total + weights[corner * count + i], 0);
      assertAlmostEquals(sum, 1, 1e-6);
    }
  }));
});

Deno.test("the same size keeps every row", () => {
  const { rows, weights } = bilinearSamples([3, 4], [3, 4]);
  assertEquals([...rows.slice(0, 12)], [...Array(12).keys()]);
  assertEquals([...weights], [...Array(12).fill(1), ...Array(36).fill(0)]);
});

Deno.test("samples equal PyTorch's bilinear interpolation", async () => {
  // torch.nn.functional.interpolate(torch.arange(15.).reshape(1, 1, 3, 5), (2, 3), mode="bilinear")
  const wanted = [1.5833334, 3.25, 4.9166665, 9.083333, 10.75, 12.416667];
  const k = await testKernels();
  const before = k.tensorCount();
  const table = k.tensor(Float32Array.from(Array(15).keys()), [15, 1]);
  const found = sampleRows(k, table, bilinearSamples([3, 5], [2, 3]));
  (await k.read(found)).forEach((value, i) => assertAlmostEquals(value, wanted[i], 1e-5));
  k.dispose(table, found);
  assertEquals(k.tensorCount(), before);
});
