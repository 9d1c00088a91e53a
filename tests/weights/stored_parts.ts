/**
 * Packed weights in memory, from the golden ones, for tests of what their settings may say.
 *
 * @module
 */
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import type { JsonObject } from "../../lib/common/key_policy.ts";
import { openSafetensors } from "../../lib/weights/safetensors.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import type { TensorInfo } from "../../lib/weights/safetensors_header.ts";
import type { WeightSource } from "../../lib/weights/weight_source.ts";

const golden = "tests/golden/packed/matrices.safetensors";
const { metadata } = await readSafetensorsFile(golden);

/** What config.json says for a golden case. */
export const settingsOf = (name: string): JsonObject => JSON.parse(metadata[name]);

/** A stored tensor. */
export type Stored = Pick<TensorInfo, "dtype" | "shape"> & {
  readonly bytes: Uint8Array<ArrayBuffer>;
};

/** A source of tensors in memory. */
export function sourceOf(tensors: Readonly<Record<string, Stored>>): WeightSource {
  const info = (name: string): TensorInfo => {
    const { dtype, shape, bytes } = tensors[name];
    return { dtype, shape, offset: 0, byteLength: bytes.length };
  };
  const read = (name: string) => Promise.resolve(tensors[name].bytes.slice());
  return {
    ...{ path: "folder", metadata: {}, info, read, close: () => {} },
    names: () => Object.keys(tensors),
    has: (name) => Object.hasOwn(tensors, name),
    readWeight: async (name) => ({
      ...tensors[name],
      bytes: await read(name),
      dtype: tensors[name].dtype as "F32",
    }),
    [Symbol.dispose]: () => {},
  };
}

/** The stored parts of a golden case as those of a module, with some under other names. */
export async function parts(
  name: string,
  module: string,
  change: (part: string, own: Stored) => Record<string, Stored> = (part, own) => ({ [part]: own }),
): Promise<Record<string, Stored>> {
  using source = await openSafetensors(golden);
  const found: Record<string, Stored> = {};
  for (const own of source.names().filter((one) => one.startsWith(`${name}.`))) {
    const part = own.slice(name.length + 1), { dtype, shape } = source.info(own);
    if (part === "expected") continue;
    const changed = change(part, { dtype, shape, bytes: await source.read(own) });
    for (const [end, stored] of Object.entries(changed)) found[`${module}.${end}`] = stored;
  }
  return found;
}

/** What a golden case stands for. */
export async function expected(name: string): Promise<Float32Array> {
  using source = await openSafetensors(golden);
  return widenToFloat32(await source.read(`${name}.expected`), "F32");
}

/** The numbers of a weight. */
export const floats = async (source: WeightSource, name: string) =>
  widenToFloat32((await source.readWeight(name)).bytes, "F32");

/** Numbers of 32 bits as a stored tensor. */
export const f32 = (shape: readonly number[], ...values: number[]): Stored => ({
  ...{ dtype: "F32", shape, bytes: new Uint8Array(Float32Array.from(values).buffer) } as const,
});
