import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { mergeOrder, tileSide } from "../../lib/model/image_tower.ts";
import { goldenCase, goldenModel } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

Deno.test("merge blocks hold every patch once, those of a block next to each other", () => {
  fc.assert(fc.property(
    fc.integer({ min: 1, max: 4 }),
    fc.integer({ min: 1, max: 5 }),
    (merge, blocks) => {
      const side = merge * blocks;
      const order = mergeOrder(side, merge);
      assertEquals([...order].sort((a, b) => a - b), [...Array(side * side).keys()]);
      order.forEach((patch, i) => {
        const block = Math.floor(i / (merge * merge));
        const row = Math.floor(Math.floor(patch / side) / merge);
        assertEquals(row * blocks + Math.floor(patch % side / merge), block);
      });
    },
  ));
});

Deno.test("more tiles than are encoded at a time give the same rows as hooks see at once", async () => {
  const model = await goldenModel("internvl");
  try {
    const { kernels: k } = model;
    const { inputs } = await goldenCase("internvl", "image");
    const { data, shape } = inputs.media["pixel_values"];
    const copies = Math.ceil(20 / shape[0]);
    const many = new Float32Array(copies * data.length);
    for (let i = 0; i < copies; i++) many.set(data, i * data.length);
    const media = {
      pixel_values: { data: many, shape: [copies * shape[0], ...shape.slice(1)] },
    };
    const inSteps = model.vision!.encodeMedia(media).images!.features;
    const hooks = model.runHooks({ "vision.merged": () => {} });
    const atOnce = model.vision!.encodeMedia(media, hooks).images!.features;
    const rows = copies * shape[0] * tileSide(model.config.imageTower!) ** 2;
    assertEquals(inSteps.shape, [rows, model.config.text.hiddenSize]);
    assertNear(k.readSync(inSteps), k.readSync(atOnce), 1e-5);
    assertEquals([...hooks!.fireCounts.values()], [1]);
    k.dispose(inSteps, atOnce);
  } finally {
    model.dispose();
  }
});

Deno.test("tiles of another size than the model's are an error that says which it wants", async () => {
  const model = await goldenModel("llava");
  try {
    const pixels = { data: new Float32Array(3 * 28 * 28), shape: [1, 3, 28, 28] };
    assertThrows(
      () => model.vision!.encodeMedia({ pixel_values: pixels }),
      Error,
      "must be 3, 56, 56",
    );
  } finally {
    model.dispose();
  }
});
