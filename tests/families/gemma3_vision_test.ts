/**
 * Gemma 3 with images: what transformers computes, and that every path through attention lets the tokens
 * of an image see one another both ways.
 */
import { assert, assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { intervene } from "../../lib/causal/intervene.ts";
import { interventions } from "../../lib/causal/interventions/registry.ts";
import { allHeads, type HeadId } from "../../lib/common/head_id.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import type { Hook } from "../../lib/hooks/hook_point.ts";
import { hybridAttention } from "../../lib/sparse/attention.ts";
import { patterns } from "../../lib/sparse/patterns/registry.ts";
import { hybridPlan } from "../../lib/sparse/plan.ts";
import { familySuite } from "../suites/family_suite.ts";
import {
  goldenCase,
  goldenDir,
  goldenModel,
  relativeError,
  testKernels,
} from "../suites/golden.ts";
import { assertDiffers, assertNear } from "../suites/near.ts";

familySuite("gemma3");

const soft = 703; // <image_soft_token>

Deno.test("gemma3: pan and scan gives transformers' crops, tokens and logits", async () => {
  const folder = await Deno.makeTempDir();
  for await (const { name, isFile } of Deno.readDir(goldenDir("gemma3"))) {
    if (isFile) await Deno.copyFile(`${goldenDir("gemma3")}/${name}`, `${folder}/${name}`);
  }
  const path = `${folder}/preprocessor_config.json`;
  const settings = JSON.parse(await Deno.readTextFile(path));
  await Deno.writeTextFile(path, JSON.stringify({ ...settings, do_pan_and_scan: true }));
  const golden = await goldenCase("gemma3", "image_wide");
  const mediaDir = `${goldenDir("gemma3")}/expected`;
  using model = await fromPretrained(folder, { dtype: "float32" });
  const prompt = await model.prepare(golden.json.messages as never, { mediaDir });
  assertEquals([...prompt.inputIds], golden.json.input_ids);
  assertEquals(prompt.positionIds, golden.inputs.positionIds);
  assertEquals(prompt.media.pixel_values.shape, [3, 3, 84, 84]);
  assertEquals(prompt.grids.map(({ region }) => region), [
    [0, 0, 640, 280],
    [0, 0, 320, 280],
    [320, 0, 640, 280],
  ]);
  const pixels = golden.inputs.media.pixel_values.data;
  const level = 2 / 255 * 1.001;
  prompt.media.pixel_values.data.forEach((x, i) => assert(Math.abs(x - pixels[i]) <= level));
  const { logits } = await model.forward(golden.inputs, { logits: "all" });
  assertNear(logits!.data, golden.tensor("logits").data, 2e-4);
  await Deno.remove(folder, { recursive: true });
});

Deno.test("gemma3: hooks, captured rows, hybrid attention and steering see images both ways", async () => {
  const model = await goldenModel("gemma3", await testKernels());
  const { inputs, tensor } = await goldenCase("gemma3", "image");
  const tokens = inputs.inputIds.length, wanted = tensor("logits").data;
  const { layers, heads } = model.grid;
  const image = [...inputs.inputIds.keys()].filter((t) => inputs.inputIds[t] === soft);
  // rows: within the image, at its end, behind it
  const rows = [image[1], image[2], image[8], image[8] + 2];
  const plan = hybridPlan(model.grid, allHeads(model.grid), patterns.local({ sink: 1, window: 2 }));
  for (const attention of [undefined, hybridAttention(plan)]) {
    const found = await model.forward(inputs, { attention, logits: "all" });
    assertNear(found.logits!.data, wanted, 2e-4);
    const names = ["blocks.5.attn.pattern", "blocks.1.attn.pattern"];
    const { captured } = await model.forward(inputs, { attention, capture: { names, rows } });
    const maps = tensor("attentions").data;
    for (const [name, layer] of [[names[0], 5], [names[1], 1]] as const) {
      const { data } = captured.get(name)![0];
      for (let head = 0; head < heads; head++) {
        rows.forEach((row, r) => {
          const from = ((layer * heads + head) * tokens + row) * tokens;
          const own = data.subarray((head * rows.length + r) * tokens).subarray(0, tokens);
          assert(relativeError(own, maps.subarray(from, from + tokens)) < 2e-4, `${name} ${row}`);
        });
      }
    }
  }
  // streaming heads are dense within an image: all but its queries follow the pattern
  const streaming = hybridAttention(
    hybridPlan(model.grid, [], patterns.local({ sink: 1, window: 2 })),
  );
  const fast = await model.forward(inputs, { attention: streaming, logits: "all" });
  const hooks = { "blocks.*.attn.pattern": () => {} };
  const masked = await model.forward(inputs, { attention: streaming, logits: "all", hooks });
  assertNear(fast.logits!.data, masked.logits!.data, 1e-5);
  assertDiffers(fast.logits!.data, wanted, 1e-3);
  // a steered head, and one that attends evenly, against hooks
  const chosen: HeadId[] = [{ layer: 0, head: 1 }, { layer: 5, head: 2 }];
  const hookOn = (change: (x: tf.Tensor) => tf.Tensor): Record<string, Hook> =>
    Object.fromEntries(chosen.map(({ layer, head }) => [
      `blocks.${layer}.attn.scores`,
      (scores: tf.Tensor) =>
        tf.concat(
          tf.split(scores, heads, 1).map((own, h) => h === head ? change(own) : own),
          1,
        ),
    ]));
  const bias = tf.tensor1d(Array.from({ length: tokens }, (_, t) => t === image[8] ? 4 : 0));
  const cases = [
    [interventions.steer([image[8]], 4), hookOn((x) => x.add(bias))],
    [
      interventions.uniform(),
      hookOn((x) => x.clipByValue(-1e29, 1).mul(0).add(tf.where(x.less(-1e20), -1e30, 0))),
    ],
  ] as const;
  for (const [intervention, hooks] of cases) {
    const attention = intervene(model, [[{ heads: chosen, intervention }]], inputs);
    const found = await model.forward(inputs, { attention, logits: "all" });
    const expected = await model.forward(inputs, { hooks, logits: "all" });
    assertNear(found.logits!.data, expected.logits!.data, 1e-5);
    assertDiffers(found.logits!.data, wanted, 1e-3);
  }
  assertEquals(layers, 6);
  model.dispose();
});

Deno.test("gemma3: the front door asks about an image", async () => {
  using model = await fromPretrained("tests/golden/gemma3", { dtype: "float32" });
  const image = "tests/golden/gemma3/expected/image_image0.png";
  const question = "What is in the picture?";
  const { prompt } = await model.ask({ images: [image], question }, { maxNewTokens: 2 });
  const { json } = await goldenCase("gemma3", "image");
  assertEquals([...prompt.inputIds], json.input_ids);
});
