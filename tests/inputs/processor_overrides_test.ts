import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { questionMessages } from "../../lib/inputs/messages.ts";
import type { ProcessorOverrides } from "../../lib/inputs/processor_overrides.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";

const processorOf = (family: string, overrides: ProcessorOverrides) =>
  loadProcessorOf(`tests/golden/${family}`, new CheckpointRules(), overrides);

const picture = (width: number, height: number) => ({
  width,
  height,
  data: new Uint8Array(width * height * 3),
});

Deno.test("overrides: pixels of images, as from_pretrained(…, max_pixels=…)", async () => {
  const asked = questionMessages({ images: [picture(320, 160)], question: "?" });
  const tokens = async (overrides: ProcessorOverrides) => {
    const { grids } = await (await processorOf("qwen3_vl", overrides)).prepare(asked);
    return [grids[0].rows, grids[0].columns];
  };
  // tokens are 32 x 32 pixels: smart_resize(160, 320, 32, 4096, 15360) and so on
  assertEquals(await tokens({}), [2, 5]);
  assertEquals(await tokens({ maxPixels: 6144 }), [1, 3]);
  assertEquals(await tokens({ minPixels: 51_200, maxPixels: 60_000 }), [5, 10]);
  assertEquals((await processorOf("qwen3_vl", { maxPixels: 6144 })).overrides, { maxPixels: 6144 });
});

Deno.test("overrides: pixels of videos where transformers' video processor knows them", async () => {
  const frames = Array.from({ length: 4 }, () => picture(160, 160));
  const asked = questionMessages({ video: { frames, fps: 2 }, question: "?" });
  const side = async (family: string, overrides: ProcessorOverrides) =>
    (await (await processorOf(family, overrides)).prepare(asked)).grids[0].rows;
  const small = { minPixels: 784, maxPixels: 3136 };
  assertEquals(await side("qwen2_5_vl", small), 2);
  assertEquals(await side("qwen3_vl", small), await side("qwen3_vl", {}));
});

Deno.test("overrides: frames of videos", async () => {
  const frames = Array.from({ length: 16 }, () => picture(64, 64));
  const asked = questionMessages({ video: { frames, fps: 4 }, question: "?" });
  const seen = async (overrides: ProcessorOverrides) => {
    const { grids } = await (await processorOf("qwen3_vl", overrides)).prepare(asked);
    return [...new Set(grids.flatMap((grid) => grid.frames))];
  };
  assertEquals(await seen({ numFrames: 4 }), [0, 5, 10, 15]);
  assertEquals(await seen({ fps: 1 }), [0, 5, 10, 15]);
  assert((await seen({})).length > 4);
});

Deno.test("overrides that mean nothing or are impossible are refused", async () => {
  const wrong = async (family: string, overrides: ProcessorOverrides, message: string) =>
    void await assertRejects(() => processorOf(family, overrides), InputError, message);
  await wrong("llava", { maxPixels: 50_000 }, "takes images at sizes of its own");
  await wrong("llava", { fps: 1 }, "takes no videos");
  await wrong("qwen3_vl", { maxPixels: 0 }, "wanted a whole number above 0");
  await wrong("qwen3_vl", { minPixels: 9, maxPixels: 8 }, "above maxPixels 8");
  await wrong("qwen3_vl", { fps: 1, numFrames: 2 }, "choose one");
  await wrong(
    "qwen3_vl",
    { max_pixels: 8 } as ProcessorOverrides,
    "there are minPixels, maxPixels",
  );
});
