import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { scatter, type ScatterPoint } from "../../lib/figures/scatter.ts";
import type { ScatterTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const options = { title: "RAM and effect", xTitle: "RAM", yTitle: "drop (nats)" };
const points: ScatterPoint[] = [
  { name: "L0H1", x: { value: 0.6 }, y: { value: 0.4, low: 0.3, high: 0.6 }, group: "core" },
  { name: "L0H2", x: { value: 0.1, low: 0, high: 0.2 }, y: { value: -0.1 }, group: "other" },
  { name: "L1H0", x: { value: 0.2 }, y: { value: 0 }, group: "other" },
];

Deno.test("groups are traces, the smallest on top; hover names the point and its values", () => {
  const figure = scatter(points, { ...options, note: "tau 1" });
  assertSound(figure);
  const [other, core] = figure.data as ScatterTrace[];
  assertEquals([other.name, core.name], ["other", "core"]);
  assertEquals([other.x, other.y], [[0.1, 0.2], [-0.1, 0]]);
  assertEquals(other.error_x?.array, [0.1, 0]);
  assertEquals(core.customdata, ["<b>L0H1</b><br>RAM: 0.6<br>drop (nats): 0.4 [0.3, 0.6]"]);
  assertEquals(figure.layout.annotations[0].text, "tau 1");
  assertEquals(figure.layout.shapes.length, 1); // the line at zero
});

Deno.test("the diagonal runs where both axes have the value", () => {
  const figure = scatter(points, { ...options, zeroLine: false, diagonal: true });
  assertSound(figure);
  const [{ x0, x1, y0, y1 }] = figure.layout.shapes;
  assertEquals([x0, x1], [y0, y1]);
  const [xRange, yRange] = [figure.layout.axes.xaxis.range!, figure.layout.axes.yaxis.range!];
  assertEquals(x0, Math.max(Number(xRange[0]), Number(yRange[0])));
  assertEquals(x1, Math.min(Number(xRange[1]), Number(yRange[1])));
});

Deno.test("only labelled points carry their name", () => {
  const figure = scatter(points.map((point, i) => ({ ...point, labelled: i === 0 })), options);
  assertSound(figure);
  const [other, core] = figure.data as ScatterTrace[];
  assertEquals([other.mode, core.mode], ["markers", "markers+text"]);
  assertEquals(core.text, ["L0H1"]);
  assert(figure.toSvg().includes(">L0H1<"));
});

Deno.test("one point, many points, and hostile names are drawn", () => {
  assertSound(scatter([points[0]], options));
  const many = Array.from({ length: 400 }, (_, i) => ({
    name: `${i}`,
    x: { value: i },
    y: { value: i % 7 },
  }));
  assertSound(scatter(many, options));
  assertSound(scatter([{ ...points[0], name: hostile, group: hostile, labelled: true }], {
    title: hostile,
    xTitle: hostile,
    yTitle: hostile,
    note: hostile,
    caption: hostile,
  }));
});

Deno.test("plots that cannot be drawn are refused", () => {
  assertThrows(() => scatter([], options), InputError, "0 points");
  const bad = [{ ...points[0], y: { value: NaN } }];
  assertThrows(() => scatter(bad, options), InputError, "value 0 of y is NaN");
});
