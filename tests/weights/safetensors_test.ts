import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { entry, rawFile, withFolder } from "./helpers.ts";

const golden = "tests/golden";

/** Reads a file independently of the library: plain JSON and slices. */
async function readPlainly(
  path: string,
): Promise<Map<string, { dtype: string; shape: number[]; bytes: Uint8Array }>> {
  const file = await Deno.readFile(path);
  const length = Number(new DataView(file.buffer).getBigUint64(0, true));
  const { __metadata__: _, ...entries } = JSON.parse(
    new TextDecoder().decode(file.subarray(8, 8 + length)),
  );
  return new Map(
    Object.entries(
      entries as Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>,
    )
      .map(([name, { dtype, shape, data_offsets: [begin, end] }]) => {
        return [name, { dtype, shape, bytes: file.slice(8 + length + begin, 8 + length + end) }];
      }),
  );
}

Deno.test("openSafetensors: a single file, every tensor", async () => {
  const plain = await readPlainly(`${golden}/qwen3_vl/model.safetensors`);
  using weights = await openSafetensors(`${golden}/qwen3_vl`);
  assertEquals(weights.names().toSorted(), [...plain.keys()].toSorted());
  assertEquals(weights.metadata, { format: "pt" });
  for (const [name, { dtype, shape, bytes }] of plain) {
    const weight = await weights.readWeight(name, shape);
    assertEquals(weight, { dtype: dtype as "F32", shape, bytes: bytes as Uint8Array<ArrayBuffer> });
    assert(weights.has(name));
  }
});

Deno.test("openSafetensors: shards, each tensor from the one that the index names", async () => {
  const dir = `${golden}/qwen3_vl_bf16`;
  const { weight_map: index, metadata } = JSON.parse(
    await Deno.readTextFile(`${dir}/model.safetensors.index.json`),
  );
  using weights = await openSafetensors(dir);
  assertEquals(weights.names().toSorted(), Object.keys(index).toSorted());
  let total = 0;
  for (const name of weights.names()) {
    const plain = await readPlainly(`${dir}/${index[name]}`);
    const { dtype, bytes } = await weights.readWeight(name);
    assertEquals(dtype, "BF16");
    assertEquals(bytes, plain.get(name)!.bytes);
    total += weights.info(name).byteLength;
  }
  assertEquals(total, metadata.total_size);
});

Deno.test("openSafetensors: questions about tensors that are not as wanted", () =>
  withFolder(async (folder) => {
    const header = { weight: entry("F32", [2, 1], 0, 8), quantised: entry("I8", [8], 8, 16) };
    await Deno.writeFile(`${folder}/model.safetensors`, rawFile(header, new Uint8Array(16)));
    using weights = await openSafetensors(folder);
    assertThrows(() => weights.info("wieght"), InputError, 'nearest are "weight"');
    await assertRejects(() => weights.read("x"), InputError, 'tensor "x"');
    await assertRejects(
      () => weights.readWeight("weight", [1, 2]),
      InputError,
      "[2,1]; wanted [1,2]",
    );
    await assertRejects(() => weights.readWeight("weight", [2]), InputError, "wanted [2]");
    await assertRejects(() => weights.readWeight("quantised"), InputError, "its type is I8");
    assertEquals((await weights.read("quantised")).length, 8);
    assert(!weights.has("wieght"));
  }));

/** A folder with this index, shards `a` and `b`, and a link that leads out of it. */
async function withShards(
  index: unknown,
  body: (folder: string) => Promise<void>,
): Promise<void> {
  await withFolder(async (outside) => {
    const folder = `${outside}/checkpoint`;
    await Deno.mkdir(folder);
    const shard = (name: string) => rawFile({ [name]: entry("F32", [2], 0, 8) }, new Uint8Array(8));
    await Deno.writeFile(`${folder}/a.safetensors`, shard("a"));
    await Deno.writeFile(`${folder}/b.safetensors`, shard("b"));
    await Deno.writeFile(`${outside}/x.safetensors`, shard("x"));
    await Deno.symlink("../x.safetensors", `${folder}/link.safetensors`);
    const text = typeof index === "string" ? index : JSON.stringify(index);
    await Deno.writeTextFile(`${folder}/model.safetensors.index.json`, text);
    await body(folder);
  });
}

const map = (weights: Record<string, unknown>) => ({ metadata: {}, weight_map: weights });

const badIndexes: [string, unknown, string][] = [
  ["is no JSON", "<html>", "it is not JSON"],
  ["has no weight_map", {}, 'wanted an object "weight_map"'],
  ["has a list as weight_map", { weight_map: [] }, 'wanted an object "weight_map"'],
  ["is empty", map({}), '"weight_map" is empty'],
  ["names something else than a file", map({ a: 7 }), '"7"; wanted the name'],
  ["names a pickle", map({ a: "a.bin" }), "wanted the name of a .safetensors file"],
  [
    "names a tensor twice",
    '{"weight_map":{"a":"a.safetensors","a":"b.safetensors"}}',
    'names "a" twice',
  ],
  [
    "names a shard that is missing",
    map({ a: "a.safetensors", c: "c.safetensors" }),
    'says that tensor "c" is in it',
  ],
  ["names a tensor that its shard lacks", map({ b: "a.safetensors" }), 'it has no tensor "b"'],
  ["leaves the folder", map({ x: "../x.safetensors" }), "it leaves the folder"],
  ["names an absolute path", map({ x: "/x.safetensors" }), "absolute path"],
  ["names a link out of the folder", map({ x: "link.safetensors" }), "leads out of the folder"],
];

for (const [what, index, message] of badIndexes) {
  Deno.test(`openSafetensors: refuses an index that ${what}`, () =>
    withShards(index, async (folder) => {
      await assertRejects(() => openSafetensors(folder), InputError, message);
    }));
}

Deno.test("openSafetensors: a tensor in two shards is an error; one that the index forgot is there", () =>
  withShards(map({ a: "a.safetensors", b: "b.safetensors" }), async (folder) => {
    const data = new Uint8Array(16);
    const both = { b: entry("F32", [2], 0, 8), c: entry("F32", [2], 8, 16) };
    await Deno.writeFile(`${folder}/b.safetensors`, rawFile(both, data));
    using weights = await openSafetensors(folder);
    assertEquals(weights.names(), ["a", "b", "c"]);
    const twice = { b: entry("F32", [2], 0, 8), a: entry("F32", [2], 8, 16) };
    await Deno.writeFile(`${folder}/b.safetensors`, rawFile(twice, data));
    await assertRejects(() => openSafetensors(folder), InputError, 'tensor "a" is in');
  }));

Deno.test("openSafetensors: a single file that is a link out of the folder is refused", () =>
  withFolder(async (outside) => {
    await Deno.mkdir(`${outside}/checkpoint`);
    await Deno.writeFile(`${outside}/x.safetensors`, rawFile("{}"));
    await Deno.symlink("../x.safetensors", `${outside}/checkpoint/model.safetensors`);
    const open = () => openSafetensors(`${outside}/checkpoint`);
    await assertRejects(open, InputError, "leads out of the folder");
  }));

Deno.test("openSafetensors: says what a folder without weights holds", () =>
  withFolder(async (folder) => {
    const open = () => openSafetensors(folder);
    await assertRejects(open, InputError, "found 0 other files");
    await Deno.writeTextFile(`${folder}/pytorch_model.bin`, "");
    await assertRejects(open, InputError, 'found "pytorch_model.bin"; a pickle is not read');
    await assertRejects(() => openSafetensors(`${folder}/none`), InputError, "no such directory");
  }));

Deno.test("openSafetensors: fuzzed files and indexes end in weights or in an InputError", () =>
  withFolder(async (folder) => {
    const valid = rawFile(
      { a: entry("F32", [2], 0, 8), b: entry("F16", [2, 2], 8, 16) },
      new Uint8Array(16),
    );
    const index = JSON.stringify(map({ a: "s.safetensors", b: "s.safetensors" }));
    const survives = async (path: string) => {
      try {
        using weights = await openSafetensors(path);
        for (const name of weights.names()) {
          assertEquals((await weights.read(name)).length, weights.info(name).byteLength);
        }
      } catch (error) {
        assert(error instanceof InputError, String(error));
      }
    };
    const change = fc.array(
      fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), to: fc.nat(255) }),
      {
        maxLength: 4,
      },
    );
    await fc.assert(
      fc.asyncProperty(change, change, fc.nat(valid.length), async (inFile, inIndex, cut) => {
        const damage = (bytes: Uint8Array, changes: typeof inFile) => {
          for (const { at, to } of changes) bytes[Math.floor(at * (bytes.length - 1))] = to;
          return bytes;
        };
        const file = damage(valid.slice(), inFile);
        await Deno.writeFile(`${folder}/s.safetensors`, file);
        const text = damage(new TextEncoder().encode(index), inIndex);
        await Deno.writeFile(`${folder}/model.safetensors.index.json`, text);
        await survives(folder);
        await Deno.writeFile(`${folder}/cut.safetensors`, file.subarray(0, cut));
        await survives(`${folder}/cut.safetensors`);
      }),
      { numRuns: 300 },
    );
  }));
