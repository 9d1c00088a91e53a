import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { curves } from "../../lib/figures/curves.ts";
import { legendPlaces } from "../../lib/figures/svg_legend.ts";

Deno.test("entries never overlap and stay on the plot when they can", () => {
  fc.assert(fc.property(
    fc.array(fc.string({ minLength: 1, maxLength: 30 }), { minLength: 1, maxLength: 12 }),
    fc.integer({ min: 300, max: 900 }),
    (names, width) => {
      const places = legendPlaces(names, width);
      places.forEach(({ x, row }, i) => {
        const end = x + 46 + 6.4 * names[i].length;
        assert(end <= width + 1e-9);
        const next = places[i + 1];
        if (next?.row === row) assert(next.x >= end - 1e-9);
      });
    },
  ));
  assertEquals(legendPlaces([], 500), []);
});

Deno.test("room is kept for every row of a long legend", () => {
  const chart = (count: number): number => {
    const series = Array.from({ length: count }, (_, i) => ({
      name: `a rather long name of series ${i}`,
      x: [0, 1],
      y: [i, i + 1],
    }));
    return curves(series, { title: "t", xTitle: "x", yTitle: "y" }).layout.margin.t;
  };
  assertEquals(chart(8) - chart(2), 60); // two entries fit in a row
  assertEquals(chart(1), chart(2) - 24); // a single series needs no legend
});
