import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import { alikeBatches } from "../../lib/backend/batches.ts";
import { useBackend } from "../../lib/backend/select.ts";

/** Shapes of both factors once their batches are alike. */
const shapes = (a: number[], b: number[]) =>
  tf.tidy(() => alikeBatches(tf.ones(a), tf.ones(b)).map(({ shape }) => shape));

Deno.test("only batches that repeat some of their axes are spread", async () => {
  await useBackend("auto");
  assertEquals(shapes([2, 3, 5, 4], [2, 1, 4, 3]), [[2, 3, 5, 4], [2, 3, 4, 3]]);
  assertEquals(shapes([2, 1, 5, 4], [1, 3, 4, 3]), [[2, 3, 5, 4], [2, 3, 4, 3]]);
  assertEquals(shapes([2, 3, 5, 4], [3, 4, 3]), [[2, 3, 5, 4], [2, 3, 4, 3]]);
  assertEquals(shapes([2, 3, 5, 4], [2, 3, 4, 3]), [[2, 3, 5, 4], [2, 3, 4, 3]]);
  assertEquals(shapes([2, 3, 5, 4], [1, 1, 4, 3]), [[2, 3, 5, 4], [1, 1, 4, 3]]);
  assertEquals(shapes([5, 4], [4, 3]), [[5, 4], [4, 3]]);
});

Deno.test("the spread factors' product is that of each pair, on the slower backends too", async () => {
  for (const backend of ["wasm", "cpu"] as const) {
    await useBackend(backend);
    tf.tidy(() => {
      const a = tf.reshape(tf.range(0, 12), [2, 3, 1, 2]) as tf.Tensor4D;
      const b = tf.reshape(tf.range(0, 4), [2, 1, 2, 1]) as tf.Tensor4D;
      const product = tf.matMul(...alikeBatches(a, b)).arraySync();
      const row = (i: number, first: number) => [[2 * i * first + (2 * i + 1) * (first + 1)]];
      const wanted = [[0, 1, 2].map((i) => row(i, 0)), [3, 4, 5].map((i) => row(i, 2))];
      assertEquals(product, wanted as never);
    });
  }
});
