import { assert, assertEquals } from "@std/assert";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { loadProcessorOf } from "../../lib/families/pretrained.ts";
import { parseMessages } from "../../lib/inputs/messages.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import { goldenDir } from "../suites/golden.ts";

/** A key that `save_pretrained` of some release adds to a golden checkpoint that it loaded. */
interface AddedKey {
  readonly file: string;
  readonly in?: readonly string[];
  readonly key: string;
  readonly value?: unknown;
  /** Where a release leaves the key out, having another in its place. */
  readonly gone?: true;
  /** Releases to folders, each with the first letters of the processors: default, fast, slow. */
  readonly writtenBy: Readonly<Record<string, string>>;
}

type Json = Record<string, unknown>;
const path = new URL("./keys_by_release.json", import.meta.url);
const added: readonly AddedKey[] = JSON.parse(await Deno.readTextFile(path));

/** Keys by release, folder and processor. */
const shapes = new Map<string, AddedKey[]>();
for (const key of added) {
  for (const [releases, folders] of Object.entries(key.writtenBy)) {
    for (const release of releases.split(" ")) {
      for (const [folder, kinds] of folders.split(" ").map((one) => one.split(":"))) {
        for (const kind of kinds) {
          const name = `${release} ${folder} ${kind}`;
          shapes.set(name, [...shapes.get(name) ?? [], key]);
        }
      }
    }
  }
}

/** A folder like a golden checkpoint's without its weights, with keys added to its files. */
async function withAdded(
  golden: string,
  keys: readonly AddedKey[],
  body: (dir: string) => Promise<void>,
): Promise<void> {
  const dir = await Deno.makeTempDir();
  const files = new Map<string, Json>();
  for (const { name, isFile } of Deno.readDirSync(goldenDir(golden))) {
    if (isFile && !name.endsWith(".safetensors")) {
      await Deno.symlink(`${goldenDir(golden)}/${name}`, `${dir}/${name}`);
    }
  }
  for (const { file, in: inner = [], key, value, gone } of keys) {
    const text = await Deno.readTextFile(`${dir}/${file}`).catch(() => "{}");
    const json = files.get(file) ?? JSON.parse(text) as Json;
    files.set(file, json);
    const object = inner.reduce((outer, name) => (outer[name] ??= {}) as Json, json);
    if (gone) delete object[key];
    else object[key] = value;
  }
  for (const [file, json] of files) {
    await Deno.remove(`${dir}/${file}`).catch(() => {});
    await Deno.writeTextFile(`${dir}/${file}`, JSON.stringify(json));
  }
  await body(dir).finally(() => Deno.remove(dir, { recursive: true }));
}

/** What a folder's files say of the model, and the prompt that they make. */
async function reading(dir: string, golden: string, rules: CheckpointRules) {
  const { config } = await readModelConfig(dir, rules);
  const processor = await loadProcessorOf(dir, rules);
  const cases = `${goldenDir(golden)}/expected`;
  const name = golden === "internvl_qwen3" ? "two_images" : "image";
  const json = JSON.parse(await Deno.readTextFile(`${cases}/${name}.json`));
  const { messages, templateArguments } = parseMessages(json);
  const prompt = await processor.prepare(messages, { mediaDir: cases, templateArguments });
  const { inputIds, positionIds, media } = prompt;
  // functions (a scaling of positions) are compared by the numbers from which they are made
  return {
    config: JSON.parse(JSON.stringify(config)),
    inputIds,
    positionIds,
    media,
    expected: json.input_ids,
  };
}

const goldens = [...new Set([...shapes.keys()].map((name) => name.split(" ")[1]))];
for (const golden of goldens) {
  Deno.test(`${golden}: files as releases of transformers write them say the same`, async () => {
    const { expected, ...wanted } = await reading(goldenDir(golden), golden, new CheckpointRules());
    assertEquals([...wanted.inputIds], expected);
    const own = [...shapes].filter(([name]) => name.split(" ")[1] === golden);
    assert(own.length >= 6, `only ${own.length} shapes`);
    for (const [name, keys] of own) {
      await withAdded(golden, keys, async (dir) => {
        const rules = new CheckpointRules({ strict: true, followLinks: true });
        const { expected: _, ...found } = await reading(dir, golden, rules);
        assertEquals(found, wanted, name);
      });
    }
  });
}

Deno.test("the list covers the releases and the kinds of processors", () => {
  const releases = new Set([...shapes.keys()].map((name) => name.split(" ")[0]));
  assertEquals([...releases].sort(), [
    ...["4.45.2", "4.49.0", "4.52.4", "4.53.3", "4.55.4", "4.57.1", "5.0.0", "5.23.0"],
  ]);
  assert(shapes.size >= 150, `${shapes.size} shapes`);
});
