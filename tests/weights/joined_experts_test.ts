import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { joinedExperts, joinedHeaders } from "../../lib/weights/joined_experts.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import type { WeightSource } from "../../lib/weights/weight_source.ts";
import { entry, rawFile, withFolder } from "./helpers.ts";

const prefix = "model.layers.0.mlp.experts";

/** One file with experts one by one: I = 2, D = 3, each value the number of its weight. */
async function withExperts(
  names: readonly string[],
  body: (source: WeightSource) => void | Promise<void>,
  shapeOf: (name: string) => [number, number] = (name) => name.includes("down") ? [3, 2] : [2, 3],
) {
  const tensors: Record<string, unknown> = { "a.weight": entry("BF16", [1], 0, 2) };
  const data = new Uint16Array(1 + 6 * names.length);
  names.forEach((name, i) => {
    tensors[name] = entry("BF16", shapeOf(name), 2 + 12 * i, 14 + 12 * i);
    data.fill(i + 1, 1 + 6 * i, 7 + 6 * i);
  });
  await withFolder(async (folder) => {
    await Deno.writeFile(
      `${folder}/model.safetensors`,
      rawFile(tensors, new Uint8Array(data.buffer)),
    );
    using source = await openSafetensors(folder);
    await body(source);
  });
}

const all = [0, 1].flatMap((expert) =>
  ["down", "up", "gate"].map((kind) => `${prefix}.${expert}.${kind}_proj.weight`)
);

Deno.test("experts one by one become one weight of gates and ups, and one of downs", () =>
  withExperts(all, async (source) => {
    const joined = joinedExperts(source);
    assertEquals(joined.names(), ["a.weight", `${prefix}.down_proj`, `${prefix}.gate_up_proj`]);
    assert(joined.has(`${prefix}.gate_up_proj`) && joined.has("a.weight"));
    const { bytes, shape, dtype } = await joined.readWeight(`${prefix}.gate_up_proj`, [2, 4, 3]);
    assertEquals([dtype, ...shape], ["BF16", 2, 4, 3]);
    // gate and up of the first expert are weights 3 and 2 of the file, of the second 6 and 5
    const wanted = [3, 2, 6, 5].flatMap((value) => Array<number>(6).fill(value));
    assertEquals([...new Uint16Array(bytes.buffer)], wanted);
    const down = await joined.readWeight(`${prefix}.down_proj`);
    assertEquals([...down.shape], [2, 3, 2]);
    const downs = [1, 4].flatMap((value) => Array<number>(6).fill(value));
    assertEquals([...new Uint16Array(down.bytes.buffer)], downs);
    assertEquals(joined.info(`${prefix}.down_proj`).byteLength, 24);
    await assertRejects(() => joined.readWeight(`${prefix}.down_proj`, [2, 2, 3]), InputError);
    assertEquals((await joined.readWeight("a.weight")).shape, [1]);
  }));

Deno.test("experts one by one in blocks of one format become one weight in blocks", () =>
  withExperts(all, async (source) => {
    const format = { name: "threes", elements: 3, bytes: 1, unpack: () => new Float32Array() };
    const other = { ...format, name: "others" };
    const packed: WeightSource = {
      ...source,
      packedAs: (name) =>
        name === "a.weight"
          ? null
          : name === all[1]
          ? other
          : name.includes("down")
          ? null
          : format,
      readPacked: (name) =>
        Promise.resolve({ bytes: Uint8Array.of(all.indexOf(name), 9), format, shape: [2, 3] }),
    };
    const joined = joinedExperts(packed);
    assertEquals(joined.packedAs!(`${prefix}.down_proj`), null);
    assertEquals(joined.packedAs!(`${prefix}.gate_up_proj`), null); // one of another format
    const alike = joinedExperts({
      ...packed,
      packedAs: (name) => /gate|up/.test(name) ? format : null,
    });
    assertEquals(alike.packedAs!(`${prefix}.gate_up_proj`), format);
    const found = await alike.readPacked!(`${prefix}.gate_up_proj`, [2, 4, 3]);
    assertEquals([...found!.bytes], [2, 9, 1, 9, 5, 9, 4, 9]);
    await assertRejects(() => alike.readPacked!(`${prefix}.gate_up_proj`, [2, 3, 4]), InputError);
  }));

Deno.test("experts with a gap stay as they are, of two shapes are an error, of none are no matter", async () => {
  await withExperts(all.slice(1), (source) => {
    assertStrictEquals(joinedHeaders(source), source);
    assertStrictEquals(joinedExperts(source), source);
  });
  await withExperts(["b.weight"], (source) => assertStrictEquals(joinedExperts(source), source));
  const shapes = (name: string): [number, number] => name.includes("1.gate") ? [3, 2] : [2, 3];
  await withExperts(all, (source) => {
    const info = () => joinedHeaders(source).info(`${prefix}.gate_up_proj`);
    assertThrows(info, InputError, "wanted the same");
  }, shapes);
});
