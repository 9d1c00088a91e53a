import { assert, assertEquals } from "@std/assert";
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

for (const { family, name, settings, shape, sum, absolute, some } of cases) {
  Deno.test(`${family}, ${name}: pixels are those of transformers`, async () => {
    const dir = goldenDir(family);
    const own = await readModelConfig(dir);
    const files = await readProcessorFiles(dir);
    const image = {
      json: { ...files.image!.json, ...settings },
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
