import { assert, assertEquals, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import type { JsonObject } from "../../lib/common/key_policy.ts";
import { unpackedSource } from "../../lib/weights/packed_source.ts";
import { packingsOf } from "../../lib/weights/packings/registry.ts";
import { expected, f32, floats, parts, settingsOf, sourceOf, type Stored } from "./stored_parts.ts";

Deno.test("GPTQ: dynamic settings, the first pattern that fits a name decides", async () => {
  const base = settingsOf("gptq_4").quantization_config as JsonObject;
  const dynamic = { "-:.*gate": {}, "+:.*down.*": { bits: 8 }, ".*": { bits: 4 } };
  const all = [await parts("gptq_8", "l.down_proj"), await parts("gptq_4", "l.gate_down")];
  const source = unpackedSource(sourceOf(Object.assign({}, ...all)), {
    quantization_config: { ...base, dynamic },
  });
  assertEquals(await floats(source, "l.down_proj.weight"), await expected("gptq_8"));
  assertEquals(await floats(source, "l.gate_down.weight"), await expected("gptq_4"));
  assertEquals(source.stored!("l.down_proj.weight").format, "int8 (GPTQ)");
  assertThrows(
    () =>
      unpackedSource(sourceOf(all[0]), { quantization_config: { ...base, dynamic: { "(": {} } } }),
    InputError,
    "no regular expression",
  );
  const marlin = { ...base, checkpoint_format: "marlin" };
  assertThrows(() => packingsOf({ quantization_config: marlin }), InputError, "gptq, gptq_v2");
});

/** One matrix `[8, 32]` of GPTQ in four bits: all codes 9, a scale of 1, zeros of the groups' outputs. */
const ofZeros = (word: number): Record<string, Stored> => ({
  "m.qweight": {
    ...{ dtype: "I32", shape: [4, 8] } as const,
    bytes: new Uint8Array(128).fill(0x99),
  },
  "m.scales": f32([1, 8], ...Array<number>(8).fill(1)),
  "m.qzeros": {
    ...{ dtype: "I32", shape: [1, 1] } as const,
    bytes: new Uint8Array(Uint32Array.of(word).buffer),
  },
});

Deno.test("GPTQ: zeros are counted up by words, as they were down, and symmetric ones are half", async () => {
  const ones = 0x11111111, zeros = [0, 3, 15, 0, 8, 1, 0, 15]; // of eight outputs
  const packed = zeros.reduceRight((word, zero) => word * 16 + zero, 0);
  const first = async (word: number, more: JsonObject) => {
    const config = { quant_method: "gptq", bits: 4, group_size: 32, ...more };
    const source = unpackedSource(sourceOf(ofZeros(word)), { quantization_config: config });
    const all = await floats(source, "m.weight");
    return zeros.map((_, output) => all[32 * output]);
  };
  const wanted = zeros.map((zero) => 9 - zero);
  assertEquals(await first(packed, { checkpoint_format: "gptq_v2", sym: false }), wanted);
  assertEquals(
    await first((packed - ones) >>> 0, { checkpoint_format: "gptq", sym: false }),
    wanted,
  );
  const one = Array<number>(8).fill(1); // 9 less 8
  for (const form of ["gptq", "gptq_v2"]) {
    assertEquals(await first(0x88888888, { checkpoint_format: form, sym: true }), one);
  }
  assertEquals(await first(0x77777777, { sym: true }), one);
  assertEquals(await first(0x88888888, { sym: false }), one.map(() => 0)); // zeros of 9
});

Deno.test("MLX: a module's own bits under either name, and as the stored sizes say", async () => {
  const stored = "language_model.model.layers.0.mlp.up_proj";
  const other = "model.language_model.layers.0.mlp.up_proj";
  const patch = "vision_tower.patch_embed.proj.weight";
  const plain = { [patch]: f32([1, 1, 1, 1, 1], 2) };
  for (const own of [{ [stored]: { bits: 6 } }, { [other]: { bits: 6 } }, {}]) {
    const quantization = { group_size: 32, bits: 4, ...own };
    const source = unpackedSource(
      sourceOf({ ...await parts("mlx_6", stored), ...plain }),
      { quantization },
    );
    const name = `${other}.weight`;
    assertEquals([source.info(name).shape, source.stored!(name).format], [[24, 64], "int6 (MLX)"]);
    const [ours, wanted] = [await floats(source, name), await expected("mlx_6")];
    assert(ours.every((value, i) => Math.abs(value - wanted[i]) <= 2 ** -22));
  }
  const wrong = { group_size: 32, bits: 4, [other]: { mode: "mxfp4", bits: 4 } };
  const source = sourceOf(await parts("mlx_4", stored));
  assertThrows(() => unpackedSource(source, { quantization: wrong }), InputError, "mxfp4");
});
