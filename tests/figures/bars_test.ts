import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { bars } from "../../lib/figures/bars.ts";
import type { BarTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const options = { title: "Drop by domain", valueTitle: "drop in accuracy" };

Deno.test("bars stand by category with whiskers, the first category on top", () => {
  const figure = bars(["scene", "page"], [
    { name: "core", values: [{ value: 0.6, low: 0.5, high: 0.7 }, { value: -0.1 }] },
    { name: "random", values: [{ value: 0 }, { value: 0.02 }] },
  ], { ...options, percent: true, line: { value: 0.2, label: "paper" } });
  assertSound(figure);
  const [core] = figure.data as BarTrace[];
  assertEquals([core.x, core.y], [[60, -10], [0, 1]]);
  assertEquals(core.error_x?.array.map(Math.round), [10, 0]);
  assertEquals(core.text?.[0], "<b>scene</b>, core<br>drop in accuracy: 60% [50%, 70%]");
  assertEquals(figure.layout.axes.yaxis.range, [1.5, -0.5]);
  assertEquals(figure.layout.axes.yaxis.ticktext, ["scene", "page"]);
  assertEquals(figure.layout.shapes[0].x0, 20);
});

Deno.test("zero bars, long and hostile names are drawn", () => {
  assertSound(bars(["a"], [{ name: "b", values: [{ value: 0 }] }], options));
  assertSound(bars([hostile.repeat(3)], [{ name: hostile, values: [{ value: 1 }] }], {
    title: hostile,
    valueTitle: hostile,
    caption: hostile,
    line: { value: 1, label: hostile },
  }));
});

Deno.test("bars that cannot be drawn are refused", () => {
  const one = [{ name: "b", values: [{ value: 1 }] }];
  assertThrows(() => bars([], one, options), InputError, "0 categories");
  assertThrows(() => bars(["a"], [], options), InputError, "0 series");
  assertThrows(() => bars(["a", "a"], one, options), InputError, "occurs twice");
  assertThrows(() => bars(["a", "b"], one, options), InputError, "1 values for 2 categories");
  assertThrows(
    () => bars(["a"], [{ name: "b", values: [{ value: NaN }] }], options),
    InputError,
    "NaN",
  );
});
