/**
 * The way back from an exported model to weights in training, so that a shipped model can be trained
 * on.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { join } from "node:path";
import { InputError } from "../../lib/common/errors.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { exportFactor, storedName } from "./export.ts";
import type { ModelParameters } from "./parameters.ts";

/**
 * Takes over the weights of an exported model: the inverse of `exportModel`, up to the rounding of
 * bfloat16. The head is the embedding table in training, so it is not read.
 *
 * @param directory the exported model
 * @throws {InputError} when a weight is missing or has another shape
 */
export async function loadExported(directory: string, parameters: ModelParameters): Promise<void> {
  const path = join(directory, "model.safetensors");
  const { tensors } = await readSafetensorsFile(path);
  for (const [name, variable] of parameters.variables) {
    const stored = storedName(name);
    if (!stored) continue;
    const found = tensors.get(stored);
    if (!found || String(found.shape) !== String(variable.shape)) {
      throw new InputError(
        `Cannot train on from ${path}: "${stored}" is ${found ? `[${found.shape}]` : "missing"}, ` +
          `wanted [${variable.shape}]`,
      );
    }
    const factor = 1 / exportFactor(name);
    tf.tidy(() => {
      const values = Float32Array.from(found.data as Float32Array, (value) => value * factor);
      variable.assign(tf.tensor(values, [...found.shape]));
    });
  }
}
