/**
 * Checkpoints whose weights are a formula of their names and places, the same as in
 * `tools/reference/make_fast_vlm.py`: networks too large to be stored here.
 */
import { familyOf } from "../../lib/families/registry.ts";
import { expectedShapes } from "../../lib/families/match_weights.ts";
import { readModelConfig } from "../../lib/families/checkpoint.ts";
import { writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import { goldenDir } from "./golden.ts";

/** Numbers from -1 to 1: the places, their bits mixed as MurmurHash3 does at its end. */
export function uniform(count: number, seed: number): Float64Array {
  const start = Math.imul(seed, 0x9e3779b1);
  return Float64Array.from({ length: count }, (_, i) => {
    let h = start + i | 0;
    h = Math.imul(h ^ h >>> 16, 0x85ebca6b);
    h = Math.imul(h ^ h >>> 13, 0xc2b2ae35);
    return ((h ^ h >>> 16) >>> 0) / 2 ** 31 - 1;
  });
}

/** The weight of a name: of a size at which signals neither die nor grow. */
function weight(name: string, shape: readonly number[], seed: number): Float32Array {
  const values = uniform(shape.reduce((a, b) => a * b, 1), seed);
  const scale = Math.sqrt(4.5 / shape.slice(1).reduce((a, b) => a * b, 1));
  const value = name.endsWith("running_var")
    ? (u: number) => 1 + 0.5 * u
    : /(running_mean|\.bias)$/.test(name)
    ? (u: number) => 0.2 * u
    : name.endsWith("gamma")
    ? (u: number) => 0.5 + 0.3 * u
    : shape.length === 1
    ? (u: number) => 1 + 0.2 * u
    : (u: number) => u * scale;
  return Float32Array.from(values, value);
}

/** Stored names of roles, as transformers saves them. */
const storedName = (role: string): string =>
  role.replace(/^text\./, "model.language_model.")
    .replace(/^vision\.encoder\./, "model.vision_tower.timm_model.")
    .replace(/^vision\.projector\./, "model.multi_modal_projector.");

/**
 * A golden checkpoint with its weights, in a new folder; the caller removes it.
 *
 * @param vision keys of `vision_config` that are to be others
 * @param dtype type in which the weights are stored
 * @param folder where to; by default in a temporary folder
 */
export async function formulaCheckpoint(
  family: string,
  vision: Readonly<Record<string, unknown>> = {},
  dtype: "F32" | "BF16" = "F32",
  folder?: string,
): Promise<string> {
  folder ??= await Deno.makeTempDir();
  await Deno.mkdir(folder, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(goldenDir(family))) {
    if (isFile) await Deno.copyFile(`${goldenDir(family)}/${name}`, `${folder}/${name}`);
  }
  const path = `${folder}/config.json`;
  const config = JSON.parse(await Deno.readTextFile(path));
  config.vision_config = { ...config.vision_config, ...vision };
  await Deno.writeTextFile(path, JSON.stringify(config));
  const shapes = expectedShapes(
    familyOf(config.model_type),
    (await readModelConfig(folder)).config,
  );
  const named = [...shapes].map(([role, shape]) => [storedName(role), shape] as const)
    .sort(([a], [b]) => a < b ? -1 : 1);
  const tensors = Object.fromEntries(
    named.map(([name, shape], seed) => [name, { shape, data: weight(name, shape, seed), dtype }]),
  );
  await writeSafetensors(`${folder}/model.safetensors`, tensors, { format: "pt" });
  return folder;
}
