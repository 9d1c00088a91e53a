import { assertEquals, assertThrows } from "@std/assert";
import {
  readPixelConfig,
  readProcessorFiles,
  settingsOf,
} from "../../lib/inputs/processor_files.ts";
import { JsonReader } from "../../lib/common/json_reader.ts";
import { goldenDir } from "../suites/golden.ts";

Deno.test("settings come from their own files or from inside processor_config.json", async () => {
  const own = await readProcessorFiles(goldenDir("qwen3_vl"));
  assertEquals(own.image?.file, "preprocessor_config.json");
  assertEquals(own.video?.file, "video_preprocessor_config.json");
  assertEquals(own.processor.json, {});
  const nested = await readProcessorFiles(goldenDir("qwen3_vl_bf16"));
  assertEquals(nested.video?.file, "processor_config.json, video_processor");
  assertEquals(nested.processor.json, { processor_class: "Qwen3VLProcessor" });
});

Deno.test("videos use the images' settings where there are no others; none may be there", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const none = await readProcessorFiles(dir);
    assertEquals([none.image, none.video], [null, null]);
    assertThrows(() => settingsOf(none.image), Error, "neither preprocessor_config.json nor");
    await Deno.writeTextFile(`${dir}/preprocessor_config.json`, '{"patch_size": 3}');
    const { image, video } = await readProcessorFiles(dir);
    assertEquals(video, image);
    assertEquals(settingsOf(video).count("patch_size", 1), 3);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("readPixelConfig: filters by Pillow's numbers", () => {
  const mean = { imageMean: [0, 0, 0], imageStd: [1, 1, 1] };
  const read = (json: Record<string, unknown>) => readPixelConfig(new JsonReader(json, "p"), mean);
  assertEquals(read({}).filter, "bicubic");
  assertEquals(read({ resample: 2 }).filter, "bilinear");
  assertEquals(read({ image_std: [2, 2, 2] }).imageStd, [2, 2, 2]);
  assertThrows(() => read({ resample: 1 }), Error, "2 (bilinear) or 3 (bicubic)");
});
