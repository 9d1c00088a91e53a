import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkMeasured, placeLabels, spanOf, whiskers } from "../../lib/figures/points.ts";

Deno.test("whiskers reach the ends of the intervals", () => {
  const values = [{ value: 2, low: 1, high: 5 }, { value: 3 }];
  const bars = whiskers(values, "#000000", 100);
  assertEquals([bars?.array, bars?.arrayminus], [[300, 0], [100, 0]]);
  assertEquals(whiskers([{ value: 1 }], "#000000"), undefined);
  assertEquals(spanOf(values), [2, 1, 5, 3, 3, 3]);
});

Deno.test("labels of close points take different sides and stay on the plot", () => {
  const sides = placeLabels(
    [{ x: 50, y: 50, label: "first" }, { x: 54, y: 52, label: "second" }, {
      x: 98,
      y: 50,
      label: "edge",
    }],
    100,
    100,
  );
  assert(sides[0] !== sides[1]);
  assert(sides[2] !== "middle right");
  assertEquals(placeLabels([{ x: 10, y: 50, label: "a" }], 100, 100, ["bottom center"]), [
    "bottom center",
  ]);
});

Deno.test("turned or missing values are refused", () => {
  assertThrows(
    () => checkMeasured("a plot", "x", [{ value: 1, low: 2, high: 1 }]),
    InputError,
    "low <= high",
  );
  assertThrows(() => checkMeasured("a plot", "x", [{ value: NaN }]), InputError, "NaN");
  assertThrows(
    () => checkMeasured("a plot", "x", [{ value: 1, low: NaN }]),
    InputError,
    "low of x",
  );
});
