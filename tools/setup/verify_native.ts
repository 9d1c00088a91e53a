/**
 * Loads a freshly compiled backend, multiplies two matrices, and measures which product of many rows
 * is faster here, in a process of its own.
 *
 * Started by the set-up with the folder as its argument; prints what it found, fails loudly else.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { measureProducts } from "../../lib/backend/measure_products.ts";
import { writeProductChoice } from "../../lib/backend/product_choice.ts";
import { useBackend } from "../../lib/backend/select.ts";

const [nativeDir] = Deno.args;
const { tensorFlowVersion, device } = await useBackend("tensorflow", { nativeDir });
const product = tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).dataSync();
if (String([...product]) !== "19,22,43,50") {
  throw new Error(`a matrix product came out as ${product}`);
}
const choice = measureProducts();
if (choice) writeProductChoice(nativeDir, choice);
console.log(`TensorFlow ${tensorFlowVersion} on ${device}`);
