import { assert, assertEquals, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { goldenDir, relativeError } from "../suites/golden.ts";

/** Made by `tools/reference/make_siglip_tower.py`. */
const { pixels, processor, cases } = JSON.parse(
  await Deno.readTextFile(new URL("../golden/inputs/siglip_tower.json", import.meta.url)),
) as {
  readonly pixels: object;
  readonly processor: object;
  readonly cases: readonly {
    readonly config: Readonly<Record<string, unknown>>;
    readonly ids: readonly number[];
    readonly logits: readonly number[];
  }[];
};

const llava = goldenDir("llava"), onevision = goldenDir("llava_onevision");
const isTower = (name: string) => name.startsWith("vision_tower.");

/** Golden LLaVA with the tower of golden LLaVA-OneVision, in a folder of its own. */
async function withSiglip(config: object): Promise<string> {
  const made = await Deno.makeTempDir();
  for await (const { name, isFile } of Deno.readDir(llava)) {
    if (isFile && /\.(json|jinja)$/.test(name)) {
      await Deno.copyFile(`${llava}/${name}`, `${made}/${name}`);
    }
  }
  const json = async (name: string) => JSON.parse(await Deno.readTextFile(`${llava}/${name}`));
  const write = (name: string, value: object) =>
    Deno.writeTextFile(`${made}/${name}`, JSON.stringify(value));
  await write("config.json", { ...await json("config.json"), ...config });
  await write("processor_config.json", { ...await json("processor_config.json"), ...processor });
  await write("preprocessor_config.json", pixels);
  const [text, tower] = await Promise.all(
    [llava, onevision].map((dir) => readSafetensorsFile(`${dir}/model.safetensors`)),
  );
  const weights = [
    ...[...text.tensors].filter(([name]) => !isTower(name)),
    ...[...tower.tensors].filter(([name]) => isTower(name)),
  ];
  await writeSafetensors(
    `${made}/model.safetensors`,
    Object.fromEntries(weights) as Record<string, TensorToWrite>,
  );
  return made;
}

const messages = [{
  role: "user",
  content: [
    { type: "image", image: `${llava}/expected/image_image0.png` },
    { type: "text", text: "What is shown?" },
  ],
}] as const;

for (const { config, ids, logits } of cases) {
  Deno.test(`LLaVA with SigLIP, layer ${config.vision_feature_layer}: as transformers`, async () => {
    const made = await withSiglip(config);
    try {
      using model = await fromPretrained(made, { backend: "auto", dtype: "float32" });
      const inputs = await model.processor.prepare(messages);
      assertEquals([...inputs.inputIds], ids);
      const { data } = (await model.forward(inputs)).logits!;
      const error = relativeError(data.subarray(-logits.length), Float32Array.from(logits));
      assert(error < 2e-4, `${error} of the scale`);
    } finally {
      await Deno.remove(made, { recursive: true });
    }
  });
}

Deno.test("what would leave out one of SigLIP's patches is an error", async () => {
  const made = await withSiglip({
    ...cases[0].config,
    vision_feature_select_strategy: "default",
  });
  try {
    await assertRejects(
      () => fromPretrained(made),
      InputError,
      'Cannot use "vision_feature_select_strategy": "default"',
    );
  } finally {
    await Deno.remove(made, { recursive: true });
  }
});
