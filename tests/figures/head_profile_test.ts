import { assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { headProfileMap } from "../../lib/figures/head_profile.ts";
import type { HeatmapTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const heads = [
  { layer: 1, head: 2, kind: "retrieval", scores: { ram: 0.5, effect: -0.25 } },
  { layer: 0, head: 1, kind: "sink", scores: { ram: 0.1, effect: 2 } },
];
const columns = [{ score: "ram", title: "RAM" }, { score: "effect", title: "loss, nats" }];

Deno.test("each score has a scale of its own, set by the whole model's largest head", () => {
  const other = { layer: 0, head: 0, kind: "other", scores: { ram: 1, effect: 0 } };
  const figure = headProfileMap(heads, columns, { title: "Kinds" }, [...heads, other]);
  assertSound(figure);
  const [map] = figure.data as HeatmapTrace[];
  assertEquals(map.z, [[0.5, -0.125], [0.1, 1]]);
  assertEquals(map.text, [["0.50", "−0.25"], ["0.10", "2.00"]]);
  assertEquals([map.zmin, map.zmax], [-1, 1]);
  const [own] = headProfileMap(heads, columns, { title: "Kinds" }).data as HeatmapTrace[];
  assertEquals(own.z[0], [1, -0.125]);
});

Deno.test("a given full value clips, a score that is 0 everywhere stays pale, hostile names are drawn", () => {
  const rows = [{ layer: 0, head: 0, kind: hostile, scores: { [hostile]: 3, zero: 0 } }];
  const figure = headProfileMap(rows, [{ score: hostile, full: 2 }, { score: "zero" }], {
    title: hostile,
    caption: hostile,
  });
  assertSound(figure);
  assertEquals((figure.data as HeatmapTrace[])[0].z, [[1, 0]]);
});

Deno.test("profiles that cannot be drawn are refused", () => {
  assertThrows(() => headProfileMap([], columns, { title: "" }), InputError, "0 heads");
  assertThrows(() => headProfileMap(heads, [], { title: "" }), InputError, "0 scores");
  assertThrows(
    () => headProfileMap(heads, [{ score: "sink" }], { title: "" }),
    InputError,
    'L1H2 has no score "sink"',
  );
});
