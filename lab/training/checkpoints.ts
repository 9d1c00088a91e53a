/**
 * Checkpoints that resume exactly: weights, their average, optimiser state and progress in one
 * safetensors file, written whole or not at all.
 *
 * Batches are drawn from the seed and the step's number, so no random state has to be kept.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "../../lib/common/errors.ts";
import { readSafetensorsFile } from "../../lib/weights/safetensors_file.ts";
import { type TensorToWrite, writeSafetensors } from "../../lib/weights/safetensors_write.ts";
import type { Optimiser } from "./optimiser.ts";
import type { ModelParameters } from "./parameters.ts";
import type { WeightAverage } from "./weight_average.ts";

/** What is saved of a model in training: its weights by name. */
type Weights = Pick<ModelParameters, "variables">;

/** What a checkpoint says besides its tensors: plain data. */
export type Progress = Readonly<Record<string, unknown>>;

/**
 * Saves a training state.
 *
 * @param path file to write or replace
 * @param optimiser null when only weights are wanted
 * @param progress anything that JSON can hold
 * @param average of the weights, where one is kept
 */
export async function saveCheckpoint(
  path: string,
  parameters: Weights,
  optimiser: Optimiser | null,
  progress: Progress,
  average: WeightAverage | null = null,
): Promise<void> {
  const tensors: Record<string, TensorToWrite> = {};
  const put = async (name: string, tensor: tf.Tensor) => {
    tensors[name] = { shape: tensor.shape, data: await tensor.data() as Float32Array };
  };
  for (const [name, variable] of parameters.variables) await put(`weights/${name}`, variable);
  for (const [name, tensor] of optimiser?.state ?? []) await put(`optimiser/${name}`, tensor);
  for (const [name, tensor] of average?.variables ?? []) await put(`average/${name}`, tensor);
  const notes = {
    averageSteps: String(average?.steps ?? 0),
    progress: JSON.stringify(progress),
    optimiserSteps: String(optimiser?.steps ?? 0),
  };
  await writeSafetensors(path, tensors, notes);
}

/** What is taken over from a checkpoint besides its weights. */
export interface LoadOptions {
  /** Accepts the names of the weights to take over; all by default. */
  readonly wanted?: (name: string) => boolean;
  /** Accepts the names of weights that stay as they are where the checkpoint lacks them; none by default. */
  readonly optional?: (name: string) => boolean;
  /** Average to go on with. */
  readonly average?: WeightAverage;
  /** Takes the average of the weights in place of the last ones. */
  readonly averaged?: boolean;
}

/**
 * Takes over the weights of a checkpoint, and the optimiser's state if one is given.
 *
 * @param optimiser null when only weights are wanted
 * @returns what {@link saveCheckpoint} was given as progress
 * @throws {InputError} when a weight is missing or misshapen
 */
export async function loadCheckpoint(
  path: string,
  parameters: Weights,
  optimiser: Optimiser | null,
  { wanted = () => true, optional = () => false, average, averaged = false }: LoadOptions = {},
): Promise<Progress> {
  const { tensors, metadata } = await readSafetensorsFile(path);
  const find = (name: string) => {
    const found = tensors.get(name);
    if (!found) throw new InputError(`Cannot resume from ${path}: it has no "${name}"`);
    return tf.tensor(found.data as Float32Array, [...found.shape]);
  };
  for (const [name, variable] of parameters.variables) {
    const key = `${averaged ? "average" : "weights"}/${name}`;
    if (!wanted(name) || optional(name) && !tensors.has(key)) continue;
    tf.tidy(() => {
      const tensor = find(key);
      if (String(tensor.shape) !== String(variable.shape)) {
        throw new InputError(
          `Cannot resume from ${path}: "${name}" has shape [${tensor.shape}], wanted ` +
            `[${variable.shape}]`,
        );
      }
      variable.assign(tensor);
    });
  }
  optimiser?.restore(Number(metadata.optimiserSteps ?? 0), (name) => find(`optimiser/${name}`));
  average?.restore(
    Number(metadata.averageSteps ?? 0),
    (name) => find(`${tensors.has(`average/${name}`) ? "average" : "weights"}/${name}`),
  );
  return JSON.parse(metadata.progress ?? "{}");
}
