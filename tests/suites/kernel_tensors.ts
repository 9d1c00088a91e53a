/**
 * The part of the kernel suite about tensors: how they come and go, who owns them, when they are freed.
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import type { StoredDType, Tensor } from "../../lib/nn/kernels.ts";
import { grid, type KernelTest, upload } from "./kernel_check.ts";

/** Bytes of values as a checkpoint stores them; f16 only of what it holds exactly. */
function storedBytes(values: readonly number[], stored: StoredDType): Uint8Array {
  if (stored === "F32") return new Uint8Array(Float32Array.from(values).buffer);
  if (stored === "F16") return new Uint8Array(Float16Array.from(values).buffer);
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

/** Declares the tests about tensors and their lifetimes. */
export function tensorTests(test: KernelTest): void {
  test("values come back as they went in", async (k) => {
    const x = k.tensor(new Float32Array([1, -2, 0.5, 1e-30, 3, 4]), [2, 3]);
    assertEquals([x.shape, x.dtype], [[2, 3], "float32"]);
    assertEquals(await k.read(x), new Float32Array([1, -2, 0.5, 1e-30, 3, 4]));
    const i = k.tensor(new Int32Array([3, -7]), [2]);
    assertEquals(i.dtype, "int32");
    assertEquals(k.readSync(i), new Int32Array([3, -7]));
    const zeros = k.zeros([2, 1, 2]);
    assertEquals([zeros.shape, zeros.dtype], [[2, 1, 2], "float32"]);
    assertEquals(k.readSync(zeros), new Float32Array(4));
    const empty = k.zeros([0, 3]);
    assertEquals(k.readSync(empty).length, 0);
    k.dispose(x, i, zeros, empty, null, undefined);
  });

  for (const stored of ["F32", "F16", "BF16"] as const) {
    test(`a weight from ${stored} bytes at any offset`, (k) => {
      const values = [1, -2.5, 0.15625, 0, -0.75, 96]; // exact in all three
      const bytes = storedBytes(values, stored);
      for (const offset of [0, 1, 2, 7]) {
        const buffer = new Uint8Array(bytes.length + offset);
        buffer.set(bytes, offset);
        const weight = k.weight(buffer.subarray(offset), stored, [3, 2]);
        assertEquals([weight.shape, weight.dtype], [[3, 2], k.computeDType]);
        assertEquals([...k.readSync(weight)], values);
        k.dispose(weight);
      }
      assertThrows(() => k.weight(bytes.subarray(1), stored, [3, 2]));
    });
  }

  test("casts, and a cast to the same type is a tensor of its own", (k) => {
    const x = k.tensor(new Float32Array([1.25, -3, 1000]), [3]);
    const same = k.cast(x, "float32"), whole = k.cast(x, "int32"), half = k.cast(x, k.computeDType);
    k.dispose(x);
    assertEquals([...k.readSync(same)], [1.25, -3, 1000]);
    assertEquals([...k.readSync(whole)], [1, -3, 1000]);
    assertEquals([...k.readSync(half)], [1.25, -3, 1000]);
    assertEquals(half.dtype, k.computeDType);
    k.dispose(same, whole, half);
  });

  test("tensors go to TensorFlow.js and back, each side owning its own", (k) => {
    const x = k.scope(() =>
      k.cast(k.tensor(new Float32Array([1, 2, 3, 4]), [2, 2]), k.computeDType)
    );
    const engine = tf.memory().numTensors;
    const theirs = k.toTfjs(x);
    assertEquals([theirs.shape, theirs.dtype], [[2, 2], "float32"]);
    k.dispose(x);
    assertEquals([...theirs.dataSync()], [1, 2, 3, 4]);
    const doubled = tf.tidy(() => tf.add(theirs, theirs));
    theirs.dispose();
    const back = k.fromTfjs(doubled);
    const narrow = k.fromTfjs(doubled, k.computeDType);
    doubled.dispose();
    assertEquals([back.dtype, narrow.dtype], ["float32", k.computeDType]);
    assertEquals([...k.readSync(back)], [2, 4, 6, 8]);
    assertEquals([...k.readSync(narrow)], [2, 4, 6, 8]);
    k.dispose(back, narrow);
    const ids = tf.tensor1d([5, 6], "int32"), flags = tf.tensor1d([true, false], "bool");
    const ours = [k.fromTfjs(ids), k.fromTfjs(flags, "float32")];
    ids.dispose();
    flags.dispose();
    assertEquals(ours.map((t) => [t.dtype, ...k.readSync(t)]), [["int32", 5, 6], [
      "float32",
      1,
      0,
    ]]);
    k.dispose(...ours);
    assert(tf.memory().numTensors <= engine);
  });

  test("a scope frees all but what it returns, at any depth", (k) => {
    const before = k.tensorCount();
    const one = () => k.tensor(new Float32Array([1]), [1]);
    const result = k.scope(() => {
      one();
      const inner = k.scope(() => ({ list: [one(), null, { deep: one() }], text: "x", spare: [] }));
      one();
      return inner;
    });
    assertEquals(k.tensorCount(), before + 2);
    const [first, , { deep }] = result.list as unknown as [Tensor, null, { deep: Tensor }];
    const sum = k.scope(() => k.add(first, deep));
    k.dispose(first, deep);
    assertEquals(k.tensorCount(), before + 1);
    assertEquals([...k.readSync(sum)], [2]);
    k.dispose(sum);
  });

  test("what a scope returns belongs to the scope around it", (k) => {
    const before = k.tensorCount();
    k.scope(() => {
      const inner = k.scope(() => k.zeros([2]));
      assertEquals(k.tensorCount(), before + 1);
      assertEquals(k.readSync(inner).length, 2);
    });
    assertEquals(k.tensorCount(), before);
  });

  test("a kept tensor outlives every scope until it is disposed", (k) => {
    const before = k.tensorCount();
    let kept: Tensor | null = null;
    k.scope(() => {
      k.scope(() => {
        kept = k.keep(k.tensor(new Float32Array([7]), [1]));
        return kept;
      });
    });
    assertEquals(k.tensorCount(), before + 1);
    assertEquals([...k.readSync(kept!)], [7]);
    k.dispose(kept);
  });

  test("a scope that throws frees everything it made", (k) => {
    const before = k.tensorCount();
    assertThrows(
      () =>
        k.scope(() => {
          k.scope(() => k.zeros([3]));
          throw new RangeError("stop");
        }),
      RangeError,
      "stop",
    );
    assertEquals(k.tensorCount(), before);
  });

  test("disposing within a scope frees at once, and views keep the values alive", (k) => {
    k.scope(() => {
      const before = k.tensorCount();
      const x = k.tensor(Float32Array.from({ length: 6 }, (_, i) => i), [2, 3]);
      const view = k.reshape(x, [3, 2]);
      k.dispose(x);
      assertEquals(k.tensorCount(), before + 1);
      assertEquals([...k.readSync(view)], [0, 1, 2, 3, 4, 5]);
      assertThrows(() => k.add(x, x));
    });
  });

  test("many calls in a scope leave nothing behind", (k) => {
    const before = k.tensorCount();
    const weight = k.scope(() => k.cast(upload(k, grid([8, 8], 30)), k.computeDType));
    for (let step = 0; step < 20; step++) {
      k.scope(() => {
        const x = upload(k, grid([1, 2 + step, 8], step));
        const y = k.linear(k.rmsNorm(x, null, 1e-6), weight);
        const heads = k.transpose(k.reshape(y, [1, 2 + step, 2, 4]), [0, 2, 1, 3]);
        const pattern = k.causalSoftmax(k.matMul(heads, heads, { transposeB: true }), 0);
        k.gatedActivation(k.matMul(pattern, heads), heads, "silu");
      });
      assertEquals(k.tensorCount(), before + 1);
    }
    k.dispose(weight);
  });
}
