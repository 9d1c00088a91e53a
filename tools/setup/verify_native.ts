/**
 * Loads a freshly compiled backend and multiplies two matrices, in a process of its own.
 *
 * Started by the set-up with the folder as its argument; prints what it found, fails loudly else.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { loadTensorFlow } from "../../lib/backend/tensorflow.ts";

const { version, device } = loadTensorFlow({ nativeDir: Deno.args[0] });
await tf.setBackend("tensorflow");
const product = tf.matMul([[1, 2], [3, 4]], [[5, 6], [7, 8]]).dataSync();
if (String([...product]) !== "19,22,43,50") {
  throw new Error(`a matrix product came out as ${product}`);
}
console.log(`TensorFlow ${version} on ${device}`);
