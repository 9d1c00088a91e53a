import { assertAlmostEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { mean, median, quantile, variance } from "../../lib/stats/summary.ts";
import { reference } from "./reference.ts";

Deno.test("mean, variance, median and quantiles equal NumPy's", () => {
  const table = reference.quantiles;
  assertAlmostEquals(mean(table.values), table.mean, 1e-14);
  assertAlmostEquals(variance(table.values), table.variance, 1e-14);
  assertAlmostEquals(median(table.values), table.median, 1e-14);
  table.probabilities.forEach((probability, i) => {
    assertAlmostEquals(quantile(table.values, probability), table.quantiles[i], 1e-14);
  });
});

Deno.test("empty lists and values that are not finite are refused", () => {
  assertThrows(() => mean([]), InputError, "0 values");
  assertThrows(() => variance([1]), InputError, "at least 2");
  assertThrows(() => median([1, NaN]), InputError, "value 1 is NaN");
  assertThrows(() => quantile([1], 1.5), InputError, "probability must be 0 to 1");
});
