import { assert, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import type { Figure } from "../../lib/figures/figure.ts";
import { steeringCurves, type SteeringRow } from "../../lib/figures/steering_curves.ts";

const row = (condition: string, bias: number, followed: number, draws = 1): SteeringRow => ({
  condition,
  bias,
  draws,
  samples: 20,
  followed,
  followedCi95: [followed / 2, followed],
  stayed: 1 - followed,
  stayedCi95: [0, 1 - followed],
});

Deno.test("one line per condition, from the unsteered model on, by bias", () => {
  const rows = [
    row("none", 0, 0.1),
    row("core", 8, 0.9),
    row("core", -4, 0),
    row("random", 8, 0.2, 9),
  ];
  const holds = (figure: Figure, name: string, x: number[], y: number[]) =>
    figure.data.some((trace) =>
      trace.name === name && JSON.stringify([trace.x, trace.y]) === JSON.stringify([x, y])
    );
  const figure = steeringCurves(rows);
  assert(holds(figure, "core", [-4, 0, 8], [0, 10, 90]));
  assert(holds(figure, "random", [0, 8], [10, 20]));
  assert(holds(steeringCurves(rows, { show: "own" }), "random", [0, 8], [90, 80]));
});

Deno.test("without steered heads there is nothing to draw", () => {
  assertThrows(() => steeringCurves([row("none", 0, 0)]), InputError, "rows of steered heads");
});
