/**
 * Biases of zeros that programs for GPTQ write beside every packed matrix, also of models without biases.
 *
 * Source: AutoGPTQ `nn_modules/qlinear`; vLLM passes over such tensors in each of its models.
 * @module
 */
import { widenToFloat32 } from "../backend/widen.ts";
import { InputError } from "../common/errors.ts";
import { quoted } from "../common/text.ts";
import type { WeightHeaders, WeightSource } from "../weights/weight_source.ts";

const matrixOf = (bias: string) => bias.replace(/\.bias$/, ".weight");

/**
 * Whether a tensor that no role fits may be such a bias: that of a weight that is stored packed.
 *
 * @param names all that the source has
 */
export function mayBeIdleBias(
  source: WeightHeaders,
  names: ReadonlySet<string>,
  name: string,
): boolean {
  const matrix = matrixOf(name);
  if (matrix === name || !names.has(matrix)) return false;
  const { dtype } = source.info(matrix);
  return (source.stored?.(matrix).format ?? dtype) !== dtype;
}

/**
 * Checks that the bias beside a weight is of zeros, where the model has none.
 *
 * @param expected whether the model has a bias there
 * @throws {InputError} for one of other numbers
 */
export async function checkIdleBias(
  source: WeightSource,
  weight: string,
  expected: (bias: string) => boolean,
): Promise<void> {
  const bias = weight.replace(/\.weight$/, ".bias");
  if (bias === weight || expected(bias) || !source.has(bias)) return;
  const { bytes, dtype } = await source.readWeight(bias);
  if (widenToFloat32(bytes, dtype).every((value) => value === 0)) return;
  throw new InputError(
    `Cannot load ${source.path}: it has a bias ${
      quoted(bias)
    } with numbers other than 0, where the ` +
      'model of its config has none; say "attention_bias" or "mlp_bias" in config.json if it should',
  );
}
