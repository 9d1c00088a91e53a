import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { comparedMaps } from "../../lib/figures/compared_maps.ts";
import type { HeatmapTrace } from "../../lib/figures/spec.ts";
import { assertSound } from "./helpers.ts";

const first = { shape: [2, 2] as const, values: [0.5, 0.25, 0, 0.125] };
const second = { shape: [2, 2] as const, values: [0.25, 1, 0, 0.125] };

Deno.test("two maps share one scale, and the third is their difference around zero", () => {
  const figure = comparedMaps(first, second, { names: ["<a>", "b"], quantity: "RAM" });
  assertSound(figure);
  const [left, right, change] = figure.data as HeatmapTrace[];
  assertEquals([left.zmin, left.zmax, right.zmin, right.zmax], [0, 1, 0, 1]);
  assertEquals([left.showscale, right.showscale, change.showscale], [false, true, true]);
  assertEquals(change.z, [[-0.25, 0.75], [0, 0]]);
  assertEquals([change.zmin, change.zmax], [-0.75, 0.75]);
  assert(figure.toText().includes("L0H1 0.75, L0H0 −0.25"), figure.toText());
  assert(figure.toHtml().includes("&lt;a&gt;"));
});

Deno.test("signed maps are drawn around zero; equal ones, and maps of other sizes, are told", () => {
  const signed = comparedMaps(first, { ...second, values: [-2, 0, 0, 1] });
  assertEquals((signed.data[0] as HeatmapTrace).zmin, -2);
  assertSound(comparedMaps(first, first));
  assertThrows(
    () => comparedMaps(first, { shape: [1, 4], values: [1, 2, 3, 4] }),
    InputError,
    "2 x 2 and 1 x 4 heads: wanted the same sizes",
  );
});
