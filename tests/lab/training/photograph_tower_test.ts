import { assert, assertEquals, assertRejects } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { InputError } from "../../../lib/common/errors.ts";
import { fromPretrained } from "../../../lib/families/pretrained.ts";
import { questionMessages } from "../../../lib/inputs/messages.ts";
import { float32Tensor, readSafetensorsFile } from "../../../lib/weights/safetensors_file.ts";
import { convNetworkShapes } from "../../../lib/model/conv_network.ts";
import { efficientNet } from "../../../lib/model/efficientnet.ts";
import { albumCells, albumSample } from "../../../lab/pages/albums.ts";
import {
  classDirections,
  keptPhotographFeatures,
  photographFeatures,
} from "../../../lab/training/photograph_features.ts";
import {
  assembleFastVlm,
  efficientNetWidth,
  emptyProjector,
  replaceProjector,
  timmName,
} from "../../../lab/training/photograph_tower.ts";
import { publishedNames, publishedNetwork } from "../../suites/published_network.ts";

await useBackend("auto");

const base = "tests/golden/gguf/tiny-llama.gguf", width = 64;

const network = publishedNetwork();

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
    ...{ name, kind: "train", file: `${name}.png`, caption: "" } as const,
    image: { width: 1, height: 1, data: Uint8Array.of(100 * i, 40, 200, 255) },
  }));
  const found = await photographFeatures(model, photographs, 2, ["key", "fox"]);
  assertEquals([...found.words], [1, 1, 0, 0]);
  assertEquals(found.data.length, 4 * albumCells ** 2 * efficientNetWidth);
  assertEquals(await photographFeatures(model, photographs, 2, ["key", "fox"]), found);
  const keep = () => keptPhotographFeatures(`${out}/kept`, model, photographs, 2, ["key", "fox"]);
  assertEquals(await keep(), found);
  const [file] = [...Deno.readDirSync(`${out}/kept`)];
  await Deno.utime(`${out}/kept/${file.name}`, 1, 1);
  assertEquals(await keep(), found);
  assertEquals(
    (await Deno.stat(`${out}/kept/${file.name}`)).mtime?.getTime(),
    1000,
    "read, not made again",
  );
  const size = found.data.length / 4;
  const [plain, varied] = [0, 1].map((view) => found.data.slice(view * size, (view + 1) * size));
  assert(plain.some((value, i) => Math.abs(value - varied[i]) > 1e-3));
  await Deno.remove(out, { recursive: true });
});

Deno.test("a word's classes are the rows of the network's classifier", async () => {
  const { data, words } = await classDirections(await network, ["unknown", "fox", "lion"]);
  assertEquals([...words], [1, 1, 1, 1, 2]);
  const all = float32Tensor(
    await readSafetensorsFile(`${await network}/model.safetensors`),
    "_fc.weight",
  );
  assertEquals(data[4], all.data.slice(291 * efficientNetWidth, 292 * efficientNetWidth));
});

Deno.test("a missing network is refused in a sentence", async () => {
  await assertRejects(
    () => assembleFastVlm(base, "none", Deno.makeTempDirSync()),
    InputError,
    "deno task efficientnet",
  );
});
