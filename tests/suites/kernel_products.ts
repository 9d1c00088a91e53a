/**
 * The part of the kernel suite about moving values, element-wise arithmetic and matrix products.
 * @module
 */
import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { Random } from "../../lib/stats/random.ts";
import { compare, grid, type KernelTest, upload } from "./kernel_check.ts";
import * as loops from "./kernel_loops.ts";
import type { Grid } from "./kernel_loops.ts";
import { linearSizes } from "./kernel_shapes.ts";

/** Declares the tests of moves, sums and products. */
export function productTests(test: KernelTest): void {
  test("reshape, transpose, slice, concat, gather, broadcastBatch move values exactly", (k) => {
    const exactly = { roundings: 0 };
    const x = grid([2, 3, 4], 1), y = grid([2, 1, 4], 2);
    compare(
      k,
      [x],
      (t) => k.reshape(t, [4, -1]),
      ({ data }) => ({ shape: [4, 6], data }),
      exactly,
    );
    for (const order of [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]]) {
      compare(k, [x], (t) => k.transpose(t, order), (g) => loops.transpose(g, order), exactly);
    }
    const boxes: [number[], number[]][] = [
      [[0, 0, 0], [2, 3, 4]],
      [[1, 0, 2], [1, 3, 2]],
      [[0, 1, 0], [-1, 1, -1]],
      [[0, 3, 0], [2, 0, 4]],
    ];
    for (const [begin, size] of boxes) {
      const box = (g: Grid) => loops.slice(g, begin, size);
      compare(k, [x], (t) => k.slice(t, begin, size), box, exactly);
    }
    compare(
      k,
      [x, y],
      (a, b) => k.concat([a, b], 1),
      (a, b) => loops.concat([a, b], 1),
      exactly,
    );
    compare(k, [x], (a) => k.concat([a], 1), (a) => a, exactly);
    k.scope(() => { // different element types: the wider one
      const mixed = k.concat([k.cast(upload(k, x), k.computeDType), upload(k, y)], 1);
      assertEquals(mixed.dtype, "float32");
    });
    compare(
      k,
      [x],
      (t) => k.gather(t, k.tensor(new Int32Array([1, 0, 1]), [3])),
      ({ data }) => ({
        shape: [3, 3, 4],
        data: [...data.slice(12), ...data.slice(0, 12), ...data.slice(12)],
      }),
      exactly,
    );
    compare(
      k,
      [y],
      (t) => k.broadcastBatch(k.slice(t, [0, 0, 0], [1, -1, -1]), 3),
      ({ data }) => ({ shape: [3, 1, 4], data: [0, 1, 2].flatMap(() => [...data.slice(0, 4)]) }),
      exactly,
    );
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
      compare(k, [a, b], k.add, (p, q) => loops.broadcast(p, q, (x, y) => x + y));
      compare(k, [a, b], k.mul, (p, q) => loops.broadcast(p, q, (x, y) => x * y));
    }
    const x = grid([3, 4, 5], 5);
    compare(k, [x], (t) => k.scale(t, -0.25), ({ shape, data }) => ({
      shape,
      data: Array.from(data, (v) => -v / 4),
    }));
    for (const axis of [0, 1, 2]) {
      compare(k, [x], (t) => k.sum(t, axis), (g) => loops.sum(g, axis, false));
      compare(k, [x], (t) => k.sum(t, axis, true), (g) => loops.sum(g, axis, true));
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
      compare(k, [a, b], (x, y) => k.matMul(x, y), loops.matMul);
      const order = right.map((_, axis) => axis);
      order.push(...order.splice(-2).reverse());
      compare(
        k,
        [a, loops.transpose(b, order)],
        (x, y) => k.matMul(x, y, { transposeB: true }),
        (x, y) => loops.matMul(x, loops.transpose(y, order)),
      );
    }
    k.scope(() => {
      const a = upload(k, grid([2, 2], 8));
      assertEquals(k.matMul(a, a).dtype, k.computeDType);
    });
  });

  /** `x weight^T + bias` in plain loops. */
  const linear = (x: Grid, weight: Grid, bias?: Grid): Grid => {
    const rows = loops.sizeOf(x.shape.slice(0, -1)), [outer, inner] = weight.shape;
    const turned = loops.transpose(weight, [1, 0]);
    const { data } = loops.matMul({ shape: [rows, inner], data: x.data }, turned);
    const product = { shape: [...x.shape.slice(0, -1), outer], data };
    return bias ? loops.broadcast(product, bias, (p, q) => p + q) : product;
  };
  /** The product may be rounded before the bias is added. */
  const biased = { roundings: 3 };

  test("linear is x times the transposed weight, plus the bias", (k) => {
    for (const lead of [[4], [2, 3], [1, 2, 2], [1], [0]]) {
      const x = grid([...lead, 5], 9), weight = grid([7, 5], 10), bias = grid([7], 11);
      compare(k, [x, weight], (a, w) => k.linear(a, w), linear);
      compare(k, [x, weight], (a, w) => k.linear(a, w, null), linear);
      compare(k, [x, weight, bias], (a, w, b) => k.linear(a, w, b), linear, biased);
    }
  });

  test("linear of few rows, of sizes that fill whole tiles, and of rows that do not", (k) => {
    for (const [rows, inner, outer] of linearSizes) {
      const x = grid([rows, inner], 31), weight = grid([outer, inner], 32, 1 / Math.sqrt(inner));
      compare(k, [x, weight], (a, w) => k.linear(a, w), linear);
      compare(k, [x, weight, grid([outer], 33)], (a, w, b) => k.linear(a, w, b), linear, biased);
    }
  });

  test("linear with an activation is that of the sum", (k) => {
    const names = Object.keys(loops.activations) as (keyof typeof loops.activations)[];
    for (const [i, [rows, inner, outer]] of linearSizes.entries()) {
      const activation = names[i % names.length];
      const x = grid([rows, inner], 31), weight = grid([outer, inner], 32, 1 / Math.sqrt(inner));
      const active = (...factors: [Grid, Grid, Grid?]): Grid => {
        const { shape, data } = linear(...factors);
        return { shape, data: Array.from(data, loops.activations[activation]) };
      };
      compare(k, [x, weight], (a, w) => k.linear(a, w, null, activation), active, biased);
      const bias = grid([outer], 33), sum = { roundings: 5 };
      compare(k, [x, weight, bias], (a, w, b) => k.linear(a, w, b, activation), active, sum);
    }
  });

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
          compare(
            k,
            [a, b],
            (x, y) => k.transpose(k.slice(k.concat([x, y], axis), begin, size), order),
            (x, y) => loops.transpose(loops.slice(loops.concat([x, y], axis), begin, size), order),
            { roundings: 0 },
          );
        },
      ),
      { numRuns: 40, seed: 5 },
    );
  });
}
