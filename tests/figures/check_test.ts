import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import {
  axisRange,
  checkNotEmpty,
  checkValues,
  extent,
  logAxisRange,
} from "../../lib/figures/check.ts";

const numbers = fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 1 });

Deno.test("an axis holds every value and has a length", () => {
  fc.assert(fc.property(numbers, fc.boolean(), (values, zero) => {
    const [low, high] = axisRange(values, zero);
    assert(low < high);
    assert(values.every((value) => value >= low && value <= high));
    if (zero) assert(low <= 0 && high >= 0);
  }));
  assertEquals(axisRange([0.2, 0.5], true)[0], 0);
  assertEquals(axisRange([0, 0], true), [0, 1]);
  const [low, high] = logAxisRange([10, 1000]);
  assert(low < 1 && high > 3);
  assertEquals(extent([3, 1], [2]), [1, 3]);
});

Deno.test("messages say what was drawn and which value is wrong", () => {
  assertThrows(() => checkNotEmpty("bars", "series", []), InputError, "bars of 0 series");
  const single = { name: "a" } as never;
  assertThrows(() => checkNotEmpty("bars", "series", single), InputError, "of an object: wanted");
  assertThrows(() => checkValues("a map", "values", [1], 2), InputError, "1 values, wanted 2");
  assertThrows(
    () => checkValues("a map", "values", [1, NaN]),
    InputError,
    "value 1 of values is NaN",
  );
});
