import { assertEquals } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import { WeightVariables } from "../../../lab/training/weight_variables.ts";
import { testKernels } from "../../suites/golden.ts";

class Weights extends WeightVariables {
  constructor() {
    super((name) => name.endsWith("matrix"));
    this.add("a.matrix", [2, 2], Float32Array.of(1, 2, 3, 4));
    this.add("b.gain", [2], Float32Array.of(5, 6));
  }
}

Deno.test("weights are found by name and prefix, with their rule, and freed together", async () => {
  await testKernels();
  const before = tf.memory().numTensors;
  const weights = new Weights();
  assertEquals([...weights.variables.keys()], ["a.matrix", "b.gain"]);
  assertEquals([...weights.get("b.gain").dataSync()], [5, 6]);
  assertEquals(weights.parameters().map(({ rule }) => rule), ["muon", "adamw"]);
  assertEquals(weights.parameters((name) => name.startsWith("b")).map(({ name }) => name), [
    "b.gain",
  ]);
  assertEquals(weights.weights("a.").get("matrix", [2, 2]).shape, [2, 2]);
  assertEquals(weights.weights().get("b.gain", [2]).shape, [2]);
  weights.dispose();
  assertEquals([weights.variables.size, tf.memory().numTensors], [0, before]);
});
