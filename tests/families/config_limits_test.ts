import { assert, assertRejects } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { parseMessages } from "../../lib/inputs/messages.ts";
import { inspectModel } from "../../lib/families/resolve.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import { goldenDir, goldenNames } from "../suites/golden.ts";
import { entry, rawFile, withFolder } from "../weights/helpers.ts";

type Json = Record<string, unknown>;
const files = [
  ...["config.json", "preprocessor_config.json", "video_preprocessor_config.json"],
  "processor_config.json",
];

/** A golden checkpoint's folder of links, whose files can be replaced. */
async function withGolden(name: string, body: (dir: string) => Promise<void>) {
  await withFolder(async (dir) => {
    for (const { name: file, isFile } of Deno.readDirSync(goldenDir(name))) {
      if (isFile) await Deno.symlink(`${goldenDir(name)}/${file}`, `${dir}/${file}`);
    }
    await body(dir);
  });
}

async function replace(dir: string, file: string, content: string | Uint8Array) {
  await Deno.remove(`${dir}/${file}`).catch(() => {});
  if (typeof content === "string") await Deno.writeTextFile(`${dir}/${file}`, content);
  else await Deno.writeFile(`${dir}/${file}`, content);
}

/** Whole numbers of a JSON document, each with a function that replaces it. */
function counts(json: unknown, at = ""): [string, (value: number) => void][] {
  if (typeof json !== "object" || json === null) return [];
  return Object.entries(json).flatMap(([key, value]) => {
    const path = `${at}.${key}`;
    if (!Number.isInteger(value) || value === 0) return counts(value, path);
    return [[path, (other: number) => void ((json as Json)[key] = other)]];
  });
}

/** A prompt with an image. */
async function imageOf(name: string) {
  const expected = `${goldenDir(name)}/expected`;
  const file = `${expected}/${/qwen3$|bf16/.test(name) ? "two_images" : "image"}.json`;
  const { messages, templateArguments } = parseMessages(JSON.parse(await Deno.readTextFile(file)));
  return { messages, options: { mediaDir: expected, templateArguments } };
}

/** What must be done with a folder in little time and memory: succeed, or say what is wrong. */
async function answers(work: () => Promise<unknown>, what: string) {
  const start = performance.now(), before = Deno.memoryUsage().rss;
  await work().catch((error) => {
    assert(error instanceof InputError, `${what}: ${error}`);
    assert(error.message.length < 3000 && !error.message.includes("\n"), what);
  });
  const grown = Deno.memoryUsage().rss - before;
  assert(performance.now() - start < 5000, `${what}: ${performance.now() - start} ms`);
  assert(grown < 500e6, `${what}: ${grown} bytes`);
}

for (const name of goldenNames) {
  Deno.test(`${name}: no number in its files costs time or memory, however large`, () =>
    withGolden(name, async (dir) => {
      const rules = new CheckpointRules({ followLinks: true });
      const picture = await imageOf(name);
      let tried = 0;
      for (const file of files) {
        const text = await Deno.readTextFile(`${dir}/${file}`).catch(() => null);
        if (text === null) continue;
        const json = JSON.parse(text);
        for (const [path] of counts(json)) {
          if (path.includes("image_grid_pinpoints.") && !path.includes(".0.")) continue;
          for (const value of [4096, 1e5, 2 ** 31, 2 ** 32, 1e15]) {
            const fresh = JSON.parse(text);
            counts(fresh).find(([other]) => other === path)![1](value);
            await replace(dir, file, JSON.stringify(fresh));
            const what = `${file}${path} = ${value}`;
            await answers(() => inspectModel(dir, {}, rules), what);
            if (file !== "config.json") {
              await answers(async () => {
                const processor = await loadProcessorOf(dir, rules);
                await processor.prepare(picture.messages, picture.options);
              }, `an image with ${what}`);
            }
            tried++;
          }
        }
        await replace(dir, file, text);
      }
      assert(tried > 50);
      await inspectModel(dir, {}, rules);
    }));
}

Deno.test("floods of names and absurd lists are answered at once", async () => {
  await withGolden("qwen3_vl", async (dir) => {
    const rules = new CheckpointRules({ followLinks: true });
    const load = () => loadProcessorOf(dir, rules);
    const config = JSON.parse(await Deno.readTextFile(`${dir}/config.json`));
    const floods: [string, Json][] = [
      ["one key of 5 MB", { ["k".repeat(5_000_000)]: 1 }],
      [
        "1,000 keys of 200 letters",
        Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`${"k".repeat(196)}${i}`, 1])),
      ],
      ["100,000 keys", Object.fromEntries(Array.from({ length: 1e5 }, (_, i) => [`k${i}`, 1]))],
      ["a long list", {
        text_config: { ...config.text_config, layer_types: Array(1e6).fill("x") },
      }],
    ];
    for (const [what, more] of floods) {
      await replace(dir, "config.json", JSON.stringify({ ...config, ...more }));
      await answers(load, what);
      const strict = new CheckpointRules({ followLinks: true, strict: true });
      await answers(() => loadProcessorOf(dir, strict), `${what}, strictly`);
    }
    await replace(dir, "config.json", " ".repeat(17_000_000));
    await assertRejects(load, InputError, "at most 16000000");
  });
  await withGolden("qwen3_vl", async (dir) => {
    const names = Array.from({ length: 50_000 }, (_, i) => [
      `model.language_model.layers.${i}.self_attn.q_prok.weight.${"x".repeat(60)}`,
      entry("U8", [1], i, i + 1),
    ]);
    const flood = rawFile(Object.fromEntries(names), new Uint8Array(50_000));
    await replace(dir, "model.safetensors", flood);
    const rules = new CheckpointRules({ followLinks: true });
    await answers(() => inspectModel(dir, {}, rules), "50,000 names of weights");
    await assertRejects(() => inspectModel(dir, {}, rules), InputError, "unknown 50000 weights");
  });
});
