import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { normalCdf, normalQuantile } from "../../lib/stats/normal.ts";
import { reference } from "./reference.ts";

Deno.test("cumulative probabilities equal SciPy's, in the tails relatively", () => {
  const { z, cdf } = reference.normal;
  z.forEach((value, i) => {
    assertAlmostEquals(normalCdf(value), cdf[i], 1e-14);
    assert(Math.abs(normalCdf(value) - cdf[i]) <= 1e-7 * cdf[i], `relative error at ${value}`);
  });
  assertEquals([normalCdf(-Infinity), normalCdf(Infinity)], [0, 1]);
});

Deno.test("quantiles equal SciPy's to 14 digits", () => {
  const { p, quantile } = reference.normal;
  p.forEach((value, i) => {
    const error = Math.abs(normalQuantile(value) - quantile[i]);
    assert(error <= 1e-14 * Math.max(1, Math.abs(quantile[i])), `${value}: off by ${error}`);
  });
  assertEquals([normalQuantile(0), normalQuantile(1)], [-Infinity, Infinity]);
  assert(Number.isNaN(normalQuantile(-0.1)) && Number.isNaN(normalQuantile(1.1)));
});
