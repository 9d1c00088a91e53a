import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { readProcessorFiles } from "../../lib/inputs/processor_files.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import { goldenDir } from "../suites/golden.ts";

/** Made by `tools/reference/make_processor_settings.py`. */
const { width, height, cases } = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/inputs/processor_settings.json", import.meta.url)),
) as {
  readonly width: number;
  readonly height: number;
  readonly cases: readonly {
    readonly family: string;
    readonly name: string;
    readonly settings: Readonly<Record<string, unknown>>;
    /** Whether they stand in place of the file's. */
    readonly whole?: boolean;
    readonly shape: readonly number[];
    readonly sum: number;
    readonly absolute: number;
    readonly some: readonly number[];
  }[];
};

const data = new Uint8Array(3 * width * height);
data.forEach((_, i) => {
  const c = i % 3, x = Math.floor(i / 3) % width, y = Math.floor(i / 3 / width);
  data[i] = (x * 7 + y * 13 + c * 29 + x * y) % 256;
});

for (const { family, name, settings, whole, shape, sum, absolute, some } of cases) {
  Deno.test(`${family}, ${name}: pixels are those of transformers`, async () => {
    const dir = goldenDir(family);
    const own = await readModelConfig(dir);
    const files = await readProcessorFiles(dir);
    const image = {
      json: whole ? settings : { ...files.image!.json, ...settings },
      file: "preprocessor_config.json",
      policy: new CheckpointRules({ strict: true }),
    };
    const recipe = own.family.readInputs({ ...files, image }, own.config);
    const found = recipe.images!.prepare([{ width, height, data }]).tensors.pixel_values;
    assertEquals(found.shape.filter((n) => n !== 1), shape.filter((n) => n !== 1));
    const values = found.data as Float32Array;
    // resized pixels are rounded to whole grey levels, a few of them otherwise than there
    const level = Math.max(...some.map(Math.abs)) > 3 ? 1 : 0.02;
    const step = Math.max(1, Math.floor(values.length / 12));
    some.forEach((value, i) => assert(Math.abs(values[i * step] - value) <= level, `value ${i}`));
    const total = values.reduce((all, value) => all + value, 0);
    const size = values.reduce((all, value) => all + Math.abs(value), 0);
    assert(Math.abs(size - absolute) < 1e-3 * absolute, `sum of sizes ${size}, wanted ${absolute}`);
    assert(Math.abs(total - sum) < 1e-3 * absolute, `sum ${total}, wanted ${sum}`);
  });
}

/** Inputs of a golden checkpoint by other settings for one role. */
async function withSettings(family: string, role: "image" | "video", json: object) {
  const { family: own, config } = await readModelConfig(goldenDir(family));
  const files = await readProcessorFiles(goldenDir(family));
  return own.readInputs(
    { ...files, [role]: { ...files[role]!, json: { ...files[role]!.json, ...json } } },
    config,
  );
}

Deno.test("a class that would make other pictures or take other frames is an error", async () => {
  await assertRejects(
    () => withSettings("llava", "image", { image_processor_type: "LlavaNextImageProcessorFast" }),
    InputError,
    'found "LlavaNextImageProcessorFast", wanted one of CLIPImageProcessor, LlavaImageProcessor',
  );
  const families = {
    qwen3_vl: "Qwen3VLVideoProcessor",
    qwen2_vl: "Qwen2VLVideoProcessor",
    qwen2_5_vl: "Qwen2VLVideoProcessor",
    llava_onevision: "LlavaOnevisionVideoProcessor",
    internvl: "InternVLVideoProcessor",
  };
  for (const [family, own] of Object.entries(families)) {
    for (const video_processor_type of new Set(Object.values(families))) {
      const read = () => withSettings(family, "video", { video_processor_type });
      if (own === video_processor_type) await read();
      else await assertRejects(read, InputError, `found "${video_processor_type}", wanted ${own}`);
    }
  }
});

const video = (count: number, fps: number) => ({
  frames: Array.from({ length: count }, () => ({ width, height, data })),
  fps,
});

Deno.test("sampling of frames that is null is off, as in transformers", async () => {
  const { videos } = await withSettings("qwen3_vl", "video", { do_sample_frames: null });
  assertEquals(videos!.choose(20, 4), Array.from({ length: 20 }, (_, i) => i));
});

Deno.test("a video too short for the wanted rate, or of a size that is not changed, is told", async () => {
  const rare = { do_sample_frames: true, fps: 3 };
  for (const family of ["internvl", "qwen2_vl"]) {
    const { videos } = await withSettings(family, "video", { ...rare, min_frames: 1 });
    assertThrows(
      () => videos!.prepare([video(family === "internvl" ? 7 : 1, 24)]),
      InputError,
      "no frame is left",
    );
  }
  const { videos } = await withSettings("llava_onevision", "video", { do_resize: false });
  assertThrows(
    () => videos!.prepare([video(2, 1)]),
    InputError,
    `Cannot use frames of ${width} x ${height} pixels`,
  );
});
