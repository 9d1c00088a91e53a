import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import fc from "fast-check";
import { inOrder } from "../../lib/backend/packed_shape.ts";
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { InputError } from "../../lib/common/errors.ts";
import { unpackedHeaders, unpackedSource } from "../../lib/weights/packed_source.ts";
import { groupedCodes } from "../../lib/weights/packings/group_plan.ts";
import { groupsOf, intoGroups } from "../../lib/weights/packings/groups.ts";
import {
  blocksOf,
  type CodeLayout,
  type PackedLayout,
  type PackedParts,
  wordsOf,
} from "../../lib/weights/packings/layout.ts";
import { Random } from "../../lib/stats/random.ts";
import { packings, packingsOf } from "../../lib/weights/packings/registry.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import type { WeightSource } from "../../lib/weights/weight_source.ts";
import {
  float32Tensor,
  readSafetensorsFile,
  type SafetensorsContent,
} from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import type { TensorInfo } from "../../lib/weights/safetensors_header.ts";
import { testKernels } from "../suites/golden.ts";

const file = "tests/golden/packed/matrices.safetensors";
const golden: SafetensorsContent = await readSafetensorsFile(file);
const cases = Object.keys(golden.metadata).sort();
const settings = (name: string) => JSON.parse(golden.metadata[name]);

/** The tensors of one case, as those of a module `m`, with some changed. */
async function openCase(
  name: string,
  change: (part: string, info: TensorInfo) => TensorInfo | null = (_, info) => info,
): Promise<WeightSource> {
  const source = await openSafetensors(file);
  const infos = new Map<string, TensorInfo>();
  for (const own of source.names()) {
    const part = own.startsWith(`${name}.`) ? own.slice(name.length + 1) : "expected";
    const info = part === "expected" ? null : change(part, source.info(own));
    if (info) infos.set(`m.${part}`, info);
  }
  const stored = (own: string) => `${name}.${own.slice(2)}`;
  return {
    path: "folder",
    metadata: {},
    names: () => [...infos.keys()],
    has: (own) => infos.has(own),
    info: (own) => infos.get(own)!,
    read: (own) => source.read(stored(own)),
    readWeight: () => Promise.reject(new Error("not plain")),
    lying: (own, as) => source.lying!(stored(own), as),
    close: () => source.close(),
    [Symbol.dispose]: () => source.close(),
  };
}

/** The blocks in which each case stays. */
const blocks: Readonly<Record<string, string>> = {
  ...{ awq: "G4_32", ct_int3_group: "G4_32", ct_int4_group: "G4_32", ct_int4_zeros: "G4_32" },
  ...{ ct_int8_channel: "G8_32", ct_w8_channel: "G8_32" },
  ...{ mlx_2: "A4_32", mlx_3: "A4_32", mlx_4: "A4_32" },
  ...{ mlx_6: "A6_32", mlx_8: "A8_32" },
  ...{ gptq_2: "G4_32", gptq_3_act: "G4_32", gptq_4: "G4_32", gptq_8: "A8_32" },
  ...{ gptq_v2_4_act: "G4_32", ct_fp8_channel: "F8_32", ct_fp8_tensor: "F8_32" },
  ...{ fbgemm: "F8_32", fp8_all: "F8_128" }, // fp8_block has blocks of 48 inputs
};

for (const name of cases) {
  Deno.test(`${name}: the unpacked weight is that of the reference`, async () => {
    using source = unpackedSource(await openCase(name), settings(name));
    assertEquals(source.names(), ["m.weight"]);
    const { data, shape } = float32Tensor(golden, `${name}.expected`);
    const { bytes, dtype } = await source.readWeight("m.weight", shape);
    assertEquals([dtype, source.info("m.weight").byteLength], ["F32", 4 * data.length]);
    const ours = widenToFloat32(bytes, "F32");
    // MLX rounds the product before it adds the offset
    const bound = name.startsWith("mlx") ? 2 ** -22 : 0;
    const wrong = ours.findIndex((value, i) =>
      Number.isNaN(data[i]) ? !Number.isNaN(value) : !(Math.abs(value - data[i]) <= bound)
    );
    assertEquals(wrong, -1, `element ${wrong}: ${ours[wrong]}, wanted ${data[wrong]}`);
    const stored = source.stored!("m.weight");
    assert(stored.byteLength < 0.7 * 4 * data.length, JSON.stringify(stored));
    const format = source.packedAs!("m.weight");
    assertEquals(format?.name ?? null, blocks[name] ?? null);
    if (!format) return void await assertRejects(() => source.readPacked!("m.weight"), InputError);
    const packed = (await source.readPacked!("m.weight", shape))!;
    assertEquals(packed.bytes.length, data.length / format.elements * format.bytes);
    assertEquals(inOrder(format.unpack(packed.bytes), packed.order), ours);
    const kernels = await testKernels(), codes = await source.readGroups!("m.weight", shape);
    if (!kernels.files) return;
    const weight = kernels.files.groupedWeight(codes!, shape); // the same, put into blocks by the kernels
    const seen = kernels.readSync(weight);
    assert(ours.every((value, i) => Object.is(value + 0, seen[i] + 0)), name); // also NaN
    kernels.dispose(weight);
  });

  Deno.test(`${name}: a missing part and one of another size are told`, async () => {
    const parts = [...golden.tensors.keys()].filter((own) => own.startsWith(`${name}.`))
      .map((own) => own.slice(name.length + 1)).filter((part) => part !== "expected");
    for (
      const part of parts.filter((one) => !/weight_shape|^(q?weight|weight_packed)$/.test(one))
    ) {
      const longer = (own: string, info: TensorInfo) =>
        own === part ? { ...info, shape: [...info.shape.slice(0, -1), 7] } : info;
      using source = await openCase(name, longer);
      const error = assertThrows(() => unpackedHeaders(source, settings(name)), InputError);
      assert(error.message.includes('"m" of folder') && error.message.includes("wanted"));
    }
    for (const part of parts.filter((one) => /zero|biases|scale/.test(one))) {
      using source = await openCase(name, (own, info) => own === part ? null : info);
      let left: readonly string[] = [];
      try {
        left = unpackedHeaders(source, settings(name)).names();
      } catch (error) {
        assert(error instanceof InputError && error.message.includes("missing"), `${error}`);
        continue;
      }
      // without scales nothing is unpacked, and the loader names the parts that it does not know
      if (/scale/.test(part)) {
        assert(left.length > 1 || left[0] !== "m.weight" || parts.length === 2);
      }
    }
  });
}

Deno.test("kernels put codes into blocks wherever they lie", async () => {
  const kernels = await testKernels();
  if (!kernels.files) return;
  const random = new Random(5), path = await Deno.makeTempFile();
  const unsigned = { kind: "unsigned", less: 0 } as const, signed = { kind: "signed" } as const;
  const ways = [1, 2, 3, 4, 5, 6, 7, 8].flatMap((bits) =>
    (["inputs", "outputs"] as const).flatMap((along) =>
      (["together", "apart"] as const).flatMap((words) =>
        [unsigned, signed].map((level) => ({ bits, along, words, level }))
      )
    )
  );
  const places = [0, 4, 1, 5, 2, 6, 3, 7];
  const codes: CodeLayout[] = [...ways, { ...ways.find(({ bits }) => bits === 4)!, places }];
  for (const layoutOfCodes of codes) {
    const [outputs, inputs] = [70, 192], { bits, along, level } = layoutOfCodes;
    const offsets = level.kind === "unsigned" && random.integer(2) === 0;
    const layout: PackedLayout = {
      shape: [outputs, inputs],
      codes: layoutOfCodes,
      block: { outputs: 1 + random.integer(2), inputs: 64, transposed: random.integer(2) === 0 },
      ...offsets ? {} : { zeros: { ...ways[6], bits: Math.min(bits, 6), along: "outputs" } },
    };
    const [rows, columns] = blocksOf(layout), groups = rows * columns;
    const words = along === "inputs"
      ? outputs * wordsOf(inputs, bits)
      : inputs * wordsOf(outputs, bits);
    const bytes = (count: number) => Uint8Array.from({ length: count }, () => random.integer(256));
    const floats = () =>
      Float32Array.from({ length: groups }, () => Math.f16round(random.normal()));
    const parts: PackedParts = {
      codes: bytes(4 * words),
      scales: floats(),
      offsets: offsets ? floats() : undefined,
      zeros: offsets ? undefined : bytes(4 * columns * wordsOf(rows, Math.min(bits, 6))),
    };
    const format = groupsOf(layout, parts)!;
    const order = random.integer(2) === 0
      ? Int32Array.from({ length: inputs }, (_, i) => (5 * i + 1) % inputs)
      : undefined;
    const wanted = inOrder(format.unpack(intoGroups(layout, parts, format, order)), order);
    const content = new Uint8Array(parts.codes.length + 3);
    content.set(parts.codes, 3);
    await Deno.writeFile(path, content);
    const { ino, size } = await Deno.stat(path);
    const file = { path, shownAs: path, inode: ino!, size };
    const lying = { file, ranges: [[3, parts.codes.length]] as const };
    const weight = kernels.files.groupedWeight(
      [groupedCodes(layout, parts, lying, format, order)],
      layout.shape,
    );
    const seen = kernels.readSync(weight);
    const wrong = wanted.findIndex((value, i) => value !== seen[i]);
    assertEquals(wrong, -1, `${JSON.stringify(layout)}: ${seen[wrong]}, wanted ${wanted[wrong]}`);
    kernels.dispose(weight);
  }
  await Deno.remove(path);
});

Deno.test("every packing has a case, and plain weights have none", () => {
  const seen = new Set(cases.flatMap((name) => packingsOf(settings(name)).map((by) => by.packing)));
  assertEquals(seen, new Set(packings));
  for (const config of [{}, { quantization_config: null }, { quantization: { bits: 4 } }]) {
    assertEquals(packingsOf(config), []);
  }
});

/** One unsupported setting a line: the case, what it is given in its place, what the error says. */
const refused: [string, Record<string, unknown>, string][] = [
  ["awq", { quant_method: "awq", bits: 4, group_size: 32, version: "gemv" }, "supported is gemm"],
  ["awq", { quant_method: "awq", bits: 3, group_size: 32 }, "supported are 4"],
  ["awq", { quant_method: "awq", bits: 4, group_size: 0 }, '"group_size"'],
  ["gptq_4", { quant_method: "gptq", bits: 5, group_size: 32 }, "2, 3, 4, 8"],
  ["gptq_4", { quant_method: "gptq", bits: 4 }, '"group_size": nothing'],
  ["gptq_4", { quant_method: "gptq", bits: 4, group_size: 16 }, "its scales are 48 numbers"],
  ["fp8_block", { quant_method: "fp8", weight_block_size: [128] }, "two whole numbers"],
  [
    "ct_int4_group",
    { quant_method: "compressed-tensors", format: "nvfp4-pack-quantized" },
    "nvfp4",
  ],
  [
    "ct_int4_group",
    { quant_method: "compressed-tensors", format: "pack-quantized", config_groups: {} },
    "none of 0 config_groups",
  ],
];

for (const [name, quantization_config, message] of refused) {
  Deno.test(`${name}: refuses ${message}`, async () => {
    using source = await openCase(name);
    assertThrows(() => unpackedHeaders(source, { quantization_config }), InputError, message);
  });
}

Deno.test("groups that lead nowhere are refused", async () => {
  const name = "gptq_3_act", dir = await Deno.makeTempDir();
  const tensors = new Map<string, TensorToWrite>();
  for (const [own, { dtype, shape, data }] of golden.tensors) {
    const [, part] = own.split(".");
    if (own !== `${name}.${part}` || part === "expected") continue;
    const wrong = () => Int32Array.from(data as Int32Array, (group) => group + 9);
    tensors.set(`m.${part}`, {
      dtype: dtype === "F16" ? "F32" : dtype,
      shape,
      data: part === "g_idx" ? wrong() : data,
    } as TensorToWrite);
  }
  await writeSafetensors(`${dir}/model.safetensors`, Object.fromEntries(tensors));
  using source = unpackedSource(await openSafetensors(dir), settings(name));
  await assertRejects(() => source.read("m.weight"), InputError, "numbers outside 0 to 1");
  await Deno.remove(dir, { recursive: true });
});

Deno.test("settings of any kind end in a layout or in an InputError", async () => {
  using source = await openCase("ct_int4_zeros");
  const value = fc.oneof(fc.jsonValue(), fc.constantFrom(1, 4, 8, 32, "group", "channel", "int"));
  const method = fc.constantFrom(...["awq", "gptq", "fp8", "compressed-tensors", "fbgemm_fp8"]);
  fc.assert(
    fc.property(
      method,
      fc.dictionary(fc.constantFrom("bits", "group_size", "version", "format", "num_bits"), value),
      fc.dictionary(fc.constantFrom("num_bits", "strategy", "group_size", "type"), value),
      (quant_method, own, weights) => {
        const group = { weights };
        const quantization_config = { quant_method, ...own, config_groups: { group_0: group } };
        try {
          unpackedHeaders(source, { quantization_config });
          unpackedHeaders(source, { quantization: { ...own, ...weights } });
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          assert(error.message.length < 600);
        }
      },
    ),
    { numRuns: 300 },
  );
});
