import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { attentionOverlay } from "../../lib/figures/attention_overlay.ts";
import type { HeatmapTrace } from "../../lib/figures/spec.ts";
import { assertSound, hostile, plainImage } from "./helpers.ts";

const panel = {
  image: plainImage(8, 4),
  grids: [{ rows: 1, columns: 2, values: [0.1, 0.6] }],
  title: "L3H1",
};

Deno.test("tokens lie on the image they describe, evidence is outlined in its pixels", () => {
  const figure = attentionOverlay([{ ...panel, boxes: [[4, 0, 8, 4]] }], { caption: "n = 1." });
  assertSound(figure);
  const [map] = figure.data as HeatmapTrace[];
  assertEquals([map.x, map.y, map.z], [[0, 4, 8], [0, 4], [[0.1, 0.6]]]);
  assertEquals(map.text?.[0][1], "row 0, column 1<br>attention (share of the row): 0.6");
  const { axes, images, shapes } = figure.layout;
  assertEquals([axes.xaxis.range, axes.yaxis.range], [[0, 8], [4, 0]]); // rows downwards
  assertEquals([images[0].x, images[0].y, images[0].sizex, images[0].sizey], [0, 0, 8, 4]);
  assertEquals([shapes[1].x0, shapes[1].y0, shapes[1].x1, shapes[1].y1], [4, 0, 8, 4]);
  assert(figure.caption.startsWith("Blue outline: evidence."));
});

Deno.test("images keep their proportions and do not overlap", () => {
  const sizes = [[8, 4], [4, 8], [5, 5], [20, 3]];
  const figure = attentionOverlay(
    sizes.map(([width, height]) => ({ ...panel, image: plainImage(width, height) })),
    { columns: 3 },
  );
  assertSound(figure);
  const { width, height, margin, axes } = figure.layout;
  const areas = sizes.map(([w, h], i) => {
    const suffix = i === 0 ? "" : String(i + 1);
    const [x0, x1] = axes[`xaxis${suffix}`].domain ?? [0, 1];
    const [y0, y1] = axes[`yaxis${suffix}`].domain ?? [0, 1];
    const across = (x1 - x0) * (width - margin.l - margin.r);
    const down = (y1 - y0) * (height - margin.t - margin.b);
    assertAlmostEquals(across / down, w / h, 0.02 * w / h);
    return { x0, x1, y0, y1 };
  });
  for (let i = 0; i < areas.length; i++) {
    for (let j = 0; j < i; j++) {
      const [a, b] = [areas[i], areas[j]];
      assert(a.x0 >= b.x1 || b.x0 >= a.x1 || a.y0 >= b.y1 || b.y0 >= a.y1, `${i} and ${j}`);
    }
  }
});

Deno.test("one scale for all images, or each image its own", () => {
  const weak = { ...panel, grids: [{ rows: 1, columns: 1, values: [0.01] }] };
  const limits = (scale: "shared" | "panel"): number[] =>
    (attentionOverlay([panel, weak], { scale }).data as HeatmapTrace[]).map(({ zmax }) => zmax);
  assertEquals(limits("shared"), [0.6, 0.6]);
  assertEquals(limits("panel"), [0.6, 0.01]);
  const own = attentionOverlay([panel, weak], { scale: "panel" });
  assertSound(own);
  assertEquals(own.layout.annotations.map(({ text }) => text), [
    "L3H1, largest 0.6",
    "L3H1, largest 0.01",
  ]);
});

Deno.test("tiles cover their part of the image", () => {
  const figure = attentionOverlay([{
    image: plainImage(8, 4),
    grids: [
      { rows: 1, columns: 1, values: [0.2], box: [0, 0, 4, 4] },
      { rows: 2, columns: 1, values: [0.1, 0], box: [4, 0, 8, 4] },
    ],
  }]);
  assertSound(figure);
  const [left, right] = figure.data as HeatmapTrace[];
  assertEquals([left.x, right.x, right.y], [[0, 4], [4, 8], [0, 2, 4]]);
  assertEquals(figure.data.filter((trace) => (trace as HeatmapTrace).showscale).length, 1);
});

Deno.test("an image without attention, all zero, and hostile titles are drawn", () => {
  assertSound(attentionOverlay([{ image: plainImage(3, 3), grids: [] }, panel]));
  assertSound(attentionOverlay([{ ...panel, grids: [{ rows: 1, columns: 1, values: [0] }] }]));
  assertSound(attentionOverlay([{ ...panel, title: hostile }], {
    title: hostile,
    quantity: hostile,
    caption: hostile,
  }));
});

Deno.test("what cannot be drawn is refused", () => {
  const grid = { rows: 1, columns: 2 };
  const draw = (values: number[]) => () =>
    attentionOverlay([{ ...panel, grids: [{ ...grid, values }] }]);
  assertThrows(() => attentionOverlay([]), InputError, "0 images");
  assertThrows(draw([1]), InputError, "1 values, wanted 2");
  assertThrows(draw([1, NaN]), InputError, "value 1 of the grid is NaN");
  assertThrows(draw([1, -1]), InputError, "wanted 0 or more");
  assertThrows(
    () => attentionOverlay([{ ...panel, boxes: [[8, 0, 9, 4]] }]),
    InputError,
    "box [8, 0, 9, 4] on image 0 of 8 x 4 pixels",
  );
  assertThrows(
    () => attentionOverlay([{ ...panel, grids: [{ rows: 0, columns: 1, values: [] }] }]),
    InputError,
    "0 x 1 tokens",
  );
});

Deno.test("the colour bar stands beside the images, also where they are narrow", () => {
  const panel = {
    image: { width: 2, height: 4, data: new Uint8Array(24) },
    grids: [
      { rows: 1, columns: 1, values: [0.5] },
    ],
  };
  for (const count of [1, 3]) {
    const { data, layout } = attentionOverlay(Array(count).fill(panel), { width: 800 });
    const bar = (data[0] as HeatmapTrace).colorbar!.x;
    const ends = Object.entries(layout.axes).filter(([name]) => name.startsWith("xaxis"))
      .map(([, axis]) => axis.domain![1]);
    const distance = bar - Math.max(...ends);
    assert(distance >= 0 && distance < 0.02, `${distance} of the width away`);
  }
});
