/**
 * Tries a freshly compiled backend: multiplies two matrices, and measures which product of many rows
 * is faster here. In a process of its own, since a library that is loaded cannot be replaced.
 *
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { measureProducts } from "../../lib/backend/measure_products.ts";
import { writeProductChoice } from "../../lib/backend/product_choice.ts";
import { useBackend } from "../../lib/backend/select.ts";

/**
 * Tries the backend in a folder and writes into it which product to use.
 *
 * @returns its version and device
 * @throws when it does not compute
 */
export async function verifyNative(nativeDir: string): Promise<string> {
  const { tensorFlowVersion, device } = await useBackend("tensorflow", { nativeDir });
  const product = tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).dataSync();
  if (String([...product]) !== "19,22,43,50") {
    throw new Error(`a matrix product came out as ${product}`);
  }
  const choice = measureProducts();
  if (choice) writeProductChoice(nativeDir, choice);
  return `TensorFlow ${tensorFlowVersion} on ${device}`;
}
