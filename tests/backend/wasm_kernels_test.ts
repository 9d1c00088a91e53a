import * as tf from "@tensorflow/tfjs";
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { useBackend } from "../../lib/backend/select.ts";
import { registerWasmKernels } from "../../lib/backend/wasm_kernels.ts";

Deno.test("one-hot rows have their value at the index, in float32 and int32", async () => {
  await useBackend("wasm");
  const before = tf.memory().numTensors;
  for (const dtype of ["float32", "int32"] as const) {
    const rows = tf.tidy(() => {
      const indices = tf.tensor2d([[1, 0], [3, -1]], [2, 2], "int32");
      return tf.oneHot(indices, 3, 5, 2, dtype).arraySync();
    });
    assertEquals(rows, [[[2, 5, 2], [5, 2, 2]], [[2, 2, 2], [2, 2, 2]]] as never);
  }
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("sums by segments are those of a loop, negative segments left out", async () => {
  await useBackend("wasm");
  fc.assert(fc.property(
    fc.array(fc.tuple(fc.integer({ min: -1, max: 4 }), fc.integer(), fc.integer()), {
      minLength: 1,
      maxLength: 20,
    }),
    (rows) => {
      const small = rows.map(([segment, a, b]) => [segment, a % 1000, b % 1000]);
      const wanted = Array.from({ length: 5 }, () => [0, 0]);
      for (const [segment, a, b] of small) {
        if (segment < 0) continue;
        wanted[segment][0] += a;
        wanted[segment][1] += b;
      }
      const sums = tf.tidy(() =>
        tf.unsortedSegmentSum(
          tf.tensor2d(small.map(([, a, b]) => [a, b])),
          tf.tensor1d(small.map(([segment]) => segment), "int32"),
          5,
        ).arraySync()
      );
      assertEquals(sums, wanted as never);
    },
  ));
});

Deno.test("the gradient of a look-up counts how often each row was looked up", async () => {
  await useBackend("wasm");
  registerWasmKernels(); // again: no difference
  const gradient = tf.tidy(() =>
    tf.grad((table) => tf.gather(table, tf.tensor1d([2, 0, 2], "int32")))(tf.zeros([3, 2]))
      .arraySync()
  );
  assertEquals(gradient, [[1, 1], [0, 0], [2, 2]] as never);
});
