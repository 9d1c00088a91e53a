import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { pareto, paretoFrontier } from "../../lib/figures/pareto.ts";
import type { ScatterTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const options = { title: "Trade-off", costTitle: "time (ms)", qualityTitle: "accuracy" };

Deno.test("the frontier is exactly what nothing else beats", () => {
  const coordinate = fc.integer({ min: 0, max: 6 });
  fc.assert(fc.property(
    fc.array(fc.record({ cost: coordinate, quality: coordinate })),
    (points) => {
      const beaten = (i: number): boolean =>
        points.some((other) =>
          other.cost <= points[i].cost && other.quality >= points[i].quality &&
          (other.cost < points[i].cost || other.quality > points[i].quality)
        );
      const expected = points.map((_, i) => i).filter((i) => !beaten(i));
      const found = paretoFrontier(points);
      assertEquals([...found].sort((a, b) => a - b), expected);
      for (let i = 1; i < found.length; i++) {
        assert(points[found[i]].cost >= points[found[i - 1]].cost);
      }
    },
  ));
});

Deno.test("dominated points are faint and unnamed, the frontier is a step line", () => {
  const figure = pareto([
    { name: "dense", cost: { value: 900 }, quality: { value: 0.97, low: 0.9, high: 1 } },
    { name: "5% full", cost: { value: 400 }, quality: { value: 0.96 }, group: "core" },
    { name: "random", cost: { value: 500 }, quality: { value: 0.2 }, group: "core" },
  ], { ...options, percent: true });
  assertSound(figure);
  const [line, runs, best, beaten] = figure.data as ScatterTrace[];
  assertEquals([line.x, line.y, line.line?.shape], [[400, 900], [96, 97], "hv"]);
  assertEquals([best.text, beaten.text], [["5% full"], [""]]);
  assert(best.marker?.color !== beaten.marker?.color);
  assertEquals([best.showlegend, beaten.showlegend], [true, false]);
  assertEquals(runs.customdata, [
    "<b>dense</b><br>time (ms): 900<br>accuracy: 97% [90%, 100%]",
  ]);
  assert(figure.toText().includes("frontier: 5% full (400, 0.96); dense (900, 0.97)"));
});

Deno.test("one point and hostile names are drawn, nothing is refused", () => {
  const point = { name: hostile, cost: { value: 1 }, quality: { value: 0 }, group: hostile };
  assertSound(pareto([point], { title: hostile, costTitle: hostile, qualityTitle: hostile }));
  assertThrows(() => pareto([], options), InputError, "0 points");
  assertThrows(
    () => pareto([{ ...point, cost: { value: NaN } }], options),
    InputError,
    "value 0 of costs is NaN",
  );
});
