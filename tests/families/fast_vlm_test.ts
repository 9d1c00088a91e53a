/**
 * FastVLM with EfficientNet-Lite and FastViT: what transformers and timm compute with the same weights.
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { loadModel } from "../../lib/families/load_weights.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { inspectModel } from "../../lib/families/resolve.ts";
import { openStreamed } from "../../lib/families/stream.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { createKernels } from "../../lib/backend/create_kernels.ts";
import { portableKernels } from "../../lib/backend/portable.ts";
import { corelens } from "../suites/command_line.ts";
import { familySuite } from "../suites/family_suite.ts";
import { formulaCheckpoint, uniform } from "../suites/formula_weights.ts";
import { goldenCase, goldenDir, hasBfloat16, modelIn, testKernels } from "../suites/golden.ts";
import { assertNear } from "../suites/near.ts";

let made: string | undefined;
/** The checkpoint, made once. */
const folder = async () => made ??= await formulaCheckpoint("fast_vlm");
globalThis.addEventListener("unload", () => {
  if (made) Deno.removeSync(made, { recursive: true });
});

const load = async (dir: string, kernels = testKernels()) => await modelIn(dir, await kernels);

familySuite("fast_vlm", async (kernels) => await load(await folder(), Promise.resolve(kernels)));

/** Keys of `vision_config` that go with a network. */
const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  fastvit_mci3: {
    hidden_size: 256,
    model_args: { inference_mode: true, layers: [1, 2, 1, 2, 1], embed_dims: [8, 16, 32, 64, 128] },
  },
};

Deno.test("fast_vlm: images of odd sizes, through every kind of network", async () => {
  const { tensors } = await readSafetensorsFile(
    `${goldenDir("fast_vlm")}/expected/odd_sizes.safetensors`,
  );
  const networks = ["tf_efficientnet_lite0", "efficientnet_lite0", "fastvit_mci3"];
  for (const architecture of networks) {
    const dir = architecture === networks[0]
      ? await folder()
      : await formulaCheckpoint("fast_vlm", { architecture, ...settings[architecture] });
    const model = await load(dir), k = model.kernels;
    const own = [...tensors].filter(([name]) => name.startsWith(`${architecture}.`));
    assertEquals(own.length, 2);
    for (const [name, wanted] of own) {
      const [height, width] = name.split(".").slice(1).map(Number);
      const data = Float32Array.from(uniform(3 * height * width, 999));
      const before = k.tensorCount();
      const { images } = model.vision!.encodeMedia({
        pixel_values: { data, shape: [1, 3, height, width] },
      });
      assertEquals(images!.features.shape, wanted.shape);
      assertNear(k.readSync(images!.features), wanted.data as Float32Array, 1e-4);
      k.dispose(images!.features);
      assertEquals(k.tensorCount(), before);
    }
    model.dispose();
    if (architecture !== networks[0]) await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("fast_vlm: prompts are those of transformers' processor, with a token for each place", async () => {
  using model = await fromPretrained(await folder(), { dtype: "float32" });
  for (const name of ["text", "image", "two_images"]) {
    const golden = await goldenCase("fast_vlm", name);
    const mediaDir = `${goldenDir("fast_vlm")}/expected`;
    const prompt = await model.prepare(golden.json.messages as never, { mediaDir });
    assertEquals([...prompt.inputIds], golden.json.input_ids);
    assertEquals(
      prompt.grids.map(({ rows, columns }) => [rows, columns]),
      Array(
        prompt.grids.length,
      ).fill([2, 2]),
    );
    if (name === "text") continue;
    const pixels = golden.inputs.media.pixel_values;
    assertEquals(prompt.media.pixel_values.shape, pixels.shape);
    prompt.media.pixel_values.data.forEach((x, i) => assert(Math.abs(x - pixels.data[i]) < 0.016));
  }
  const { grids } = await model.prepare(
    (await goldenCase("fast_vlm", "image")).json.messages as never,
    { mediaDir: `${goldenDir("fast_vlm")}/expected` },
  );
  // 97 x 61 pixels: the middle square of them
  assertEquals(grids[0].region.map(Math.round), [17, 0, 79, 61]);
});

Deno.test("fast_vlm: a larger crop than the files' patch size allows for has its own grid", async () => {
  const dir = await formulaCheckpoint("fast_vlm");
  const path = `${dir}/preprocessor_config.json`;
  const settings = JSON.parse(await Deno.readTextFile(path));
  const size = { crop_size: { height: 70, width: 97 }, size: { shortest_edge: 97 } };
  await Deno.writeTextFile(path, JSON.stringify({ ...settings, ...size }));
  using model = await fromPretrained(dir, { dtype: "float32" });
  const golden = await goldenCase("fast_vlm", "image");
  const mediaDir = `${goldenDir("fast_vlm")}/expected`;
  const prompt = await model.prepare(golden.json.messages as never, { mediaDir });
  assertEquals([prompt.grids[0].rows, prompt.grids[0].columns], [3, 4]);
  await model.forward(prompt);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("fast_vlm: a streamed model gives the same logits", async () => {
  using model = await openStreamed(await folder());
  const { inputs, tensor } = await goldenCase("fast_vlm", "image");
  const [{ logits }] = await model.forward([{ inputs, options: { logits: "all" } }]);
  assertNear(logits!.data, tensor("logits").data, 2e-4);
});

Deno.test("fast_vlm: what a large model keeps in two bytes gives the same, and is counted", async () => {
  const vision = { architecture: "fastvit_mci3", ...settings.fastvit_mci3 };
  const dir = await formulaCheckpoint("fast_vlm", vision, "BF16");
  const kernels = await testKernels(), shape = [1, 3, 65, 130];
  const data = Float32Array.from(uniform(3 * 65 * 130, 5));
  const found = [];
  for (const large of [false, true]) {
    const { family, config, source } = await openCheckpoint(dir);
    using _open = source;
    const model = await loadModel(kernels, family, config, source, undefined, null, large);
    const { features } = model.vision!.encodeMedia({ pixel_values: { data, shape } }).images!;
    found.push(Float32Array.from(kernels.readSync(features)));
    kernels.dispose(features);
    model.dispose();
  }
  assertNear(found[1], found[0], 1e-4);
  const { weights } = await inspectModel(dir);
  for (const { shape: [first, ...rest], kept, name } of weights!) {
    const numbers = rest.reduce((a, b) => a * b, first ?? 1);
    assertEquals(kept, { float32: 4 * numbers, bfloat16: 2 * numbers }, name);
  }
  await Deno.remove(dir, { recursive: true });
});

Deno.test("fast_vlm: forward of the command line captures what the tower has", async () => {
  const out = await Deno.makeTempFile({ suffix: ".safetensors" });
  const messages = `${goldenDir("fast_vlm")}/expected/image.json`;
  const { code, err } = await corelens(
    ...["forward", "--model", await folder(), "--messages", messages],
    ...["--capture", "logits,vision", "--out", out],
  );
  assertEquals(code, 0, err);
  const { tensors } = await readSafetensorsFile(out);
  const { tensor } = await goldenCase("fast_vlm", "image");
  for (const name of ["logits", "vision.features"]) {
    assertNear(tensors.get(name)!.data as Float32Array, tensor(name).data, 1e-3); // own resampling
  }
  assertEquals(tensors.has("vision.blocks"), false);
  await Deno.remove(out);
});

Deno.test("fast_vlm: portable kernels give the same logits", async () => {
  await testKernels();
  const model = await load(await folder(), Promise.resolve(portableKernels()));
  const { inputs, tensor } = await goldenCase("fast_vlm", "two_images");
  const { logits } = await model.forward(inputs, { logits: "all" });
  assertNear(logits!.data, tensor("logits").data, 1e-4);
  model.dispose();
});

Deno.test("fast_vlm: bfloat16 is near", async () => {
  if (!await hasBfloat16()) return;
  const model = await load(await folder(), Promise.resolve(createKernels("bfloat16")));
  const { inputs, tensor } = await goldenCase("fast_vlm", "image");
  const { logits } = await model.forward(inputs, { logits: "all" });
  assertNear(logits!.data, tensor("logits").data, 0.15);
  model.dispose();
});

Deno.test("fast_vlm: hooks reach what the tower has, and say what they do not reach", async () => {
  const model = await load(await folder());
  const { inputs } = await goldenCase("fast_vlm", "image");
  const { captured } = await model.forward(inputs, {
    logits: "none",
    capture: { names: ["vision.merged", "vision.features"] },
  });
  assertEquals(captured.get("vision.merged")![0].shape, [1, 4, 32]);
  await assertRejects(
    () => model.forward(inputs, { hooks: { "vision.blocks.0.attn.pattern": () => {} } }),
    Error,
    "convolutional network, of which hooks see the results only",
  );
  model.dispose();
});

Deno.test("fast_vlm: a network that is not known is an error that names those that are", async () => {
  const cases = [
    [{ architecture: "resnet50" }, "tf_efficientnet_lite0, tf_efficientnet_lite1"],
    [{ hidden_size: 1024 }, "have 1280 channels"],
    [{ model_args: { output_stride: 16 } }, "output_stride"],
    [{ architecture: "fastvit_mci3" }, '"inference_mode"'],
    [{ architecture: "fastvit_mci3", model_args: { inference_mode: true } }, "3072 channels"],
    [
      { architecture: "fastvit_mci3", model_args: { inference_mode: true, embed_dims: [8] } },
      "5 numbers from 1",
    ],
    [
      {
        architecture: "fastvit_mci3",
        model_args: { inference_mode: true, embed_dims: [8, 16, 32, 64, 120] },
      },
      "the last two multiples of 32",
    ],
  ] as const;
  for (const [vision, message] of cases) {
    const dir = await Deno.makeTempDir();
    const config = JSON.parse(await Deno.readTextFile(`${goldenDir("fast_vlm")}/config.json`));
    config.vision_config = { ...config.vision_config, ...vision };
    await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(config));
    await assertRejects(() => openCheckpoint(dir), Error, message);
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("fast_vlm: counters of training steps are ignored, a lost norm is named", async () => {
  const dir = await formulaCheckpoint("fast_vlm");
  const { tensors } = await readSafetensorsFile(`${dir}/model.safetensors`);
  const all = Object.fromEntries(tensors) as never as Record<
    string,
    { shape: number[]; data: Float32Array | BigInt64Array }
  >;
  const norm = "model.vision_tower.timm_model.blocks.3.1.bn2";
  all[`${norm}.num_batches_tracked`] = { shape: [], data: BigInt64Array.of(7n) };
  await writeSafetensors(`${dir}/model.safetensors`, all);
  (await load(dir)).dispose();
  delete all[`${norm}.running_var`];
  await writeSafetensors(`${dir}/model.safetensors`, all);
  await assertRejects(() => load(dir), Error, "missing 1 weights");
  await Deno.remove(dir, { recursive: true });
});
