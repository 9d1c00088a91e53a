/**
 * A model of the same shape that was never trained: what any measure must be able to tell from a
 * trained one.
 *
 * @module
 */
import { join } from "node:path";
import { Random } from "../../lib/stats/random.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";

/** Standard deviation of fresh weights, as transformers initialises them. */
const initialDeviation = 0.02;

/**
 * Writes a checkpoint with the config and tokenizer of another and fresh weights: normal with standard
 * deviation 0.02, norms at one, biases at zero.
 *
 * @param from folder of a checkpoint with weights in one file
 * @param to folder to write, made if missing
 * @param seed another seed, other weights
 */
export async function writeUntrained(from: string, to: string, seed: number): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isFile } of Deno.readDir(from)) {
    if (isFile && !name.endsWith(".safetensors")) {
      await Deno.copyFile(join(from, name), join(to, name));
    }
  }
  const { tensors } = await readSafetensorsFile(join(from, "model.safetensors"));
  const random = new Random(seed).fork("untrained weights");
  const fresh = [...tensors].map(([name, { shape, data }]): [string, TensorToWrite] => {
    const isNorm = /norm\d?\.weight$/.test(name), isBias = name.endsWith(".bias");
    const own = random.fork(name);
    const values = Float32Array.from(
      { length: data.length },
      () => isBias ? 0 : isNorm ? 1 : own.normal(0, initialDeviation),
    );
    return [name, { shape, data: values, dtype: "BF16" }];
  });
  await writeSafetensors(join(to, "model.safetensors"), Object.fromEntries(fresh), {
    format: "pt",
  });
}
