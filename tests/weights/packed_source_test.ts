import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import type { JsonObject } from "../../lib/common/key_policy.ts";
import { joinedExperts } from "../../lib/weights/joined_experts.ts";
import { unpackedHeaders, unpackedSource } from "../../lib/weights/packed_source.ts";
import { float8 } from "../../lib/weights/packings/layout.ts";
import { packingsOf } from "../../lib/weights/packings/registry.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { testKernels } from "../suites/golden.ts";
import { withFolder } from "./helpers.ts";
import { expected, f32, floats, parts, settingsOf, sourceOf } from "./stored_parts.ts";

const groupOf = (name: string) =>
  ((settingsOf(name).quantization_config as JsonObject).config_groups as JsonObject)
    .group_0 as JsonObject;

Deno.test("config_groups: each module is stored as the group says whose target fits its name best", async () => {
  const layer = "model.layers.";
  const modules: readonly [module: string, name: string][] = [
    [`${layer}0.mlp.down_proj`, "ct_w8_channel"], // by its name
    [`${layer}1.mlp.down_proj`, "ct_int3_group"], // by a pattern
    [`${layer}1.self_attn.q_proj`, "ct_fp8_channel"], // by a pattern from its beginning on
    [`${layer}1.mlp.up_proj`, "ct_int4_zeros"], // by its class, as the last two
    [`${layer}2.self_attn.q_proj`, "ct_int4_zeros"],
    [`x.${layer}1.self_attn.q_proj`, "ct_int4_zeros"],
  ];
  const formats: Readonly<Record<string, string>> = {
    ct_w8_channel: "int-quantized",
    ct_fp8_channel: "float-quantized",
  };
  const targets: Readonly<Record<string, readonly string[]>> = {
    ct_int4_zeros: ["Linear"],
    ct_int3_group: ["re:.*down_proj"],
    ct_w8_channel: [`${layer}0.mlp.down_proj`, "layers.1.mlp.up_proj"],
    ct_fp8_channel: ["re:model\\.layers\\.[01]\\.self_attn\\..*"],
  };
  const config_groups = Object.fromEntries(
    Object.entries(targets).map(([name, own], i) => [`group_${i}`, {
      ...groupOf(name),
      targets: own,
      format: formats[name] ?? "pack-quantized",
    }]),
  );
  const quantization_config = {
    quant_method: "compressed-tensors",
    ...{ format: "mixed-precision", ignore: ["re:.*lm_head"], config_groups },
  };
  const all = await Promise.all(modules.map(([module, name]) => parts(name, module)));
  const cache = { [`${layer}0.self_attn.k_scale`]: f32([1], 2) };
  const plain = { "lm_head.weight": f32([1, 2], 3, 4) };
  const stored = sourceOf(Object.assign({}, ...all, cache, plain));
  const source = unpackedSource(stored, { quantization_config });
  const names = [...modules.map(([module]) => `${module}.weight`), "lm_head.weight"];
  assertEquals([...source.names()].sort(), names.sort());
  for (const [module, name] of modules) {
    assertEquals(await floats(source, `${module}.weight`), await expected(name), module);
  }
  const without = {
    ...quantization_config,
    config_groups: { a: config_groups.group_1, b: config_groups.group_2 },
  };
  const error = assertThrows(
    () => unpackedSource(stored, { quantization_config: without }),
    InputError,
  );
  assert(error.message.includes(`${layer}1.mlp.up_proj`), error.message);
  assert(error.message.includes("none of 2 config_groups"), error.message);
});

Deno.test("compressed-tensors: what unpacking alone would not undo is refused", () => {
  const own = settingsOf("ct_int4_group").quantization_config as JsonObject;
  const refused: [JsonObject, string][] = [
    [{ transform_config: { config_groups: { R1: {} } } }, "transform_config"],
    [{ sparsity_config: { format: "sparse-24-bitmask" } }, "sparse-24-bitmask"],
    [
      { config_groups: { a: groupOf("ct_int4_group"), b: { format: "nvfp4-pack-quantized" } } },
      "nvfp4",
    ],
  ];
  for (const [more, message] of refused) {
    const config = { quantization_config: { ...own, ...more } };
    assertThrows(() => packingsOf(config), InputError, message);
  }
  const idle = { transform_config: { config_groups: {} }, sparsity_config: { format: "dense" } };
  assertEquals(packingsOf({ quantization_config: { ...own, ...idle } }).length, 1);
});

Deno.test("zeros and offsets that must be there are missed, and told", async () => {
  for (
    const [name, part, role] of [
      ["awq", "qzeros", "zeros"],
      ["gptq_4", "qzeros", "zeros"],
      ["ct_int4_zeros", "weight_zero_point", "zeros"],
      ["mlx_4", "biases", "offsets"],
    ]
  ) {
    const left = await parts(name, "m", (own, stored) => own === part ? {} : { [own]: stored });
    const message = `Cannot unpack "m" of folder: its ${role} are missing; wanted 48 of them`;
    assertThrows(() => unpackedHeaders(sourceOf(left), settingsOf(name)), InputError, message);
  }
});

Deno.test("8-bit floats: one scale, or one for each output, under either name and of any shape", async () => {
  const scales: [name: string, shape: number[]][] = [
    ...[[], [1], [1, 1]].map((shape): [string, number[]] => ["ct_fp8_tensor", shape]),
    ...[[24], [24, 1]].map((shape): [string, number[]] => ["ct_fp8_channel", shape]),
  ];
  const configs: JsonObject[] = [
    { quant_method: "fp8", activation_scheme: "static" },
    { quant_method: "fp8", activation_scheme: "dynamic", weight_block_size: null },
    { quant_method: "fbgemm_fp8" },
    { quant_method: "modelopt", quant_algo: "FP8", kv_cache_quant_algo: "FP8" },
  ];
  for (const [name, shape] of scales) {
    for (const end of ["weight_scale", "weight_scale_inv"]) {
      const own = await parts(
        name,
        "m",
        (part, stored) =>
          part === "weight_scale" ? { [end]: { ...stored, shape } } : { [part]: stored },
      );
      const more = {
        "m.input_scale": f32([1], 5),
        "model.layers.0.self_attn.k_proj.k_scale": f32([], 6),
      };
      for (const quantization_config of configs) {
        const source = unpackedSource(sourceOf({ ...own, ...more }), { quantization_config });
        assertEquals(source.names(), ["m.weight"]);
        assertEquals(await floats(source, "m.weight"), await expected(name));
      }
    }
  }
  assertEquals(
    packingsOf({ quantization_config: { quant_method: "modelopt", quant_algo: "NVFP4" } }),
    [],
  );
});

/** 8-bit floats with a scale for each block, and the weight `[E, rows, inputs]` that they stand for. */
function experts([count, rows, inputs]: number[], [down, across]: number[], seed: number) {
  const codes = Uint8Array.from({ length: count * rows * inputs }, (_, i) => (i * 37 + seed) % 127);
  const perExpert = [Math.ceil(rows / down), Math.ceil(inputs / across)];
  const scales = Array.from({ length: count * perExpert[0] * perExpert[1] }, (_, i) => (i + 1) / 8);
  const values = Float32Array.from(codes, (code, i) => {
    const expert = Math.floor(i / (rows * inputs)), row = Math.floor(i / inputs) % rows;
    const block = Math.floor(row / down) * perExpert[1] + Math.floor(i % inputs / across);
    return float8(code, 4) * scales[expert * perExpert[0] * perExpert[1] + block];
  });
  const stored = {
    codes: { dtype: "F8_E4M3", shape: [count, rows, inputs], bytes: codes } as const,
    scales: f32([count, ...perExpert], ...scales),
  };
  return { stored, values };
}

Deno.test("8-bit floats of all experts in one tensor have the blocks of each expert", async () => {
  const { stored, values } = experts([3, 32, 40], [16, 16], 1);
  const module = "model.layers.0.mlp.experts";
  const tensors = {
    [`${module}.down_proj`]: stored.codes,
    [`${module}.down_proj_scale_inv`]: stored.scales,
    [`${module}.down_proj_activation_scale`]: f32([3], 1, 1, 1),
  };
  const config = (size: number[]) => ({
    quantization_config: { quant_method: "fp8", weight_block_size: size },
  });
  const source = unpackedSource(sourceOf(tensors), config([16, 16]));
  assertEquals(source.names(), [`${module}.down_proj`]);
  assertEquals(source.info(`${module}.down_proj`).shape, [3, 32, 40]);
  assertEquals(await floats(source, `${module}.down_proj`), values);
  assertThrows(
    () => unpackedSource(sourceOf(tensors), config([20, 16])),
    InputError,
    "its experts have 32 rows each; wanted a multiple of the 20 rows of a block",
  );
});

Deno.test("packed experts one by one are put into blocks by the kernels", () =>
  withFolder(async (folder) => {
    const prefix = "model.layers.0.mlp.experts", kernels = await testKernels();
    const tensors: Record<string, TensorToWrite> = {}, wanted: Float32Array[] = [];
    for (const expert of [0, 1]) {
      ["gate", "up", "down"].forEach((kind, i) => {
        const { stored, values } = experts([1, 8, 64], [4, 32], 10 * expert + i);
        const name = `${prefix}.${expert}.${kind}_proj.weight`;
        tensors[name] = { ...stored.codes, shape: [8, 64], data: stored.codes.bytes };
        const data = new Float32Array(stored.scales.bytes.buffer);
        tensors[`${name}_scale_inv`] = { shape: [2, 2], data };
        if (kind !== "down") wanted.push(values);
      });
    }
    await writeSafetensors(`${folder}/model.safetensors`, tensors);
    const quantization_config = { quant_method: "fp8", weight_block_size: [4, 32] };
    using stored = await openSafetensors(folder);
    const source = joinedExperts(unpackedSource(stored, { quantization_config }));
    const name = `${prefix}.gate_up_proj`, all = wanted.flatMap((values) => [...values]);
    assertEquals([...await floats(source, name)], all);
    const codes = (await source.readGroups!(name, [2, 16, 64]))!;
    assertEquals(codes.length, 4);
    await assertRejects(() => source.readGroups!(name, [2, 64, 16]), InputError);
    if (!kernels.files) return;
    const weight = kernels.files.groupedWeight(codes, [2, 16, 64]);
    assertEquals([weight.shape, [...kernels.readSync(weight)]], [[2, 16, 64], all]);
    kernels.dispose(weight);
  }));
