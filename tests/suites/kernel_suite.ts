/**
 * What every implementation of the kernels must do: agree with plain loops in double precision, and
 * own its tensors as the interface says.
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import * as tf from "@tensorflow/tfjs";
import fc from "fast-check";
import type { Activation, Kernels, StoredDType, Tensor } from "../../lib/nn/kernels.ts";
import { Random } from "../../lib/stats/random.ts";
import { relativeError } from "./golden.ts";
import * as loops from "./kernel_loops.ts";
import type { Grid } from "./kernel_loops.ts";

/** Settings of one run of the suite. */
export interface KernelSuiteOptions {
  /** Largest error relative to the largest value: what the element type allows. */
  readonly tolerance: number;
}

/** Random values of a shape. */
function grid(shape: readonly number[], seed: number, deviation = 1): Grid {
  const random = new Random(seed);
  const data = Float32Array.from(
    { length: loops.sizeOf(shape) },
    () => random.normal(0, deviation),
  );
  return { shape, data };
}

/** Bytes of values as a checkpoint stores them; f16 only of what it holds exactly. */
function storedBytes(values: readonly number[], stored: StoredDType): Uint8Array {
  if (stored === "F32") return new Uint8Array(Float32Array.from(values).buffer);
  if (stored === "F16") return new Uint8Array(Float16Array.from(values).buffer);
  const words = new Uint32Array(Float32Array.from(values).buffer);
  return new Uint8Array(Uint16Array.from(words, (word) => word >>> 16).buffer);
}

/** Declares the suite's tests under a name. */
export function kernelSuite(
  name: string,
  make: () => Kernels | Promise<Kernels>,
  options: KernelSuiteOptions,
): void {
  /** A test that also finds leaks. */
  const test = (what: string, body: (k: Kernels) => void | Promise<void>) =>
    Deno.test(`${name}: ${what}`, async () => {
      const k = await make();
      const before = k.tensorCount();
      await body(k);
      assertEquals(k.tensorCount(), before, "tensors left over");
    });
  const upload = (k: Kernels, g: Grid) => k.tensor(Float32Array.from(g.data), g.shape);
  /** Checks a result against loops, from float32 inputs and from inputs in the compute type. */
  const compare = (
    k: Kernels,
    inputs: readonly Grid[],
    kernel: (...tensors: Tensor[]) => Tensor,
    wanted: Grid,
    tolerance = options.tolerance,
  ) => {
    for (const computed of k.computeDType === "float32" ? [false] : [false, true]) {
      k.scope(() => {
        const tensors = inputs.map((g) => upload(k, g));
        const y = kernel(...tensors.map((x) => computed ? k.cast(x, k.computeDType) : x));
        assertEquals(y.shape, [...wanted.shape]);
        if (wanted.data.length === 0) return assertEquals(k.readSync(y).length, 0);
        const scaled = wanted.data.some((v) => v !== 0);
        if (!scaled) return assert(k.readSync(y).every((v) => v === 0));
        const error = relativeError(k.readSync(y), wanted.data);
        assert(error <= tolerance, `[${inputs.map((g) => g.shape)}]: error ${error}`);
      });
    }
  };

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

  test("reshape, transpose, slice, concat, gather, broadcastBatch move values exactly", (k) => {
    const x = grid([2, 3, 4], 1);
    compare(k, [x], (t) => k.reshape(t, [4, -1]), { shape: [4, 6], data: x.data }, 4e-3);
    const orders = [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]];
    for (const order of orders) {
      compare(k, [x], (t) => k.transpose(t, order), loops.transpose(x, order), 4e-3);
    }
    const boxes: [number[], number[]][] = [
      [[0, 0, 0], [2, 3, 4]],
      [[1, 0, 2], [1, 3, 2]],
      [[0, 1, 0], [-1, 1, -1]],
      [[0, 3, 0], [2, 0, 4]],
    ];
    for (const [begin, size] of boxes) {
      compare(k, [x], (t) => k.slice(t, begin, size), loops.slice(x, begin, size), 4e-3);
    }
    const y = grid([2, 1, 4], 2);
    compare(k, [x, y], (a, b) => k.concat([a, b], 1), loops.concat([x, y], 1), 4e-3);
    compare(k, [x], (a) => k.concat([a], 1), x, 4e-3);
    k.scope(() => { // different element types: the wider one
      const mixed = k.concat([k.cast(upload(k, x), k.computeDType), upload(k, y)], 1);
      assertEquals(mixed.dtype, "float32");
    });
    compare(k, [x], (t) => k.gather(t, k.tensor(new Int32Array([1, 0, 1]), [3])), {
      shape: [3, 3, 4],
      data: [...x.data.slice(12), ...x.data.slice(0, 12), ...x.data.slice(12)],
    }, 4e-3);
    compare(k, [y], (t) => k.broadcastBatch(k.slice(t, [0, 0, 0], [1, -1, -1]), 3), {
      shape: [3, 1, 4],
      data: [0, 1, 2].flatMap(() => [...y.data.slice(0, 4)]),
    }, 4e-3);
  });

  test("add, mul, scale and sum, with broadcasting", (k) => {
    const shapes: [number[], number[]][] = [
      [[3, 4], [3, 4]],
      [[3, 4], [4]],
      [[2, 1, 4], [3, 1]],
      [[1], [2, 2, 2, 5]],
      [[5], [1]],
      [[0, 4], [4]],
    ];
    for (const [left, right] of shapes) {
      const a = grid(left, 3), b = grid(right, 4);
      compare(k, [a, b], k.add, loops.broadcast(a, b, (x, y) => x + y));
      compare(k, [a, b], k.mul, loops.broadcast(a, b, (x, y) => x * y));
    }
    const x = grid([3, 4, 5], 5);
    compare(k, [x], (t) => k.scale(t, -0.25), { shape: x.shape, data: x.data.map((v) => -v / 4) });
    for (const axis of [0, 1, 2]) {
      compare(k, [x], (t) => k.sum(t, axis), loops.sum(x, axis, false));
      compare(k, [x], (t) => k.sum(t, axis, true), loops.sum(x, axis, true));
    }
    k.scope(() => {
      const a = upload(k, x), half = k.cast(upload(k, x), k.computeDType);
      assertEquals([k.add(a, half).dtype, k.mul(half, a).dtype], ["float32", "float32"]);
      assertEquals(k.add(half, half).dtype, k.computeDType);
      assertEquals(k.sum(half, 0).dtype, "float32");
    });
  });

  test("argMax finds the largest of the last axis", (k) => {
    k.scope(() => {
      const x = k.tensor(new Float32Array([1, 9, 3, -5, -6, -4]), [2, 1, 3]);
      for (const input of [x, k.cast(x, k.computeDType)]) {
        const found = k.argMax(input);
        assertEquals([found.shape, found.dtype], [[2, 1], "int32"]);
        assertEquals([...k.readSync(found)], [1, 2]);
      }
    });
  });

  test("matMul of any batch, plain or with the second transposed", (k) => {
    const shapes: [number[], number[]][] = [
      [[3, 5], [5, 2]],
      [[1, 1], [1, 1]],
      [[2, 3, 4], [2, 4, 6]],
      [[2, 3, 1, 7], [2, 3, 7, 33]],
      [[2, 2, 17, 64], [1, 2, 64, 19]],
      [[2, 1, 18, 13], [1, 1, 13, 21]],
      [[3, 1, 2, 6], [1, 1, 6, 4]],
      [[2, 3, 5, 4], [2, 1, 4, 3]],
      [[2, 0, 4], [2, 4, 3]],
      [[2, 3, 0], [2, 0, 3]],
    ];
    for (const [left, right] of shapes) {
      const a = grid(left, 6), b = grid(right, 7);
      const wanted = loops.matMul(a, b);
      compare(k, [a, b], (x, y) => k.matMul(x, y), wanted);
      const order = right.map((_, axis) => axis);
      order.push(...order.splice(-2).reverse());
      const turned = loops.transpose(b, order);
      compare(k, [a, turned], (x, y) => k.matMul(x, y, { transposeB: true }), wanted);
    }
    k.scope(() => {
      const a = upload(k, grid([2, 2], 8));
      assertEquals(k.matMul(a, a).dtype, k.computeDType);
    });
  });

  test("linear is x times the transposed weight, plus the bias", (k) => {
    for (const lead of [[4], [2, 3], [1, 2, 2], [1], [0]]) {
      const x = grid([...lead, 5], 9), weight = grid([7, 5], 10), bias = grid([7], 11);
      const product = loops.matMul({ shape: [loops.sizeOf(lead), 5], data: x.data }, {
        shape: [5, 7],
        data: loops.transpose(weight, [1, 0]).data,
      });
      const wanted = { shape: [...lead, 7], data: product.data };
      compare(k, [x, weight], (a, w) => k.linear(a, w), wanted);
      compare(k, [x, weight], (a, w) => k.linear(a, w, null), wanted);
      compare(
        k,
        [x, weight, bias],
        (a, w, b) => k.linear(a, w, b),
        loops.broadcast(wanted, bias, (p, q) => p + q),
      );
    }
  });

  test("linear of few rows, of sizes that fill whole tiles, and of rows that do not", (k) => {
    const few = [[1, 70, 9], [1, 64, 32], [2, 33, 4], [3, 70, 9], [5, 48, 6], [16, 70, 9]];
    const many = [[17, 70, 9], [32, 32, 32], [45, 64, 96], [161, 544, 32], [33, 32, 288]];
    const halved = [[256, 32, 32], [301, 544, 96], [600, 1056, 64], [300, 33, 40]];
    for (const [rows, inner, outer] of [...few, ...many, ...halved]) {
      const x = grid([rows, inner], 31), weight = grid([outer, inner], 32, 1 / Math.sqrt(inner));
      const bias = grid([outer], 33);
      const product = loops.matMul(x, loops.transpose(weight, [1, 0]));
      compare(k, [x, weight], (a, w) => k.linear(a, w), product);
      compare(
        k,
        [x, weight, bias],
        (a, w, b) => k.linear(a, w, b),
        loops.broadcast(product, bias, (p, q) => p + q),
      );
    }
  });

  test("softmax of any rank, with hidden and huge scores", (k) => {
    for (const shape of [[5], [3, 1], [2, 7], [2, 3, 4, 33], [2, 1, 2, 1, 2, 3], [0, 4]]) {
      const x = grid(shape, 12, 3);
      compare(k, [x], k.softmax, loops.softmax(x));
    }
    const extreme = {
      shape: [4, 3],
      data: [0, -1e30, 1, 2, -Infinity, 2, 300, 0, -300, 1e4, 1e4, 0],
    };
    compare(k, [extreme], k.softmax, loops.softmax(extreme));
    k.scope(() => {
      const found = k.readSync(k.softmax(upload(k, extreme)));
      assertEquals([found[1], found[4], found[8]], [0, 0, 0]); // exactly
    });
  });

  test("causalSoftmax hides exactly the later keys", (k) => {
    const cases: [number[], number][] = [
      [[4, 4], 0],
      [[1, 1], 0],
      [[2, 3, 5], 2],
      [[1, 2, 2, 3, 9], 6],
      [[2, 1, 6], 5],
      [[2, 2, 4], 7],
      [[3, 9], 0],
      [[2, 33, 65], 32],
    ];
    for (const [shape, first] of cases) {
      const x = grid(shape, 13, 2);
      const hidden = loops.causal(x, first);
      const wanted = loops.softmax(hidden);
      compare(k, [x], (t) => k.causalSoftmax(t, first), wanted);
      k.scope(() => {
        const found = k.readSync(k.causalSoftmax(upload(k, x), first));
        hidden.data.forEach((v, i) => v === -Infinity && assertEquals(found[i], 0));
      });
    }
  });

  /** Shapes of an attention call: the runs of keys hold `[batch, positions]` each. */
  interface AttentionShapes {
    readonly query: readonly [batch: number, heads: number, queries: number, headDim: number];
    readonly keyHeads: number;
    readonly runs: readonly (readonly [batch: number, positions: number])[];
  }
  const attentionCases: AttentionShapes[] = [
    { query: [1, 2, 7, 8], keyHeads: 1, runs: [[1, 7]] },
    { query: [1, 1, 1, 4], keyHeads: 1, runs: [[1, 1]] },
    { query: [2, 4, 5, 16], keyHeads: 2, runs: [[2, 9]] },
    { query: [3, 2, 2, 6], keyHeads: 2, runs: [[1, 4], [3, 3]] }, // shared prefix, few queries
    { query: [2, 2, 9, 13], keyHeads: 1, runs: [[1, 21], [2, 9]] }, // shared prefix, odd width
    { query: [2, 2, 9, 16], keyHeads: 1, runs: [[1, 70], [1, 10], [2, 5], [2, 30]] },
    { query: [1, 2, 70, 64], keyHeads: 1, runs: [[1, 3], [1, 600]] }, // tiles of queries and keys
    { query: [1, 1, 130, 72], keyHeads: 1, runs: [[1, 130]] },
    { query: [1, 6, 33, 32], keyHeads: 2, runs: [[1, 33]] },
  ];
  const attentionInputs = ({ query, keyHeads, runs }: AttentionShapes) => {
    const rows = (seed: number) =>
      runs.map(([batch, positions], i) => grid([batch, keyHeads, positions, query[3]], seed + i));
    return { query: grid(query, 40, 2 / Math.sqrt(query[3])), keys: rows(50), values: rows(60) };
  };

  test("attention, causal or not, over runs of keys that rows may share", (k) => {
    for (const shapes of attentionCases) {
      const { query, keys, values } = attentionInputs(shapes);
      for (const causal of [true, false]) {
        const sees = (_: number, position: number, key: number) => !causal || key <= position;
        compare(
          k,
          [query, ...keys, ...values],
          (q, ...rest) =>
            k.attention(q, rest.slice(0, keys.length), rest.slice(keys.length), { causal }),
          loops.attention({ query, keys, values, sees }),
        );
      }
    }
    k.scope(() => {
      const x = upload(k, grid([1, 1, 2, 4], 41));
      assertEquals(k.attention(x, [x], [x], { causal: true }).dtype, k.computeDType);
    });
  });

  test("attention whose heads see a sink and a window", (k) => {
    const reach = [[1, 1], [0, 3], [4, 2], [64, 5], [2, 100], [0, 1000]];
    for (const [i, shapes] of attentionCases.entries()) {
      const { query, keys, values } = attentionInputs(shapes);
      const ranges = Array.from({ length: query.shape[1] }, (_, head) => {
        const [sink, window] = reach[(head + i) % reach.length];
        return head === 1 ? null : { sink, window };
      });
      const sees = (head: number, position: number, key: number) => {
        const range = ranges[head];
        return key <= position &&
          (!range || key < range.sink || position - key < range.window);
      };
      compare(
        k,
        [query, ...keys, ...values],
        (q, ...rest) =>
          k.attention(q, rest.slice(0, keys.length), rest.slice(keys.length), {
            causal: true,
            ranges,
          }),
        loops.attention({ query, keys, values, sees }),
      );
    }
  });

  test("attention follows a sharp score, and huge scores do not overflow", (k) => {
    const [tokens, width] = [80, 16];
    // key j points along axis j % 16, query t along axis 7 t % 16: scores are 10000 or 0
    const pointing = (axisOf: (token: number) => number): Grid => ({
      shape: [1, 1, tokens, width],
      data: Array.from(
        { length: tokens * width },
        (_, i) => i % width === axisOf(Math.floor(i / width)) ? 100 : 0,
      ),
    });
    const query = pointing((t) => 7 * t % width), key = pointing((j) => j % width);
    const value = grid([1, 1, tokens, width], 72);
    const sees = (_: number, position: number, at: number) => at <= position;
    compare(
      k,
      [query, key, value],
      (q, kk, v) => k.attention(q, [kk], [v], { causal: true }),
      loops.attention({ query, keys: [key], values: [value], sees }),
    );
  });

  test("rmsNorm with and without gain", (k) => {
    for (const shape of [[3, 8], [2, 5, 1], [1, 2, 3, 16], [4, 65], [0, 8]]) {
      const x = grid(shape, 14, 3), gain = grid(shape.slice(-1), 15);
      const unit = loops.rmsNorm(x, 1e-2);
      compare(
        k,
        [x, gain],
        (t, g) => k.rmsNorm(t, g, 1e-2),
        loops.broadcast(unit, gain, (p, q) => p * q),
      );
      compare(k, [x], (t) => k.rmsNorm(t, null, 1e-2), unit);
    }
    k.scope(() => {
      const x = k.scale(upload(k, grid([2, 4], 14)), 1e-6); // eps keeps a tiny input tiny
      const found = k.rmsNorm(x, null, 1);
      assertEquals(found.dtype, k.computeDType);
      assert(k.readSync(found).every((v) => Math.abs(v) < 1e-4));
    });
  });

  test("layerNorm with gain and bias", (k) => {
    for (const shape of [[3, 8], [2, 5, 3], [1, 2, 3, 16], [4, 65], [8], [0, 8]]) {
      const x = grid(shape, 16, 3),
        gain = grid(shape.slice(-1), 17),
        bias = grid(shape.slice(-1), 18);
      const scaled = loops.broadcast(loops.layerNorm(x, 1e-6), gain, (p, q) => p * q);
      const wanted = loops.broadcast(scaled, bias, (p, q) => p + q);
      compare(k, [x, gain, bias], (t, g, b) => k.layerNorm(t, g, b, 1e-6), wanted);
    }
    k.scope(() => {
      const x = upload(k, grid([2, 4], 16)), one = upload(k, grid([4], 17));
      assertEquals(k.layerNorm(x, one, one, 1e-6).dtype, k.computeDType);
    });
  });

  test("rotate turns each pair (i, i + H/2) by its angle", (k) => {
    for (const shape of [[5, 4], [2, 5, 8], [1, 3, 5, 2], [1, 2, 1, 64], [2, 0, 4]]) {
      const [tokens, width] = shape.slice(-2);
      const x = grid(shape, 19), cos = grid([tokens, width], 20), sin = grid([tokens, width], 21);
      compare(k, [x, cos, sin], k.rotate, loops.rotate(x, cos, sin));
      k.scope(() => { // tables stay in float32 where the input is narrow
        const input = k.cast(upload(k, x), k.computeDType);
        const y = k.rotate(input, upload(k, cos), upload(k, sin));
        assertEquals(y.dtype, k.computeDType);
        if (x.data.length === 0) return;
        const error = relativeError(k.readSync(y), loops.rotate(x, cos, sin).data);
        assert(error <= options.tolerance, `error ${error}`);
      });
    }
  });

  for (const activation of Object.keys(loops.activations) as Activation[]) {
    test(`${activation} is its formula`, (k) => {
      const at = [-30, -8, -3, -1.5, -0.7, -0.1, -1e-4, 0, 1e-4, 0.2, 0.5, 1, 2.5, 5, 9, 40];
      for (const shape of [[16], [4, 4], [2, 2, 2, 2]]) {
        const x = { shape, data: at }, up = grid(shape, 22);
        const wanted = { shape, data: at.map(loops.activations[activation]) };
        compare(k, [x], (t) => k.activation(t, activation), wanted);
        compare(
          k,
          [x, up],
          (g, u) => k.gatedActivation(g, u, activation),
          loops.broadcast(wanted, up, (p, q) => p * q),
        );
      }
      compare(k, [grid([0, 3], 1)], (t) => k.activation(t, activation), {
        shape: [0, 3],
        data: [],
      });
      const near = { shape: [8], data: at.slice(3, 11) }; // not hidden by the largest value
      const wanted = { shape: [8], data: near.data.map(loops.activations[activation]) };
      compare(k, [near], (t) => k.activation(t, activation), wanted);
    });
  }

  test("any slice of any concatenation, and any transpose, for random shapes", (k) => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        (shape, seed) => {
          const random = new Random(seed);
          const a = grid(shape, seed), b = grid(shape, seed + 1);
          const axis = random.integer(shape.length);
          const joined = loops.concat([a, b], axis);
          const begin = joined.shape.map((size) => random.integer(size));
          const size = joined.shape.map((length, i) => 1 + random.integer(length - begin[i]));
          const order = random.shuffle(shape.map((_, i) => i));
          const wanted = loops.transpose(loops.slice(joined, begin, size), order);
          compare(
            k,
            [a, b],
            (x, y) => k.transpose(k.slice(k.concat([x, y], axis), begin, size), order),
            wanted,
            options.tolerance,
          );
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });

  test("softmax rows sum to 1 and do not change when all scores move, for random scores", (k) => {
    const score = fc.float({ min: -50, max: 50, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(score, { minLength: 1, maxLength: 40 }),
        fc.integer({ min: -64, max: 64 }),
        (scores, shift) => {
          k.scope(() => {
            const x = k.tensor(Float32Array.from(scores), [1, scores.length]);
            const moved = k.tensor(Float32Array.from(scores, (s) => s + shift), [1, scores.length]);
            const [p, q] = [x, moved].map((t) => k.readSync(k.softmax(t)));
            assert(Math.abs(Array.from(p).reduce((a, v) => a + v, 0) - 1) < 1e-5);
            p.forEach((v, i) => assert(Math.abs(v - q[i]) < 1e-4));
          });
        },
      ),
      { numRuns: 40, seed: 6 },
    );
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
