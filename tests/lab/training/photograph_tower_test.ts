import { assert, assertEquals, assertRejects } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { questionMessages } from "../../../lib/inputs/messages.ts";
import { convNetworkShapes } from "../../../lib/model/conv_network.ts";
import { efficientNet } from "../../../lib/model/efficientnet.ts";
import { writeSafetensors } from "../../../lib/weights/safetensors_write.ts";
import { albumCells, albumSample } from "../../../lab/pages/albums.ts";
import { photographFeatures } from "../../../lab/training/photograph_features.ts";
import {
  assembleFastVlm,
  efficientNetWidth,
  emptyProjector,
  replaceProjector,
  timmName,
} from "../../../lab/training/photograph_tower.ts";
import { uniform } from "../../suites/formula_weights.ts";

await useBackend("auto");

const base = "tests/golden/gguf/tiny-llama.gguf", width = 64;

/** The names of the published file, in its order. */
function* publishedNames(): Generator<string> {
  const norm = (name: string) =>
    ["weight", "bias", "running_mean", "running_var"].map((end) => `${name}.${end}`);
  yield* ["_conv_stem.weight", ...norm("_bn0")];
  for (let block = 0; block < 16; block++) {
    const own = `_blocks.${block}.`;
    if (block > 0) yield* [`${own}_expand_conv.weight`, ...norm(`${own}_bn0`)];
    yield* [`${own}_depthwise_conv.weight`, ...norm(`${own}_bn1`)];
    yield* [`${own}_project_conv.weight`, ...norm(`${own}_bn2`)];
  }
  yield* ["_conv_head.weight", ...norm("_bn1"), "_fc.weight", "_fc.bias"];
}

const network = readNetwork();

/** A network of the published names, of timm's shapes and formula weights. */
async function readNetwork(): Promise<string> {
  const folder = await Deno.makeTempDir(), names = [...publishedNames()].map(timmName);
  const tensors = Object.fromEntries(
    [...convNetworkShapes(efficientNet("tf_efficientnet_lite0"))].map(([name, shape], i) => {
      const values = uniform(shape.reduce((a, b) => a * b, 1), i);
      const size = Math.sqrt(4.5 / shape.slice(1).reduce((a, b) => a * b, 1));
      const data = shape.length === 1 ? values.map((u) => 1 + u / 5) : values.map((u) => u * size);
      return [[...publishedNames()][names.indexOf(name)], { shape, data: Float32Array.from(data) }];
    }),
  );
  await writeSafetensors(`${folder}/model.safetensors`, tensors);
  return folder;
}

Deno.test("every weight of the published network has its place in timm's, but for the classifier", () => {
  const names = [...publishedNames()].map(timmName).filter((name) => name !== null);
  const wanted = [...convNetworkShapes(efficientNet("tf_efficientnet_lite0")).keys()];
  assertEquals(names.toSorted(), wanted.toSorted());
});

Deno.test("an assembled FastVLM numbers its pictures, and sees with the projector that it is given", async () => {
  const out = await Deno.makeTempDir(), side = albumCells ** 2;
  await assembleFastVlm(base, await network, out);
  const image = {
    width: 2,
    height: 2,
    data: Uint8Array.of(...Array(3).fill([200, 30, 90, 255]).flat(), 0, 0, 0, 255),
  };
  const photographs = ["fox", "key", "owl"].map((name) => ({
    ...{ name, image, kind: "train", file: "", caption: "" } as const,
  }));
  const { sample } = albumSample(1, photographs, {
    question: "what",
    count: 2,
    split: "test",
    set: "x",
  });
  const features = async () => {
    using model = await fromPretrained(out, { dtype: "float32" });
    const prompt = await model.prepare(questionMessages(sample));
    const { kernels: k, vision } = model.network;
    const found = k.scope(() => k.keep(vision!.encodeMedia(prompt.media).images!.features));
    const data = await k.read(found);
    k.dispose(found);
    return { text: prompt.text, visual: prompt.spans.visual, data: Float32Array.from(data) };
  };
  const blank = await features();
  const pad = "<image>".repeat(side);
  assert(
    blank.text.includes(`Picture 1:${pad}\nPicture 2:${pad}\nWhat does`),
    blank.text.slice(0, 200),
  );
  assertEquals(blank.data.length, 2 * side * width);
  assert(blank.data.every((value) => value === 0));
  const last = new Float32Array(width).fill(0.25);
  await replaceProjector(await network, { ...emptyProjector(width), "linear_2.bias": last }, out);
  assert((await features()).data.every((value) => value === 0.25));
  await Deno.remove(out, { recursive: true });
});

Deno.test("features of photographs are the network's, by view and name", async () => {
  const out = await Deno.makeTempDir();
  await assembleFastVlm(base, await network, out);
  using model = await fromPretrained(out, { dtype: "float32" });
  const photographs = ["fox", "key"].map((name, i) => ({
    ...{ name, kind: "train", file: "", caption: "" } as const,
    image: { width: 1, height: 1, data: Uint8Array.of(100 * i, 40, 200, 255) },
  }));
  const found = await photographFeatures(model, photographs, 2, ["key", "fox"]);
  assertEquals([...found.words], [1, 1, 0, 0]);
  assertEquals(found.data.length, 4 * albumCells ** 2 * efficientNetWidth);
  assertEquals(await photographFeatures(model, photographs, 2, ["key", "fox"]), found);
  const size = found.data.length / 4;
  const [plain, varied] = [0, 1].map((view) => found.data.slice(view * size, (view + 1) * size));
  assert(plain.some((value, i) => Math.abs(value - varied[i]) > 1e-3));
  await Deno.remove(out, { recursive: true });
});

Deno.test("a missing network is refused in a sentence", async () => {
  await assertRejects(
    () => assembleFastVlm(base, "none", Deno.makeTempDirSync()),
    InputError,
    "deno task efficientnet",
  );
});
