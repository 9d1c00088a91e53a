import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { cutPatches } from "../../lib/model/image_encoder.ts";
import { goldenCase, goldenModel } from "../suites/golden.ts";
import { assertDiffers, assertNear } from "../suites/near.ts";

Deno.test("every pixel of a tile comes once, in the place that a convolution reads it", () => {
  const sizes = fc.record({
    tiles: fc.integer({ min: 1, max: 3 }),
    channels: fc.integer({ min: 1, max: 3 }),
    across: fc.integer({ min: 1, max: 4 }),
    patch: fc.integer({ min: 1, max: 4 }),
  });
  fc.assert(fc.property(sizes, ({ tiles, channels, across, patch }) => {
    const side = across * patch;
    const pixels = Float32Array.from(Array(tiles * channels * side * side).keys());
    const out = cutPatches(pixels, channels, side, patch);
    let at = 0;
    for (let tile = 0; tile < tiles; tile++) {
      for (let i = 0; i < across * across; i++) {
        for (let channel = 0; channel < channels; channel++) {
          for (let y = 0; y < patch; y++) {
            for (let x = 0; x < patch; x++, at++) {
              const row = Math.floor(i / across) * patch + y, column = i % across * patch + x;
              assertEquals(out[at], ((tile * channels + channel) * side + row) * side + column);
            }
          }
        }
      }
    }
    assertEquals(at, pixels.length);
  }));
});

Deno.test("pixels that make up no whole patch at the edge are left out", () => {
  const pixels = Float32Array.from(Array(9).keys()); // 3 by 3, patches of 2: one patch
  assertEquals([...cutPatches(pixels, 1, 3, 2)], [0, 1, 3, 4]);
});

Deno.test("layers after the features run only where a hook looks at them", async () => {
  const model = await goldenModel("llava"); // features are the output of the last layer but one
  const { depth, featureDepth } = model.config.imageTower!.encoder;
  assertEquals(featureDepth, depth - 1);
  const { inputs } = await goldenCase("llava", "image");
  const last = `vision.blocks.${depth - 1}.resid_post`;
  const seen = await model.forward(inputs, { capture: { names: [last] } });
  assertEquals(seen.captured.get(last)!.length, 1);
  const plain = await model.forward(inputs, {});
  assertNear(seen.logits!.data, plain.logits!.data, 1e-5);
  model.dispose();
});

Deno.test("hooks inside the encoder change what the decoder sees", async () => {
  const model = await goldenModel("internvl");
  const { inputs } = await goldenCase("internvl", "image");
  const plain = await model.forward(inputs);
  for (const point of ["attn.z", "attn.pattern", "mlp_out"]) {
    const changed = await model.forward(inputs, {
      hooks: { [`vision.blocks.1.${point}`]: (x) => x.mul(0) },
    });
    assertDiffers(changed.logits!.data, plain.logits!.data, 1e-4, point);
  }
  const seen = await model.forward(inputs, {
    capture: { names: ["vision.blocks.1.attn.pattern"] },
  });
  const { data, shape } = seen.captured.get("vision.blocks.1.attn.pattern")![0];
  const patches = shape[3];
  for (let row = 0; row < data.length; row += patches) {
    const sum = data.subarray(row, row + patches).reduce((a, b) => a + b, 0);
    assert(Math.abs(sum - 1) < 1e-5);
  }
  model.dispose();
});
