import * as tf from "@tensorflow/tfjs";
import { assertAlmostEquals, assertEquals } from "@std/assert";
import { useBackend } from "../../../lib/backend/select.ts";
import { meanWith, WeightAverage } from "../../../lab/training/weight_average.ts";

await useBackend("auto");

Deno.test("the average follows the weights, faster at first, and goes on from a saved one", () => {
  const variable = tf.variable(tf.scalar(0));
  const average = new WeightAverage({ variables: new Map([["w", variable]]) }, 0.5);
  const value = () => average.variables.get("w")!.dataSync()[0];
  variable.assign(tf.scalar(10));
  average.update(); // keeps a tenth
  assertAlmostEquals(value(), 9, 1e-5);
  variable.assign(tf.scalar(0));
  average.update(); // keeps two elevenths
  assertAlmostEquals(value(), 9 * 2 / 11, 1e-5);
  average.restore(100, () => tf.scalar(8));
  assertEquals(value(), 8);
  average.update(); // from now on half
  assertAlmostEquals(value(), 4, 1e-5);
  average.dispose();
});

Deno.test("the mean of sets of weights lies between them, name by name, at the shares that are asked", () => {
  const weights = (w: number[], v: number) => ({
    variables: new Map<string, tf.Variable>([
      ["w", tf.variable(tf.tensor1d(w))],
      ["v", tf.variable(tf.scalar(v))],
    ]),
  });
  const own = weights([1, 2], 4), other = weights([3, -2], 0);
  meanWith(own, [other]);
  assertEquals([...own.variables.get("w")!.dataSync()], [2, 0]);
  assertEquals([...own.variables.get("v")!.dataSync()], [2]);
  assertEquals([...other.variables.get("w")!.dataSync()], [3, -2]);
  const [main, first, second] = [weights([8, 0], 1), weights([0, 8], 1), weights([0, 0], 1)];
  meanWith(main, [first, second], 0.5);
  assertEquals([...main.variables.get("w")!.dataSync()], [4, 2]);
  assertEquals([...main.variables.get("v")!.dataSync()], [1]);
});
