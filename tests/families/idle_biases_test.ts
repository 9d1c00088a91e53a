import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../../lib/common/errors.ts";
import { checkIdleBias } from "../../lib/families/idle_biases.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { matchWeights } from "../../lib/families/match_weights.ts";
import { openWeights } from "../../lib/weights/weights.ts";
import type { WeightSource } from "../../lib/weights/weight_source.ts";

const folder = "tests/golden/packed/fp8";
const module = "model.language_model.layers.0.mlp.down_proj", bias = `${module}.bias`;

/** The golden checkpoint with one more tensor. */
async function withBias(name: string, values: number[]): Promise<WeightSource> {
  const source = await openWeights(folder),
    bytes = new Uint8Array(Float32Array.from(values).buffer);
  const info = {
    dtype: "F32",
    shape: [values.length],
    offset: 0,
    byteLength: bytes.length,
  } as const;
  return {
    ...source,
    names: () => [...source.names(), name],
    has: (own) => own === name || source.has(own),
    info: (own) => own === name ? info : source.info(own),
    stored: (own) => own === name ? { format: "F32", byteLength: 0 } : source.stored!(own),
    readWeight: (own) =>
      own === name
        ? Promise.resolve({ bytes, dtype: "F32", shape: info.shape })
        : source.readWeight(own),
  };
}

Deno.test("a bias of zeros beside a packed matrix is passed over, one of numbers is told", async () => {
  const { family, config } = await readModelConfig(folder);
  using idle = await withBias(bias, [0, 0]);
  assert(![...matchWeights(family, config, idle).values()].includes(bias));
  await checkIdleBias(idle, `${module}.weight`, () => false);
  using busy = await withBias(bias, [0, 1]);
  const error = await assertRejects(
    () => checkIdleBias(busy, `${module}.weight`, () => false),
    InputError,
  );
  assert(error.message.includes(bias) && error.message.includes("other than 0"), error.message);
  await checkIdleBias(busy, `${module}.weight`, () => true); // the model has it
  // beside a plain matrix a bias is unknown, as any other tensor
  using plain = await withBias("model.language_model.layers.0.input_layernorm.bias", [0]);
  assertThrows(() => matchWeights(family, config, plain), InputError, "unknown 1 weights");
  assertEquals(idle.has(bias), true);
});
