/**
 * Damaged checkpoints: whatever is wrong with the weights, they are refused in one line that names the
 * file, or give the numbers of the tensors that the file holds.
 */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { openCheckpoint } from "../../lib/families/checkpoint.ts";
import { loadModel } from "../../lib/families/load_weights.ts";
import { CheckpointRules } from "../../lib/weights/checkpoint_rules.ts";
import {
  blindDamage,
  type Damage,
  headerDamage,
  indexDamage,
  joinSafetensors,
  splitSafetensors,
} from "../suites/damage.ts";
import { goldenCase, goldenDir, testKernels } from "../suites/golden.ts";
import { relativeError } from "../suites/near.ts";

const golden = goldenDir("llava_next");
const weights = await Deno.readFile(`${golden}/model.safetensors`);
const prompt = await goldenCase("llava_next", "image");

/** Logits of the golden prompt, or the message of a refusal. */
async function outcome(
  path: string,
  inputs = prompt.inputs,
): Promise<Float32Array | string> {
  try {
    const rules = new CheckpointRules();
    const { family, config, source } = await openCheckpoint(path, rules);
    using _open = source;
    const model = await loadModel(await testKernels(), family, config, source);
    try {
      return (await model.forward(inputs, { logits: "all" })).logits!.data as Float32Array;
    } finally {
      model.dispose();
    }
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
}

/** A refusal is one line that names the file, or the folder and what is wrong with its tensors. */
function assertNames(message: string, names: readonly string[], what: string): void {
  const isLine = !message.includes("\n") && message.length < 2000 && message.startsWith("Cannot ");
  assert(isLine && names.some((name) => message.includes(name)), `${what}: ${message}`);
}

/** Tensors of a file by name, as text that compares: type, shape and bytes. */
function tensorsIn(bytes: Uint8Array): Map<string, string> {
  const { header, data } = splitSafetensors(bytes);
  delete (header as Record<string, unknown>)["__metadata__"];
  return new Map(
    Object.entries(header).map(([name, { dtype, shape, data_offsets }]) => {
      const [begin, end] = data_offsets as [number, number];
      return [name, `${dtype} ${shape} ${data.subarray(begin, end)}`];
    }),
  );
}

const whole = tensorsIn(weights);

/** Whether files hold the tensors of the golden checkpoint. */
function sameTensors(...files: readonly Uint8Array[]): boolean {
  const found = new Map(files.flatMap((file) => [...tensorsIn(file)]));
  return found.size === whole.size && [...whole].every(([name, text]) => found.get(name) === text);
}

/** Runs a body in a folder with all of the golden checkpoint but its weights. */
async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  try {
    for (const { name, isFile } of Deno.readDirSync(golden)) {
      if (!isFile || name.endsWith(".safetensors")) continue;
      await Deno.copyFile(`${golden}/${name}`, `${folder}/${name}`);
    }
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What came of all cases: how many were refused, and how many read. */
const counts = { refused: 0, read: 0 };

function assertRight(found: Float32Array, isSame: boolean, what: string): void {
  const { data } = prompt.tensor("logits");
  assertEquals(found.length, data.length);
  if (isSame) assert(relativeError(found, data) < 2e-4, `${what}: other numbers`);
}

const settings = (numRuns: number) => ({ seed: 11, numRuns });

Deno.test("one file of weights, damaged: refused by its name, or read as it is", async () => {
  await inFolder(async (folder) => {
    const file = `${folder}/model.safetensors`;
    const damages = fc.oneof(blindDamage(), { weight: 2, arbitrary: headerDamage() });
    await fc.assert(
      fc.asyncProperty(damages, async ({ what, apply }) => {
        const bytes = apply(weights);
        await Deno.writeFile(file, bytes);
        const found = await outcome(folder);
        counts[typeof found === "string" ? "refused" : "read"]++;
        if (typeof found === "string") assertNames(found, [folder], what);
        else assertRight(found, sameTensors(bytes), what);
      }),
      settings(250),
    );
    assert(counts.refused > 150 && counts.read > 10, JSON.stringify(counts));
    for (const share of [0.001, 0.05, 0.5, 0.999]) {
      await Deno.writeFile(file, weights.subarray(0, Math.floor(share * weights.length)));
      assertNames(await outcome(folder) as string, ["again"], `cut off at ${share}`);
    }
    await Deno.remove(file);
    assertNames(await outcome(folder) as string, [folder], "no weights");
    await Deno.mkdir(file);
    assertNames(await outcome(folder) as string, [folder], "a folder in place of weights");
  });
});

Deno.test("shards and their index, damaged or missing: refused by the file's name, or read", async () => {
  await inFolder(async (folder) => {
    const { header, data } = splitSafetensors(weights);
    const names = Object.keys(header).filter((name) => name !== "__metadata__");
    const shards = ["model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"];
    const map = Object.fromEntries(names.map((name, i) => [name, shards[i % 2]]));
    const files = new Map(shards.map((shard) => {
      let end = 0;
      const own = names.filter((name) => map[name] === shard).map((name) => {
        const [first, last] = header[name].data_offsets as [number, number], begin = end;
        end += last - first;
        return { name, begin, end, bytes: data.subarray(first, last) };
      });
      const entries = own.map(({ name, begin, end }) => [
        name,
        { ...header[name], data_offsets: [begin, end] },
      ]);
      const joined = new Uint8Array(end);
      for (const { begin, bytes } of own) joined.set(bytes, begin);
      return [shard, joinSafetensors(Object.fromEntries(entries), joined)] as const;
    }));
    const index = "model.safetensors.index.json";
    files.set(index, new TextEncoder().encode(JSON.stringify({ metadata: {}, weight_map: map })));
    const restore = async () => {
      for (const [name, bytes] of files) await Deno.writeFile(`${folder}/${name}`, bytes);
    };
    await restore();
    assertRight(await outcome(folder) as Float32Array, true, "nothing damaged");
    const damaged = fc.oneof(
      fc.tuple(fc.constant(index), indexDamage(shards)),
      fc.tuple(fc.constantFrom(...shards), fc.oneof(blindDamage(), headerDamage())),
    );
    await fc.assert(
      fc.asyncProperty(damaged, async ([name, { what, apply }]) => {
        await restore();
        const bytes = apply(files.get(name)!);
        await Deno.writeFile(`${folder}/${name}`, bytes);
        const found = await outcome(folder);
        if (typeof found === "string") return assertNames(found, [folder], `${name} ${what}`);
        const now = shards.map((shard) => shard === name ? bytes : files.get(shard)!);
        assertRight(found, sameTensors(...now), `${name} ${what}`);
      }),
      settings(120),
    );
    for (const shard of shards) {
      await restore();
      await Deno.remove(`${folder}/${shard}`);
      assertNames(await outcome(folder) as string, [shard], "a shard is missing");
    }
  });
});

Deno.test("files of settings that are cut off or changed: refused by their name, or read", async () => {
  await inFolder(async (folder) => {
    await Deno.writeFile(`${folder}/model.safetensors`, weights);
    const names = ["config.json", "generation_config.json"];
    const damage = fc.tuple(fc.constantFrom(...names), blindDamage());
    await fc.assert(
      fc.asyncProperty(damage, async ([name, { what, apply }]) => {
        const good = await Deno.readFile(`${golden}/${name}`);
        await Deno.writeFile(`${folder}/${name}`, apply(good));
        const found = await outcome(folder);
        await Deno.writeFile(`${folder}/${name}`, good);
        // another number may be a good one: only what it refuses is looked at
        if (typeof found === "string") {
          assertNames(found, [folder, "model_type"], `${name} ${what}`);
        }
      }),
      settings(120),
    );
  });
});

Deno.test("a GGUF file, damaged: refused by its name, or read", async () => {
  const good = await Deno.readFile("tests/golden/gguf/tiny-qwen2.gguf");
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const inputs = { ...prompt.inputs, inputIds: Int32Array.of(1, 2, 3), media: {} };
  const own = { ...inputs, positionIds: Int32Array.of(0, 1, 2), nextPosition: 3 };
  const file = `${folder}/model.gguf`;
  try {
    await Deno.writeFile(file, good);
    const wanted = await outcome(file, own) as Float32Array;
    const header = blindDamage().map(({ what, apply }): Damage => ({
      what: `in the header: ${what}`,
      apply: (bytes) => Uint8Array.of(...apply(bytes.subarray(0, 6000)), ...bytes.subarray(6000)),
    }));
    await fc.assert(
      fc.asyncProperty(fc.oneof(blindDamage(), header), async ({ what, apply }) => {
        await Deno.writeFile(file, apply(good));
        const found = await outcome(file, own);
        if (typeof found === "string") assertNames(found, [file], what);
        else assertEquals(found.length % 3, 0);
      }),
      settings(150),
    );
    await Deno.writeFile(file, Uint8Array.of(...good, ...new Uint8Array(32)));
    assertEquals(await outcome(file, own), wanted); // llama.cpp reads such a file, too
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("absurd sizes cost neither memory nor time: sparse files of terabytes", async () => {
  const folder = await Deno.realPath(await Deno.makeTempDir());
  const peak = () =>
    Number(/VmHWM:\s*(\d+)/.exec(Deno.readTextFileSync("/proc/self/status"))?.[1] ?? 0) / 1024;
  const isLinux = Deno.build.os === "linux", before = isLinux ? peak() : 0;
  try {
    await Deno.copyFile(`${golden}/config.json`, `${folder}/config.json`);
    const beginnings: readonly (readonly [string, Uint8Array])[] = [
      ["model.safetensors", joinSafetensors({}, new Uint8Array(0))],
      ["model.safetensors", Uint8Array.of(255, 255, 255, 255, 255, 0, 0, 0, 123)],
      [
        "model.gguf",
        Uint8Array.of(71, 71, 85, 70, 3, ...new Uint8Array(3), ...Array(16).fill(255)),
      ],
      ["model.gguf", Uint8Array.of(71, 71, 85, 70, 3, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 1)],
    ];
    for (const [name, bytes] of beginnings) {
      const file = `${folder}/${name}`;
      await Deno.writeFile(file, bytes);
      await Deno.truncate(file, 2 ** 41);
      const path = name.endsWith(".gguf") ? file : folder;
      assertNames(await outcome(path) as string, [name, folder], `${name} of two terabytes`);
      await Deno.remove(file);
    }
    if (isLinux) assert(peak() - before < 600, `${peak() - before} MB`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
