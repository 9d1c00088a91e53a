import { assert, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { benjaminiHochberg, holm } from "../../lib/stats/multiple.ts";
import { largestDifference, reference } from "./reference.ts";

Deno.test("adjusted p-values equal those of statsmodels and SciPy", () => {
  for (const table of reference.corrections) {
    assert(largestDifference(holm(table.p), table.holm) < 1e-14);
    assert(largestDifference(benjaminiHochberg(table.p), table.benjaminiHochberg) < 1e-14);
  }
});

Deno.test("adjusting never lowers a p-value, keeps the order, and Holm is the stricter", () => {
  fc.assert(fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (p) => {
    const strict = holm(p);
    const loose = benjaminiHochberg(p);
    for (let i = 0; i < p.length; i++) {
      assert(strict[i] <= 1 && strict[i] >= loose[i] - 1e-12 && loose[i] >= p[i] - 1e-12);
      for (let j = 0; j < i; j++) {
        if (p[i] < p[j]) assert(strict[i] <= strict[j] && loose[i] <= loose[j]);
      }
    }
  }));
});

Deno.test("what is not a probability is refused", () => {
  assertThrows(() => holm([0.1, 1.2]), InputError, "p-value 1, 1.2");
  assertThrows(() => benjaminiHochberg([NaN]), InputError, "p-value 0, NaN");
});
