/** LLaVA's families and InternVL behind the processor files of their published checkpoints. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { fileURLToPath } from "node:url";
import { InputError } from "../../lib/common/errors.ts";
import { fromPretrained } from "../../lib/families/pretrained.ts";
import { goldenDir, relativeError } from "../suites/golden.ts";

const repository = fileURLToPath(new URL("../..", import.meta.url));

/** What `make_hub_settings.py` wrote. */
interface Expected {
  readonly picture: string;
  readonly question: string;
  /** Runs of `[id, count]`. */
  readonly input_ids: readonly (readonly [id: number, count: number])[];
  readonly pixel_values: { shape: number[]; sum: number; absolute: number };
  readonly logits: readonly number[];
}

/** A golden checkpoint with the model and the processor files of `tests/golden/hub_settings`. */
async function withHubFiles(family: string, body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir(), own = goldenDir(`hub_settings/${family}`);
  const golden = family === "internvl_moe" ? "internvl_qwen3" : family;
  try {
    for (const { name, isFile } of Deno.readDirSync(goldenDir(golden))) {
      if (!isFile || /preprocessor_config|safetensors|chat_template.json/.test(name)) continue;
      await Deno.copyFile(`${goldenDir(golden)}/${name}`, `${dir}/${name}`);
    }
    for (const { name } of Deno.readDirSync(own)) {
      await Deno.copyFile(`${own}/${name}`, `${dir}/${name}`);
    }
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

for (const family of ["llava", "llava_next", "llava_onevision", "internvl", "internvl_moe"]) {
  Deno.test(`${family} with the hub's processor files: tokens, pixels and logits are transformers'`, () =>
    withHubFiles(family, async (dir) => {
      const expected: Expected = JSON.parse(await Deno.readTextFile(`${dir}/expected.json`));
      const { picture, question, input_ids } = expected;
      using model = await fromPretrained(dir, { dtype: "float32", strict: true });
      assertEquals(model.warnings, []);
      const content = [
        { type: "image" as const, image: `${repository}/${picture}` },
        { type: "text" as const, text: question },
      ];
      const prompt = await model.prepare([{ role: "user", content }], { mediaRoot: "/" });
      const wanted = input_ids.flatMap(([id, count]) => Array<number>(count).fill(id));
      assertEquals([...prompt.inputIds], wanted);
      const { data, shape } = prompt.media["pixel_values"];
      assertEquals(
        shape.filter((axis) => axis > 1),
        expected.pixel_values.shape.filter((axis) => axis > 1),
      );
      let sum = 0, absolute = 0;
      for (const value of data) {
        sum += value;
        absolute += Math.abs(value);
      }
      const scale = expected.pixel_values.absolute;
      assert(Math.abs(absolute - scale) < 2e-4 * scale, `${absolute} and ${scale}`);
      assert(Math.abs(sum - expected.pixel_values.sum) < 2e-4 * scale);
      const { logits } = await model.forward(prompt);
      const error = relativeError(logits!.data.slice(-expected.logits.length), expected.logits);
      assert(error < 2e-4, `logits differ by ${error}`);
    }));
}

Deno.test("a vision tower of another kind is named before its settings", () =>
  withHubFiles("llava", async (dir) => {
    const json = JSON.parse(await Deno.readTextFile(`${dir}/config.json`));
    json.vision_feature_select_strategy = "full";
    json.vision_config.model_type = "pixtral";
    await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(json));
    await assertRejects(() => fromPretrained(dir), InputError, 'found "pixtral", wanted one of');
  }));

Deno.test("shares of experts that do not add up to 1 are refused, also by default", () =>
  withHubFiles("internvl_moe", async (dir) => {
    const json = JSON.parse(await Deno.readTextFile(`${dir}/config.json`));
    for (const value of [false, undefined]) {
      json.text_config.norm_topk_prob = value;
      await Deno.writeTextFile(`${dir}/config.json`, JSON.stringify(json));
      await assertRejects(() => fromPretrained(dir), InputError, "norm_topk_prob");
    }
  }));
