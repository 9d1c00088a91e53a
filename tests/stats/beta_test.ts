import { assertAlmostEquals, assertEquals } from "@std/assert";
import {
  betaQuantile,
  binomialTail,
  incompleteBeta,
  logChoices,
  logGamma,
  studentTails,
} from "../../lib/stats/beta.ts";

// right values: scipy 1.x (beta.cdf, beta.ppf, t.sf, binom.sf)
Deno.test("the incomplete beta function, its inverse and the tails that follow equal scipy's", () => {
  assertAlmostEquals(incompleteBeta(0.2, 40, 90), 0.0020230374213576017, 1e-12);
  assertAlmostEquals(betaQuantile(0.3, 2.5, 7), 0.17680146270511063, 1e-12);
  assertAlmostEquals(studentTails(2.1, 4), 0.10365328631760218, 1e-12);
  assertAlmostEquals(studentTails(-0.5, 149), 0.6178126987157629, 1e-12);
  assertAlmostEquals(studentTails(12, 199) / 2.5799606749767862e-25, 1, 1e-9);
  assertEquals([incompleteBeta(0, 2, 3), incompleteBeta(1, 2, 3)], [0, 1]);
});

Deno.test("binomial tails and choices are sums that can be written out", () => {
  assertAlmostEquals(binomialTail(5, 5, 0.5), 1 / 32, 1e-14);
  assertAlmostEquals(binomialTail(2, 3, 0.25), 3 * 0.25 ** 2 * 0.75 + 0.25 ** 3, 1e-14);
  assertEquals([binomialTail(0, 3, 0.25), binomialTail(4, 3, 0.25)], [1, 0]);
  assertAlmostEquals(Math.exp(logChoices(10, 3)), 120, 1e-9);
  assertAlmostEquals(logGamma(0.5), Math.log(Math.PI) / 2, 1e-13);
});
