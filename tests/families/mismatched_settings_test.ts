import { assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { type JsonObject, JsonReader } from "../../lib/common/json_reader.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { familyOf } from "../../lib/families/registry.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { goldenDir } from "../suites/golden.ts";

type Json = Record<string, unknown>;

const readJson = (path: string): Json => JSON.parse(Deno.readTextFileSync(path));

/** Runs a body on a golden checkpoint without weights, one file of which is changed. */
async function withFile(
  family: string,
  file: string,
  change: (json: Json) => Json,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    for (const { name, isFile } of Deno.readDirSync(goldenDir(family))) {
      if (!isFile || name.endsWith(".safetensors")) continue;
      await Deno.copyFile(`${goldenDir(family)}/${name}`, `${folder}/${name}`);
    }
    const json = change(readJson(`${folder}/${file}`));
    await Deno.writeTextFile(`${folder}/${file}`, JSON.stringify(json));
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("tiles of the processor's file and of the config must be the same", async () => {
  const key = "image_grid_pinpoints";
  for (const family of ["llava_next", "llava_onevision"]) {
    const own = readJson(`${goldenDir(family)}/config.json`)[key] as number[][];
    const changes: [string, (json: Json) => Json, string][] = [
      ["preprocessor_config.json", (json) => ({ ...json, [key]: own.slice(1) }), "config.json"],
      ["preprocessor_config.json", (json) => ({ ...json, [key]: [[15, 30]] }), "multiples"],
      ["config.json", (json) => ({ ...json, [key]: own.slice(1) }), "those of config.json"],
    ];
    for (const [file, change, said] of changes) {
      await withFile(family, file, change, async (folder) => {
        const error = await assertRejects(() => loadProcessorOf(folder), InputError, key);
        assertStringIncludes(error.message, said);
      });
    }
  }
});

Deno.test("a tower whose heads do not divide its width is refused", async () => {
  const without = ({ vision_config, ...json }: Json) => {
    const { num_attention_heads: _heads, ...vision } = vision_config as Json;
    return { ...json, vision_config: vision };
  };
  await withFile("internvl_qwen3", "config.json", without, async (folder) => {
    await assertRejects(() => readModelConfig(folder), InputError, "16 attention heads");
  });
});

Deno.test("a bound of the longer side is refused where it is not kept", async () => {
  const bounded = (json: Json) => ({ ...json, size: { shortest_edge: 32, longest_edge: 64 } });
  await withFile("llava", "preprocessor_config.json", bounded, async (folder) => {
    await assertRejects(() => loadProcessorOf(folder), InputError, '"longest_edge": 64');
  });
});

Deno.test("a negative id in generation_config.json is no token", async () => {
  const none = (json: Json) => ({ ...json, eos_token_id: -1 });
  await withFile("qwen3_vl", "generation_config.json", none, async (folder) => {
    const { config } = await readModelConfig(folder);
    assertEquals(
      config.eosTokenIds,
      (await readModelConfig(goldenDir("qwen3_vl"))).config.eosTokenIds.slice(0, 1),
    );
  });
});

/** Values of keys that a file leaves out: transformers 5.24 `configuration_qwen3_vl.py`. */
const qwen3Vl = {
  image_token_id: 151655,
  video_token_id: 151656,
  text_config: {
    ...{ vocab_size: 151936, hidden_size: 4096, intermediate_size: 22016, num_hidden_layers: 32 },
    ...{ num_attention_heads: 32, head_dim: 128, rms_norm_eps: 1e-6, rope_theta: 500000 },
    ...{ max_position_embeddings: 128000, hidden_act: "silu", attention_bias: false },
    rope_scaling: { rope_type: "default", mrope_section: [24, 20, 20], mrope_interleaved: true },
  },
  vision_config: {
    ...{ depth: 27, hidden_size: 1152, intermediate_size: 4304, num_heads: 16, in_channels: 3 },
    ...{ hidden_act: "gelu_pytorch_tanh", patch_size: 16, spatial_merge_size: 2 },
    ...{ temporal_patch_size: 2, out_hidden_size: 3584, num_position_embeddings: 2304 },
    deepstack_visual_indexes: [8, 16, 24],
  },
};

Deno.test("Qwen3-VL: what a config leaves out is transformers' default", () => {
  const read = (json: JsonObject) =>
    familyOf("qwen3_vl").readConfig(new JsonReader(json, "config.json"));
  const config = read({ text_config: { num_key_value_heads: 32 }, vision_config: {} });
  const whole = { ...qwen3Vl, text_config: { ...qwen3Vl.text_config, num_key_value_heads: 32 } };
  assertEquals(config, read(whole));
  const small = { num_key_value_heads: 32, head_dim: 32 };
  assertThrows(() => read({ text_config: small, vision_config: {} }), InputError, "mrope_section");
});
