import { assertEquals, assertRejects } from "@std/assert";
import fc from "fast-check";
import { InputError } from "../../lib/common/errors.ts";
import { decode } from "../../lib/weights/dtypes.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { withFolder } from "./helpers.ts";

const golden = "tests/golden";

for (
  const path of [
    `${golden}/qwen3_vl/model.safetensors`,
    `${golden}/qwen3_vl_bf16/model-00001-of-00002.safetensors`,
    `${golden}/qwen3_vl/expected/image.safetensors`,
  ]
) {
  Deno.test(`writeSafetensors: the same bytes as the reference implementation, ${path}`, () =>
    withFolder(async (folder) => {
      using source = await openSafetensors(path);
      const tensors: Record<string, TensorToWrite> = {};
      for (const name of source.names().toReversed()) {
        const { dtype, shape } = source.info(name);
        tensors[name] = { dtype, shape, data: await source.read(name) };
      }
      const notes = Object.keys(source.metadata).length > 0 ? source.metadata : undefined;
      await writeSafetensors(`${folder}/copy.safetensors`, tensors, notes);
      const copy = await Deno.readFile(`${folder}/copy.safetensors`);
      assertEquals(copy, await Deno.readFile(path));
    }));
}

Deno.test("writeSafetensors: values and bfloat16 words of a checkpoint survive float32", () =>
  withFolder(async (folder) => {
    using source = await openSafetensors(`${golden}/qwen3_vl_bf16`);
    const tensors: Record<string, TensorToWrite> = {};
    for (const name of source.names()) {
      const { dtype, shape } = source.info(name);
      const data = decode(await source.read(name), dtype) as Float32Array;
      tensors[name] = { dtype: "BF16", shape, data };
    }
    await writeSafetensors(`${folder}/model.safetensors`, tensors, { format: "pt" });
    using copy = await openSafetensors(folder);
    assertEquals(copy.metadata, { format: "pt" });
    assertEquals(copy.names().toSorted(), source.names().toSorted());
    for (const name of source.names()) {
      assertEquals(await copy.read(name), await source.read(name));
    }
  }));

const shape = fc.array(fc.nat(4), { maxLength: 4 });
const tensor: fc.Arbitrary<TensorToWrite> = shape.chain((shape) => {
  const count = shape.reduce((product, axis) => product * axis, 1);
  const size = { minLength: count, maxLength: count };
  return fc.oneof(
    fc.float32Array(size),
    fc.int32Array(size),
    fc.uint8Array(size),
    fc.bigInt64Array(size),
  ).map((data) => ({ shape, data }));
});

Deno.test("writeSafetensors: what is written is read back", () =>
  withFolder(async (folder) => {
    const name = fc.string({ unit: "binary" }).filter((name) =>
      name !== "__metadata__" && name.isWellFormed()
    );
    await fc.assert(
      fc.asyncProperty(fc.dictionary(name, tensor, { noNullPrototype: true }), async (tensors) => {
        await writeSafetensors(`${folder}/x.safetensors`, tensors);
        const content = await readSafetensorsFile(`${folder}/x.safetensors`);
        assertEquals(content.tensors.size, Object.keys(tensors).length);
        for (const [name, { shape, data }] of Object.entries(tensors)) {
          const back = content.tensors.get(name)!;
          assertEquals(back.shape, shape);
          assertEquals(back.data, data);
        }
      }),
      { numRuns: 60 },
    );
  }));

Deno.test("writeSafetensors: what does not fit is refused and nothing is written", () =>
  withFolder(async (folder) => {
    const data = new Float32Array(6);
    const refused = async (name: string, tensor: TensorToWrite, message: string) => {
      const write = () => writeSafetensors(`${folder}/x.safetensors`, { [name]: tensor });
      await assertRejects(write, InputError, message);
    };
    await refused("a", { shape: [2, 2], data }, "shape [2,2] wants 4 values, found 6");
    await refused("a", { shape: [-2, -3], data }, "none negative");
    await refused(
      "a",
      { shape: [6], data, dtype: "I32" },
      "a Float32Array cannot be stored as I32",
    );
    await refused("a", { shape: [6], data: new Int32Array(6), dtype: "BF16" }, "cannot be stored");
    await refused("a", { shape: [2], data: new Uint8Array(5), dtype: "BF16" }, "found 2.5");
    await refused("__metadata__", { shape: [6], data }, "reserves");
    assertEquals(await Array.fromAsync(Deno.readDir(folder)), []);
  }));
