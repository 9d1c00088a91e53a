import { assert, assertEquals } from "@std/assert";
import { curves } from "../../lib/figures/curves.ts";
import { headMap } from "../../lib/figures/head_map.ts";
import { matrixMap } from "../../lib/figures/matrix_map.ts";
import { hostile } from "./helpers.ts";

/** Numbers of an attribute over all elements that match. */
function attribute(svg: string, element: RegExp, name: string): number[] {
  return [...svg.matchAll(element)].map(([tag]) =>
    Number(tag.match(new RegExp(` ${name}="(-?[\\d.]+)"`))?.[1])
  );
}

Deno.test("every cell of a heat map is drawn, in its place", () => {
  const svg = headMap(
    { shape: [2, 3], values: [0, 0.1, 0.2, 0.3, 0.4, 0.5] },
    { depthProfile: false },
  ).toSvg();
  const cells = /<rect [^>]*fill="rgba\([^"]*,1\)"[^>]*>/g;
  const bar = 64; // steps of the colour bar
  const x = attribute(svg, cells, "x").slice(0, -bar);
  const y = attribute(svg, cells, "y").slice(0, -bar);
  assertEquals(x.length, 6);
  assert(x[0] < x[1] && x[1] < x[2] && x[0] === x[3], "heads to the right");
  assert(y[0] > y[3] && y[0] === y[2], "layers upwards");
});

Deno.test("a reference line's label stands at its line, also on logarithmic axes", () => {
  for (const yScale of ["linear", "log"] as const) {
    const svg = curves([{ name: "a", x: [1, 10], y: [1, 100] }], {
      title: "t",
      xTitle: "x",
      yTitle: "y",
      xScale: "log",
      yScale,
      lines: [{ y: 30, label: "level" }, { x: 3, label: "break-even" }],
    }).toSvg();
    const dashed = /<line [^>]*stroke-dasharray[^>]*>/g;
    const [level, even] = [attribute(svg, dashed, "y1")[0], attribute(svg, dashed, "x1")[1]];
    const at = (label: string, name: string): number =>
      Number(
        svg.match(new RegExp(`<tspan x="([\\d.]+)" y="([\\d.]+)">${label}<`))
          ?.[name === "x" ? 1 : 2],
      );
    assert(Math.abs(at("level", "y") - level) < 6);
    assert(Math.abs(at("break-even", "x") - even) < 6);
  }
});

Deno.test("a band is one closed outline with both its edges", () => {
  const series = { name: "a", x: [0, 1, 2], y: [1, 2, 3], low: [0, 1, 2], high: [2, 3, 4] };
  const svg = curves([series], { title: "t", xTitle: "x", yTitle: "y" }).toSvg();
  const band = svg.match(/<path d="([^"]*)" fill="rgba/)?.[1] ?? "";
  assertEquals(band.split(/[ML]/).length - 1, 6);
});

Deno.test("texts are drawn as they are written", () => {
  const svg = matrixMap([hostile, "b"], [[1, 0.5], [0.5, NaN]], {
    title: hostile,
    quantity: "tau",
  }).toSvg();
  assert(svg.includes('&lt;script&gt;alert("x")&lt;/script&gt;'));
  assert(svg.includes(">0.50<") && svg.includes(">–<"));
});
