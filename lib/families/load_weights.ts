/**
 * Loads a checkpoint's weights into a model, one tensor at a time.
 *
 * @module
 */
import { isLarge, type StoredWeights } from "../backend/create_kernels.ts";
import { widenToFloat32 } from "../backend/widen.ts";
import type { Kernels, StoredDType, Tensor } from "../nn/kernels.ts";
import { hasVision, type ModelConfig } from "../model/config.ts";
import { TextDecoder } from "../model/text_decoder.ts";
import { VisionLanguageModel } from "../model/vision_language_model.ts";
import { WeightsMap } from "../model/weights_map.ts";
import type { WeightHeaders, WeightSource } from "../weights/weight_source.ts";
import type { Family } from "./family.ts";
import { checkIdleBias } from "./idle_biases.ts";
import { keptFormat } from "./kept_weights.ts";
import { expectedShapes, matchWeights, roleName, storedOrder } from "./match_weights.ts";
import { otherParts, readConvolution } from "./read_convolutions.ts";

/** Called while weights are read: bytes so far and in all. */
export type LoadProgress = (loaded: number, total: number) => void;

/** What the choice of kernels has to know of a checkpoint's weights. */
export function storedWeights(
  family: Family,
  config: ModelConfig,
  source: WeightHeaders,
): StoredWeights {
  const shapes = [...expectedShapes(family, config).values()];
  const bytes = new Map<string, number>();
  for (const { dtype, byteLength } of source.names().map((name) => source.info(name))) {
    bytes.set(dtype, (bytes.get(dtype) ?? 0) + byteLength);
  }
  return {
    dtype: [...bytes].reduce((most, next) => next[1] > most[1] ? next : most, ["", 0])[0],
    parameters: shapes.reduce((sum, shape) => sum + shape.reduce((a, b) => a * b, 1), 0),
  };
}

/** Values plus one, as bytes of float32. */
function plusOne(bytes: Uint8Array, dtype: StoredDType): Uint8Array<ArrayBuffer> {
  return new Uint8Array(widenToFloat32(bytes, dtype).map((value) => value + 1).buffer);
}

/** Element types of stored numbers, where kernels compute with such. */
const typeOf: Readonly<Record<StoredDType, string>> = {
  F32: "float32",
  BF16: "bfloat16",
  F16: "float16",
};

/** Buffers from this size on are given back at once, in bytes. */
const largeBuffer = 1 << 20;

/**
 * Gives the memory of a weight's bytes back after kernels have made other numbers of them. The collector
 * would let a gigabyte of such buffers gather first. Bytes that are a part of a buffer may not be ours
 * alone. Blocks, and numbers in the type that the kernels compute with, are never given back: TensorFlow
 * makes tensors over them without a copy wherever they happen to be aligned.
 */
function release({ buffer, byteLength }: Uint8Array): void {
  if (byteLength < largeBuffer || byteLength !== buffer.byteLength) return;
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}

/**
 * One weight in the kernels' memory, as it is stored: in blocks where these compute with them.
 *
 * @param large whether matrices stay in two bytes where kernels compute with such
 * @throws {InputError} for one that is missing, of another type or shape
 */
export async function readWeight(
  kernels: Kernels,
  source: WeightSource,
  name: string,
  shape: readonly number[],
  large: boolean,
): Promise<Tensor> {
  const kept = keptFormat(source, name, large);
  const format = kept && kernels.keepsPacked(kept) ? kept : null;
  const blocks = format !== null && format.elements > 1;
  const lying = kernels.files && (source.lying?.(name, blocks ? "blocks" : "numbers") ?? null);
  if (kernels.files && lying) {
    if (format) return kernels.files.packedWeight(lying, format, shape);
    return kernels.files.weight(lying, source.info(name).dtype as StoredDType, shape);
  }
  if (format && blocks) {
    const codes = kernels.files && await source.readGroups?.(name, shape);
    if (kernels.files && codes) return kernels.files.groupedWeight(codes, shape);
    const found = await source.readPacked!(name, shape);
    if (found) return kernels.packedWeight(found.bytes, format, shape, found.order);
  }
  const { bytes, dtype } = await source.readWeight(name, shape);
  if (format && !blocks) return kernels.packedWeight(bytes, format, shape);
  const tensor = kernels.weight(bytes, dtype, shape);
  if (typeOf[dtype] !== kernels.computeDType) release(bytes);
  return tensor;
}

/** Milliseconds after which others get their turn: reading straight into tensors leaves them none. */
const turnAfter = 100;

/**
 * Reads weights into tensors, one at a time. Those in blocks stay in them where the kernels can compute
 * with them, and matrices of large models in their two bytes.
 *
 * @param stored stored names by role, all or a part of what {@link matchWeights} found
 * @param large whether the model counts as large
 * @throws {InputError} for misshapen weights; nothing stays allocated then
 */
export async function readWeights(
  kernels: Kernels,
  family: Family,
  config: ModelConfig,
  source: WeightSource,
  stored: ReadonlyMap<string, string>,
  onProgress?: LoadProgress,
  large: boolean = isLarge(storedWeights(family, config, source)),
): Promise<WeightsMap> {
  const shapes = expectedShapes(family, config);
  const convolutions = family.convolutions?.(config);
  const parts = new Set([...convolutions?.values() ?? []].flatMap(otherParts));
  const tensors = new Map<string, Tensor>();
  const weights = new WeightsMap(tensors);
  const total = [...stored.values()].reduce((sum, name) => sum + source.info(name).byteLength, 0);
  let loaded = 0, turn = performance.now();
  try {
    for (const [role, name] of stored) {
      const wanted = shapes.get(role)!;
      const { shape: found, byteLength } = source.info(name);
      const order = storedOrder(family, role, found, wanted);
      const convolution = convolutions?.get(role);
      if (convolution) {
        const own = await readConvolution(kernels, source, convolution, stored);
        for (const [part, tensor] of own) tensors.set(part, tensor);
      } else if (parts.has(role)) {
        // read with its convolution
      } else if (family.lessOne?.some((end) => role.endsWith(end))) {
        const { bytes, dtype } = await source.readWeight(name, wanted);
        tensors.set(role, kernels.weight(plusOne(bytes, dtype), "F32", wanted));
      } else {
        const shape = order?.map((axis) => wanted[axis]) ?? wanted;
        await checkIdleBias(source, name, (bias) => shapes.has(roleName(family, bias) ?? ""));
        const own = await readWeight(kernels, source, name, shape, large);
        tensors.set(role, own);
        if (order) {
          tensors.set(role, kernels.transpose(own, order));
          kernels.dispose(own);
        }
      }
      loaded += byteLength;
      onProgress?.(loaded, total);
      if (performance.now() - turn > turnAfter) {
        await new Promise((resolve) => setTimeout(resolve, 0));
        turn = performance.now();
      }
    }
  } catch (error) {
    weights.dispose(kernels);
    throw error;
  }
  return weights;
}

/**
 * Builds a model from an open checkpoint.
 *
 * @param dir the checkpoint's directory, by whose files records identify the model
 * @param large whether matrices stay in two bytes where kernels compute with such
 * @throws {InputError} for missing, extra or misshapen weights; nothing stays allocated then
 */
export async function loadModel(
  kernels: Kernels,
  family: Family,
  config: ModelConfig,
  source: WeightSource,
  onProgress?: LoadProgress,
  dir: string | null = null,
  large: boolean = isLarge(storedWeights(family, config, source)),
): Promise<VisionLanguageModel> {
  const stored = matchWeights(family, config, source);
  const weights = await readWeights(kernels, family, config, source, stored, onProgress, large);
  const text = weights.under("text.");
  const lmHead = weights.find("lm_head.weight") ?? text.get("embed_tokens.weight");
  const decoder = new TextDecoder(kernels, config.text, text, lmHead);
  const vision = hasVision(config)
    ? family.buildVision(kernels, config, weights.under("vision."))
    : null;
  return new VisionLanguageModel(kernels, config, decoder, vision, weights, dir);
}
