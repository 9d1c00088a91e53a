import { assert, assertEquals } from "@std/assert";
import { bars } from "../../lib/figures/bars.ts";
import { markerPath } from "../../lib/figures/svg_marks.ts";

Deno.test("marker shapes differ and stay near their size", () => {
  const symbols = ["circle", "square", "diamond", "triangle-up", "cross", "x"] as const;
  const paths = symbols.map((symbol) => markerPath(symbol, 5));
  assertEquals(new Set(paths).size, symbols.length);
  for (const path of paths) {
    for (const number of path.match(/-?[\d.]+/g) ?? []) assert(Math.abs(Number(number)) <= 10);
  }
});

Deno.test("bars of several series stand side by side, the first on top, from zero", () => {
  const svg = bars(["a", "b"], [
    { name: "core", values: [{ value: 2 }, { value: -1 }] },
    { name: "random", values: [{ value: 1 }, { value: 1 }] },
  ], { title: "t", valueTitle: "v" }).toSvg();
  const rects = [...svg.matchAll(
    /<g clip[^>]*>((?:<rect [^>]*>)+)/g,
  )].flatMap(([, group]) =>
    [...group.matchAll(/x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"/g)]
      .map((match) => match.slice(1).map(Number))
  );
  const [[x1, coreA, w1, h1], [x2, coreB, w2], [x3, randomA, w3]] = rects;
  assert(coreA < randomA && randomA < coreB, "series within a category, categories downwards");
  assert(coreA + h1 <= randomA + 0.02);
  assertEquals(Math.round(w1), Math.round(2 * w3));
  assert(Math.abs(x1 - x3) < 0.02 && Math.abs(x2 + w2 - x1) < 0.02, "all from zero");
});
