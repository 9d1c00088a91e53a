import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { curves } from "../../lib/figures/curves.ts";
import type { ScatterTrace } from "../../lib/figures/spec.ts";
import { accent } from "../../lib/figures/theme.ts";
import { assertSound, hostile } from "./helpers.ts";

const options = { title: "Accuracy", xTitle: "heads removed (share)", yTitle: "accuracy" };
const core = { name: "core", x: [0, 0.05], y: [0.9, 0.4], low: [0.85, 0.3], high: [0.95, 0.5] };

Deno.test("a series is a band and a line in the condition's colour", () => {
  const figure = curves([core], options);
  assertSound(figure);
  const [band, line] = figure.data as ScatterTrace[];
  assertEquals(band.x, [0, 0.05, 0.05, 0]);
  assertEquals(band.y, [0.95, 0.5, 0.3, 0.85]);
  assertEquals([line.y, line.line?.color], [[0.9, 0.4], accent]);
  assertEquals(
    line.text?.[1],
    "<b>core</b><br>heads removed (share): 0.05<br>accuracy: 0.4 [0.3, 0.5]",
  );
});

Deno.test("series differ by colour, dash and marker", () => {
  const names = ["core", "random", "layer-matched", "bottom"];
  const figure = curves(names.map((name) => ({ name, x: [0, 1], y: [1, 2] })), options);
  assertSound(figure);
  const lines = figure.data as ScatterTrace[];
  assertEquals(new Set(lines.map(({ line }) => line?.color)).size, 4);
  assertEquals(new Set(lines.map(({ marker }) => marker?.symbol)).size, 4);
});

Deno.test("shares can be written in percent, the hover with them", () => {
  const figure = curves([core], {
    ...options,
    yPercent: true,
    xTicks: "percent",
    lines: [{ y: 0.9, label: "whole model" }],
  });
  assertSound(figure);
  const [, line] = figure.data as ScatterTrace[];
  assertEquals(line.y, [90, 40]);
  assertEquals(line.text?.[1].split("<br>")[2], "accuracy: 40% [30%, 50%]");
  assertEquals(figure.layout.axes.yaxis.ticksuffix, "%");
  assertEquals(figure.layout.shapes[0].y0, 90);
  assertEquals(figure.layout.axes.xaxis.ticktext, ["0%", "5%"]);
});

Deno.test("ticks at measured positions are thinned where their texts would touch", () => {
  const x = [0, 0.01, 0.02, 0.03, 0.5, 1];
  const figure = curves([{ name: "a", x, y: x }], { ...options, xTicks: "percent" });
  assertEquals(figure.layout.axes.xaxis.tickvals, [0, 0.5, 1]);
  const single = curves([{ name: "a", x: [2], y: [1] }], { ...options, xTicks: "number" });
  assertEquals(single.layout.axes.xaxis.tickvals, [2]);
});

Deno.test("logarithmic axes hold exponents as their range and in labels, values in shapes", () => {
  const figure = curves([{ name: "a", x: [100, 10000], y: [1, 4] }], {
    ...options,
    xScale: "log",
    yScale: "log",
    yRange: [0.1, 10],
    lines: [{ x: 1000, label: "break-even" }, { y: 2, label: "twice" }],
  });
  assertSound(figure);
  const { axes, shapes, annotations } = figure.layout;
  assert(axes.xaxis.range[0] < 2 && axes.xaxis.range[1] > 4);
  assertEquals(axes.yaxis.range, [-1, 1]);
  assertEquals([shapes[0].x0, shapes[1].y0], [1000, 2]);
  assertAlmostEquals(annotations[0].x, 3, 1e-12);
  assertAlmostEquals(annotations[1].y, Math.log10(2), 1e-12);
});

Deno.test("one point, many points, flat lines and hostile names are drawn", () => {
  assertSound(curves([{ name: "a", x: [1], y: [1], low: [0.5], high: [2] }], options));
  const x = Float64Array.from({ length: 500 }, (_, i) => i);
  const loss = curves([{ name: "loss", x, y: x.map((i) => 1 / (1 + i)) }], options);
  assertSound(loss);
  assertEquals((loss.data[0] as ScatterTrace).mode, "lines");
  assertSound(curves([{ name: "a", x: [1, 2], y: [0, 0] }], options));
  assertSound(curves([{ ...core, name: hostile }, core], {
    title: hostile,
    xTitle: hostile,
    yTitle: hostile,
    caption: hostile,
    lines: [{ y: 0.5, label: hostile }],
  }));
});

Deno.test("curves that cannot be drawn are refused", () => {
  assertThrows(() => curves([], options), InputError, "0 series");
  assertThrows(() => curves([{ name: "a", x: [], y: [] }], options), InputError, "0 points");
  assertThrows(() => curves([{ name: "a", x: [1], y: [1, 2] }], options), InputError, "wanted 1");
  assertThrows(() => curves([{ name: "a", x: [1], y: [NaN] }], options), InputError, "NaN");
  assertThrows(
    () => curves([{ name: "a", x: [1], y: [1], low: [0] }], options),
    InputError,
    "both low and high",
  );
  assertThrows(
    () => curves([{ name: "a", x: [0], y: [1] }], { ...options, xScale: "log" }),
    InputError,
    "above 0",
  );
  assertThrows(
    () => curves([core], { ...options, lines: [{ y: NaN, label: "" }] }),
    InputError,
    "reference lines",
  );
});
