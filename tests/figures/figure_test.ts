import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { jupyterDisplay, makeFigure } from "../../lib/figures/figure.ts";
import { assertSound, hostile } from "./helpers.ts";

/** A figure of one line. */
function lineFigure(y: number[], title = "A line", caption = "n = 3 samples."): ReturnType<
  typeof makeFigure
> {
  return makeFigure({
    title,
    caption,
    data: [{ type: "scatter", mode: "lines", x: [0, 1], y, line: { color: "#000000" } }],
    axes: { xaxis: { range: [0, 1] }, yaxis: { range: [0, 1] } },
    width: 400,
    plotHeight: 200,
    space: { left: 50, right: 10, bottom: 40 },
    summary: ["two points"],
  });
}

Deno.test("a figure shows itself to Jupyter as plotly, HTML and text", () => {
  const figure = lineFigure([0, 1]);
  assertSound(figure);
  const bundle = figure[jupyterDisplay]();
  assertEquals(Object.keys(bundle), [
    "application/vnd.plotly.v1+json",
    "text/html",
    "text/plain",
  ]);
  assertEquals(bundle["text/plain"], "A line\ntwo points\nn = 3 samples.");
  assert(Symbol.for("Jupyter.display") in figure);
});

Deno.test("axes move to the places where plotly looks for them", () => {
  const { layout } = lineFigure([0, 1]).toSpec();
  assertEquals((layout.yaxis as { range: number[] }).range, [0, 1]);
  assertEquals("axes" in layout, false);
});

Deno.test("a missing number is an error that says where it is", () => {
  assertThrows(() => lineFigure([0, NaN]), InputError, "data[0].y[1] is NaN");
  assertThrows(() => lineFigure([0, Infinity]), InputError, "data[0].y[1] is Infinity");
});

Deno.test("titles and captions are escaped, wrapped, and given room", () => {
  const plain = lineFigure([0, 1]);
  const long = lineFigure([0, 1], `${hostile} `.repeat(4), "A long caption. ".repeat(20));
  assertSound(long);
  assert(long.layout.margin.t > plain.layout.margin.t);
  assert(long.layout.margin.b > plain.layout.margin.b + 40);
  const added = long.layout.margin.t + long.layout.margin.b - plain.layout.margin.t -
    plain.layout.margin.b;
  assertEquals(long.layout.height - plain.layout.height, added);
});

Deno.test("no button sends the data elsewhere", () => {
  const { config } = lineFigure([0, 1]).toSpec();
  assert((config.modeBarButtonsToRemove as string[]).includes("sendChartToCloud"));
});
