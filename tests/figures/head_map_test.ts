import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { headMap, tickPlaces } from "../../lib/figures/head_map.ts";
import type { BarTrace, HeatmapTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile } from "./helpers.ts";

const record = {
  shape: [2, 3] as const,
  values: new Float32Array([0.5, 0.25, 0, 0.125, 0.0625, 0.0625]),
  low: [0.4, 0.2, 0, 0.1, 0, 0],
  high: [0.6, 0.3, 0.1, 0.2, 0.1, 0.1],
  membership: [1, 0.5, 0, 0.2, 0, 0],
  samples: 40,
};

Deno.test("cells hold the values by layer and head, hover tells all that is known", () => {
  const figure = headMap(record, { title: "RAM", membershipLabel: "top 5%" });
  assertSound(figure);
  const [map] = figure.data as [HeatmapTrace];
  assertEquals(map.z, [[0.5, 0.25, 0], [0.125, 0.0625, 0.0625]]);
  assertEquals(
    map.text?.[0][1],
    "<b>L0H1</b><br>RAM (share of attention): 0.25 [0.2, 0.3]<br>top 5% in 50% of resamples",
  );
  assertEquals([map.zmin, map.zmax], [0, 0.5]);
  assert(figure.caption.includes("n = 40 samples; 95% intervals on hover."));
  assert(figure.toText().includes("top: L0H0 0.5 [0.4, 0.6], L0H1"));
});

Deno.test("chosen heads are outlined around their cells", () => {
  const figure = headMap(record, { chosen: [{ layer: 1, head: 2 }], chosenLabel: "top heads" });
  assertSound(figure);
  const [shape] = figure.layout.shapes;
  assertEquals([shape.x0, shape.x1, shape.y0, shape.y1], [1.5, 2.5, 0.5, 1.5]);
  assert(figure.caption.includes("Outlined: top heads (1 of 6)."));
});

Deno.test("the depth profile holds each layer's share of the total", () => {
  const profile = headMap(record).data[1] as BarTrace;
  assertAlmostEquals(Number(profile.x[0]), 75, 1e-6);
  assertAlmostEquals(Number(profile.x[1]), 25, 1e-6);
  assertEquals(headMap(record, { depthProfile: false }).data.length, 1);
});

Deno.test("negative effects take a scale that is symmetric around zero, without a profile", () => {
  const figure = headMap({ shape: [1, 2], values: [-0.4, 0.1] });
  assertSound(figure);
  const [map] = figure.data as [HeatmapTrace];
  assertEquals([map.zmin, map.zmax], [-0.4, 0.4]);
  assertEquals(figure.data.length, 1);
  const [fixed] = headMap({ shape: [1, 2], values: [0, 0.1] }, { limit: 1 }).data;
  assertEquals((fixed as HeatmapTrace).zmax, 1);
});

Deno.test("degenerate maps are drawn: one head, all zero, many layers", () => {
  assertSound(headMap({ shape: [1, 1], values: [0.3] }));
  assertSound(headMap({ shape: [3, 2], values: [0, 0, 0, 0, 0, 0] }));
  assertSound(headMap({ shape: [80, 64], values: new Float64Array(80 * 64).fill(0.01) }));
});

Deno.test("hostile names are shown as they are", () => {
  assertSound(headMap(record, {
    title: hostile,
    quantity: hostile,
    caption: hostile,
    membershipLabel: hostile,
    chosen: [{ layer: 0, head: 0 }],
    chosenLabel: hostile,
  }));
});

Deno.test("maps that cannot be drawn are refused", () => {
  assertThrows(() => headMap({ shape: [0, 3], values: [] }), InputError, "0 layers");
  assertThrows(() => headMap({ shape: [1, 2], values: [1, NaN] }), InputError, "value 1 of values");
  assertThrows(() => headMap({ ...record, low: [0] }), InputError, "low has 1 values, wanted 6");
  assertThrows(
    () => headMap(record, { chosen: [{ layer: 5, head: 0 }] }),
    InputError,
    "layers are 0 to 1",
  );
});

Deno.test("ticks start at 0 and are not crowded", () => {
  assertEquals(tickPlaces(4, 10), [0, 1, 2, 3]);
  assertEquals(tickPlaces(36, 20), [
    0,
    2,
    4,
    6,
    8,
    10,
    12,
    14,
    16,
    18,
    20,
    22,
    24,
    26,
    28,
    30,
    32,
    34,
  ]);
  for (const count of [1, 7, 64, 500]) assert(tickPlaces(count, 20).length <= 20);
});

Deno.test("records and options of a wrong form are told, for cells without types", () => {
  const told = (record: unknown, options?: unknown) =>
    assertThrows(() => headMap(record as typeof record & never, options as never), InputError)
      .message;
  assert(told({ value: [1] }).includes("from an object with value: wanted { shape"));
  assert(told(Promise.resolve(record)).includes("from a Promise (await it first)"));
  assert(told(undefined).includes("from undefined"));
  assert(told(record, { colours: "diverging" }).includes('there is no option "colours"'));
});
