import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { matrixMap } from "../../lib/figures/matrix_map.ts";
import type { HeatmapTrace } from "../../lib/figures/spec.ts";
import { agreementTable } from "../../lib/stats/stability.ts";
import { assertSound, hostile } from "./helpers.ts";

const options = { title: "Agreement", quantity: "Kendall's tau" };

Deno.test("cells show their values, the first row on top", () => {
  const figure = matrixMap(["a", "b"], [[1, 0.625], [0.5, 1]], options);
  assertSound(figure);
  const [map] = figure.data as HeatmapTrace[];
  assertEquals(map.text, [["1.00", "0.63"], ["0.50", "1.00"]]);
  assertEquals(map.customdata?.[0][1], "<b>a</b> and <b>b</b><br>Kendall's tau: 0.63");
  assertEquals(figure.layout.axes.yaxis.range, [1.5, -0.5]);
  assertEquals([map.zmin, map.zmax], [0, 1]);
});

Deno.test("undefined agreements are empty cells, negative ones take two colours", () => {
  const { names, tables } = agreementTable({ up: [1, 2, 3], down: [3, 2, 1], flat: [1, 1, 1] });
  const figure = matrixMap(names, tables.kendall, options);
  assertSound(figure);
  const [map] = figure.data as HeatmapTrace[];
  assertEquals(map.z[0].slice(1), [-1, null]);
  assertEquals(map.text?.[0].slice(1), ["−1.00", "–"]);
  assertEquals([map.zmin, map.zmax], [-1, 1]);
});

Deno.test("tables of other shapes and hostile names are drawn", () => {
  assertSound(matrixMap([hostile], [[1, 2, 3]], {
    title: hostile,
    quantity: hostile,
    columns: ["x", "y", hostile],
    range: [0, 3],
    decimals: 0,
  }));
});

Deno.test("names of columns take up to three lines, with room below for them", () => {
  const names = ["ram", "last-token", "context-argmax-hit", "one two three four five six seven"];
  const table = (columns: string[]) =>
    matrixMap(["a"], [columns.map(() => 1)], { ...options, columns });
  const wide = table([...names, "e", "f", "g", "h", "i"]); // narrow cells: 8 characters
  assertSound(wide);
  assertEquals(wide.layout.axes.xaxis.ticktext?.slice(0, 4), [
    "ram",
    "last-<br>token",
    "context-<br>argmax-<br>hit",
    "one two<br>three<br>four fi…",
  ]);
  const rules = table([...names.slice(0, 3), "spatial-entropy", ..."efghij"]);
  assertEquals(rules.layout.axes.xaxis.ticktext?.[3], "spatial-<br>entropy"); // cells grow for it
  const room = ({ layout }: { layout: typeof wide.layout }) => layout.margin.b;
  assertEquals(room(wide) - room(table(["a", "b"])), 32);
});

Deno.test("tables that cannot be drawn are refused", () => {
  assertThrows(() => matrixMap([], [], options), InputError, "0 rows");
  assertThrows(() => matrixMap(["a", "a"], [[1, 1], [1, 1]], options), InputError, "occurs twice");
  assertThrows(() => matrixMap(["a"], [[1, 2]], options), InputError, "2 values for 1 columns");
  assertThrows(() => matrixMap(["a"], [[Infinity]], options), InputError, "one infinite");
  assertThrows(() => matrixMap(["a", "b"], [[1, 1]], options), InputError, "1 rows for 2 names");
});
