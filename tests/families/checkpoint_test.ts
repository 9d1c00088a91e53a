import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { openCheckpoint, readModelConfig } from "../../lib/families/checkpoint.ts";
import { matchWeights } from "../../lib/families/match_weights.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { families, familyOf } from "../../lib/families/registry.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import { goldenDir, goldenNames } from "../suites/golden.ts";

async function withConfig(
  change: (json: Record<string, unknown>) => void,
  body: (dir: string) => Promise<void>,
) {
  const dir = await Deno.makeTempDir();
  const json = JSON.parse(await Deno.readTextFile(`${goldenDir("qwen3_vl")}/config.json`));
  change(json);
  await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(json));
  await Deno.copyFile(`${goldenDir("qwen3_vl")}/model.safetensors`, `${dir}/model.safetensors`);
  await body(dir).finally(() => Deno.remove(dir, { recursive: true }));
}

Deno.test("a family is found by its model type, or the message lists those that exist", () => {
  assertEquals(familyOf("qwen3_vl").modelType, "qwen3_vl");
  const error = assertThrows(() => familyOf("gpt2"), Error, "supported are");
  for (const { modelType } of families) assert(error.message.includes(modelType));
  assert(!error.message.includes("nearest"), "nothing is near gpt2");
  assertThrows(() => familyOf("qwen3_5_vl"), InputError, "nearest: qwen2_5_vl");
});

Deno.test("families with recurrent layers are refused with the page that says what is missing", async () => {
  for (const name of ["qwen3_next", "qwen3_5", "qwen3_5_moe", "qwen3_5_text"]) {
    const { message } = assertThrows(() => familyOf(name), InputError, `"${name}"`);
    const page = message.match(/docs\/decisions\/\S+\.md/)![0];
    assert((await Deno.stat(new URL(`../../${page}`, import.meta.url))).isFile);
  }
});

Deno.test("stop tokens are the generation config's alone, the config's where it names none", async () => {
  const { config } = await readModelConfig(goldenDir("qwen3_vl"));
  assertEquals(config.eosTokenIds, [578, 576]);
  const change = (json: Record<string, unknown>) =>
    (json.text_config as Record<string, unknown>).eos_token_id = 460;
  for (
    const [generation, wanted] of [
      [{ eos_token_id: 227 }, [227]],
      [{ eos_token_id: [227, 5] }, [227, 5]],
      [{ eos_token_id: null }, [460]],
      [{}, [460]],
    ] as const
  ) {
    await withConfig(change, async (dir) => {
      await Deno.writeTextFile(`${dir}/generation_config.json`, JSON.stringify(generation));
      assertEquals((await readModelConfig(dir)).config.eosTokenIds, wanted);
    });
  }
});

Deno.test("a config of no or another type is an error", async () => {
  await withConfig(
    (json) => delete json.model_type,
    (dir) => assertRejects(() => openCheckpoint(dir), Error, 'no "model_type"').then(() => {}),
  );
  await withConfig(
    (json) => json.model_type = "gpt2",
    (dir) => assertRejects(() => openCheckpoint(dir), Error, 'type "gpt2"').then(() => {}),
  );
});

Deno.test("missing and extra weights are named", async () => {
  const text = (json: Record<string, unknown>) => json.text_config as Record<string, unknown>;
  const matched = async (dir: string) => {
    const { family, config, source } = await openCheckpoint(dir);
    using _open = source;
    return matchWeights(family, config, source);
  };
  await withConfig((json) => text(json).num_hidden_layers = 5, async (dir) => {
    const error = await assertRejects(() => matched(dir), Error, "missing 11 weights");
    assert(error.message.includes("text.layers.4."));
  });
  await withConfig((json) => text(json).num_hidden_layers = 3, async (dir) => {
    await assertRejects(
      () => matched(dir),
      Error,
      "unknown 11 weights: model.language_model.layers.3.",
    );
  });
  await withConfig(() => {}, async (dir) => assert((await matched(dir)).size > 100));
});

Deno.test("a decoder's keys outside of text_config as well: the same is fine, others are named", async () => {
  const text = (json: Record<string, unknown>) => json.text_config as Record<string, unknown>;
  await withConfig(
    (json) => Object.assign(json, { ...text(json), model_type: "qwen3_vl" }),
    (dir) => readModelConfig(dir, new CheckpointRules({ strict: true })).then(() => {}),
  );
  await withConfig((json) => json.hidden_size = 65, async (dir) => {
    const message = `"hidden_size" is 65 here and 64 in ${dir}/config.json, text_config`;
    await assertRejects(() => readModelConfig(dir), InputError, message);
  });
  await withConfig((json) => json.head_dim = 7, async (dir) => {
    await assertRejects(() => readModelConfig(dir), InputError, '"head_dim" is 7 here');
  });
});

/** The objects of a JSON document with their paths, itself first. */
function objectsOf(json: unknown, path: string[] = []): [string[], Record<string, unknown>][] {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return [];
  const entries = Object.entries(json);
  return [
    [path, json as Record<string, unknown>],
    ...entries.flatMap(([key, value]) => objectsOf(value, [...path, key])),
  ];
}

for (const name of goldenNames) {
  Deno.test(`${name}: a key that nobody knows is named, wherever it stands`, async () => {
    const dir = await Deno.makeTempDir();
    const files = [...Deno.readDirSync(goldenDir(name))].filter(({ isFile }) => isFile);
    for (const { name: file } of files) {
      if (file.endsWith(".safetensors")) continue;
      await Deno.copyFile(`${goldenDir(name)}/${file}`, `${dir}/${file}`);
    }
    let checked = 0;
    for (
      const file of [
        ...["config.json", "preprocessor_config.json", "video_preprocessor_config.json"],
        ...["processor_config.json", "tokenizer_config.json", "generation_config.json"],
      ]
    ) {
      const text = await Deno.readTextFile(`${goldenDir(name)}/${file}`).catch(() => "{}");
      const json = JSON.parse(text);
      await Deno.remove(`${dir}/${file}`).catch(() => {});
      for (const [path, object] of objectsOf(json)) {
        if (text === "{}") continue; // the checkpoint has no such file
        if (file === "tokenizer_config.json" && path.length > 0) continue; // tokens by any name
        object["surprise"] = 1;
        await Deno.writeTextFile(`${dir}/${file}`, JSON.stringify(json));
        const why = `${file} ${path}`;
        const strict = new CheckpointRules({ strict: true });
        const load = () => loadProcessorOf(dir, strict);
        const error = await assertRejects(load, InputError, "surprise", why);
        const rules = new CheckpointRules();
        await loadProcessorOf(dir, rules);
        assert(rules.warning?.includes('"surprise" of '), why);
        for (const key of path) {
          assert(error.message.includes(key) && rules.warning?.includes(key), error.message);
        }
        delete object["surprise"];
        checked++;
      }
      await Deno.writeTextFile(`${dir}/${file}`, text);
    }
    assert(checked >= 4);
    await loadProcessorOf(dir);
    await Deno.remove(dir, { recursive: true });
  });
}
