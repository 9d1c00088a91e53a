/**
 * The part of the kernel suite about weights in blocks: every operation on one is the operation on its
 * numbers, which `BlockFormat.unpack` says.
 * @module
 */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { blockFormat } from "../../lib/weights/gguf_blocks.ts";
import { ggufTypes } from "../../lib/weights/gguf_types.ts";
import { halfFormats } from "../../lib/weights/half_formats.ts";
import { groupFormats } from "../../lib/weights/packings/groups.ts";
import type { Activation, BlockFormat, Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { InputError } from "../../lib/common/errors.ts";
import { Random } from "../../lib/stats/random.ts";
import { float32ToBfloat16 } from "../../lib/weights/dtypes.ts";
import { grid, type KernelTest, rounded, upload } from "./kernel_check.ts";
import * as loops from "./kernel_loops.ts";
import { type Grid, sizeOf } from "./kernel_loops.ts";
import { assertNear, unitRoundoff } from "./near.ts";

/** Places of half-precision numbers in a block; all other bytes may be anything. */
const halves: Readonly<Record<string, readonly number[]>> = {
  ...{ Q4_0: [0], Q4_1: [0, 2], Q5_0: [0], Q5_1: [0, 2], Q8_0: [0] },
  ...{ Q2_K: [80, 82], Q3_K: [108], Q4_K: [0, 2], Q5_K: [0, 2], Q6_K: [208] },
  ...{ IQ4_NL: [0], IQ4_XS: [0] },
};

/** All formats of blocks: those of GGUF files, and groups of codes. */
export const blockFormats: readonly BlockFormat[] = [
  ...ggufTypes.flatMap((type) => blockFormat(type) ?? []),
  ...groupFormats,
  ...Object.values(halfFormats),
];

/** Blocks of random codes and scales, of both signs and of sizes from subnormal ones to 1. */
export function randomBlocks({ name, bytes }: BlockFormat, count: number, seed: number) {
  const random = new Random(seed);
  const all = Uint8Array.from({ length: bytes * count }, () => random.integer(256));
  const view = new DataView(all.buffer);
  for (let block = 0; block < count; block++) {
    const exponent = random.integer(4) === 0 ? -20 : -6 - random.integer(4);
    const number = () => random.normal() * 2 ** exponent;
    if (name === "F16") view.setFloat16(block * bytes, number(), true);
    if (name === "BF16") {
      all.set(new Uint8Array(float32ToBfloat16(Float32Array.of(number())).buffer), block * bytes);
    }
    if (bytes === 2) continue;
    if (Object.hasOwn(halves, name)) {
      for (const place of halves[name]) view.setFloat16(block * bytes + place, number(), true);
      continue;
    }
    view.setFloat32(block * bytes, Math.f16round(number()), true); // as files have them
    if (name.startsWith("F8")) { // no NaN among them
      for (let i = 4; i < bytes; i++) {
        if ((all[block * bytes + i] & 127) === 127) all[block * bytes + i]--;
      }
    }
    if (name.startsWith("A")) view.setFloat32(block * bytes + 4, Math.f16round(number()), true);
    else if (name.startsWith("G4")) view.setInt8(block * bytes + 4, random.integer(32) - 8);
  }
  return all;
}

/** A weight of a shape in blocks, and its numbers as the kernels see them. */
function weightOf(k: Kernels, format: BlockFormat, shape: readonly number[], seed: number) {
  const bytes = randomBlocks(format, sizeOf(shape) / format.elements, seed);
  const values: Grid = { shape, data: format.unpack(bytes) };
  return { weight: k.packedWeight(bytes, format, shape), exact: values, seen: rounded(k, values) };
}

/** `x weight^T + bias` in plain loops. */
function linear(x: Grid, weight: Grid, bias: Grid): Grid {
  const [outer, inner] = weight.shape, rows = x.shape[0];
  const { data } = loops.matMul(x, loops.transpose({ ...weight, shape: [outer, inner] }, [1, 0]));
  const product = { shape: [rows, outer], data };
  return loops.broadcast(product, bias, (p, q) => p + q);
}

/** Rows of x and of the weight: few and many, whole panels and rests. */
const productSizes = [[1, 9], [2, 4], [3, 17], [5, 33], [16, 8], [17, 40], [45, 64], [120, 77]];

/** What says that a tensor is a grid of numbers. */
function equalIn(k: Kernels, { name }: BlockFormat) {
  return (found: Tensor, { shape, data }: Grid) => {
    assertEquals([...found.shape], [...shape]);
    const own = k.readSync(found);
    assert(own.every((value, i) => value === data[i]), name); // 0 equals -0
  };
}

/** Declares the tests of weights in blocks. */
export function packedTests(test: KernelTest): void {
  for (const format of blockFormats) {
    const depth = format.elements === 1 ? 77 : 3 * format.elements;
    test(`${format.name}: products with a weight in blocks are those with its numbers`, (k) => {
      for (const [rows, outer] of productSizes) {
        k.scope(() => {
          const { weight, seen } = weightOf(k, format, [outer, depth], rows);
          assertEquals([weight.shape, weight.dtype], [[outer, depth], k.computeDType]);
          const x = rounded(k, grid([rows, depth], 41)), bias = rounded(k, grid([outer], 42));
          const found = k.linear(upload(k, x), weight, upload(k, bias));
          assertEquals(found.shape, [rows, outer]);
          // two roundings of inputs and result, where the kernels round
          const tolerance = k.computeDType === "bfloat16" ? 3 * unitRoundoff.bfloat16 : 2e-5;
          const wanted = linear(x, seen, bias).data;
          assertNear(k.readSync(found), Float32Array.from(wanted), tolerance, format.name);
          const plain = k.linear(upload(k, { ...x, shape: [1, rows, depth] }), weight);
          assertEquals(plain.shape, [1, rows, outer]);
        });
      }
    });

    test(`${format.name}: an activation of a product is its formula of the sums`, (k) => {
      for (const [i, [rows, outer]] of [[3, 17], [70, 48], [2, 5]].entries()) {
        for (const activation of Object.keys(loops.activations).slice(i) as Activation[]) {
          k.scope(() => {
            const { weight, seen } = weightOf(k, format, [outer, depth], rows);
            const x = rounded(k, grid([rows, depth], 51)), bias = rounded(k, grid([outer], 52));
            const found = k.linear(upload(k, x), weight, upload(k, bias), activation);
            const sums = linear(x, seen, bias).data;
            const wanted = Float32Array.from(sums, loops.activations[activation]);
            const tolerance = k.computeDType === "bfloat16" ? 4 * unitRoundoff.bfloat16 : 2e-5;
            assertNear(k.readSync(found), wanted, tolerance, `${format.name} ${activation}`);
          });
        }
      }
    });

    test(`${format.name}: products of few rows keep what is small beside a large number`, (k) => {
      const coarse = k.computeDType === "bfloat16";
      // of a block's largest number, by which all others may be off; of each product, rounded
      const [share, rounding] = coarse ? [2 ** -15, 3 * unitRoundoff.bfloat16] : [2 ** -22, 3e-6];
      for (const rows of [1, 2, 4, 5]) {
        k.scope(() => {
          const { weight, seen } = weightOf(k, format, [9, depth], rows);
          const value = (i: number) => i % 256 === 77 ? 1 : 3e-3 * Math.sin(i);
          const data = Float32Array.from({ length: rows * depth }, (_, i) => value(i));
          const x = rounded(k, { shape: [rows, depth], data });
          const found = k.readSync(k.linear(upload(k, x), weight));
          for (let i = 0; i < found.length; i++) {
            const row = Math.floor(i / 9) * depth, own = (i % 9) * depth;
            let wanted = 0, bound = 0;
            for (let j = 0; j < depth; j++) {
              const product = x.data[row + j] * seen.data[own + j];
              wanted += product;
              bound += share * Math.abs(seen.data[own + j]) + rounding * Math.abs(product);
            }
            assert(Math.abs(found[i] - wanted) <= bound, `${found[i]}, not ${wanted} +- ${bound}`);
          }
        });
      }
    });

    test(`${format.name}: other operations see the numbers of a weight in blocks`, (k) => {
      const equal = equalIn(k, format);
      k.scope(() => {
        const { weight, exact, seen } = weightOf(k, format, [6, depth], 7);
        equal(weight, seen);
        equal(k.cast(weight, "float32"), k.keepsPacked(format) ? exact : seen);
        equal(k.transpose(weight, [1, 0]), loops.transpose(seen, [1, 0]));
        equal(k.slice(weight, [1, 3], [4, 5]), loops.slice(seen, [1, 3], [4, 5]));
        equal(k.slice(weight, [2, 0], [-1, -1]), loops.slice(seen, [2, 0], [-1, -1]));
        equal(k.reshape(weight, [depth, 6]), { ...seen, shape: [depth, 6] });
        equal(k.reshape(weight, [2, -1, depth]), { ...seen, shape: [2, 3, depth] });
        equal(k.concat([weight, weight], 0), loops.concat([seen, seen], 0));
        const rows = k.tensor(Int32Array.of(5, 0, 5), [3]);
        const row = (i: number) => loops.slice(seen, [i, 0], [1, -1]);
        equal(k.gather(weight, rows), loops.concat([row(5), row(0), row(5)], 0));
        assertThrows(() => k.readSync(k.gather(weight, k.tensor(Int32Array.of(6), [1]))));
      });
      k.scope(() => { // a matrix for each of several experts
        const { weight, seen } = weightOf(k, format, [3, 4, depth], 8);
        equal(weight, seen);
        const second = k.reshape(k.slice(weight, [1, 0, 0], [1, -1, -1]), [4, depth]);
        const own = loops.slice(seen, [1, 0, 0], [1, -1, -1]);
        equal(second, { ...own, shape: [4, depth] });
        const x = rounded(k, grid([2, depth], 43)), none = grid([4], 44, 0);
        const wanted = linear(x, { ...own, shape: [4, depth] }, none).data;
        const tolerance = k.computeDType === "bfloat16" ? 3 * unitRoundoff.bfloat16 : 2e-5;
        const found = k.readSync(k.linear(upload(k, x), second));
        assertNear(found, Float32Array.from(wanted), tolerance, format.name);
      });
    });
  }

  test("columns of blocks in another order are put back", (k) => {
    for (const format of blockFormats.filter(({ name }) => /^(G4_32|G8_32|A4_64)$/.test(name))) {
      const depth = 3 * format.elements, shape = [5, depth];
      const bytes = randomBlocks(format, sizeOf(shape) / format.elements, 3);
      const order = Int32Array.from({ length: depth }, (_, i) => (7 * i + 3) % depth);
      const values = format.unpack(bytes), own = new Float32Array(values.length);
      values.forEach((value, i) => own[i - i % depth + order[i % depth]] = value);
      const seen = rounded(k, { shape, data: own }), equal = equalIn(k, format);
      k.scope(() => {
        const weight = k.packedWeight(bytes, format, shape, order);
        equal(weight, seen);
        const row = loops.slice(seen, [2, 0], [1, -1]);
        equal(k.gather(weight, k.tensor(Int32Array.of(2), [1])), row);
        for (const rows of [1, 70]) {
          const x = rounded(k, grid([rows, depth], 45)), none = grid([5], 44, 0);
          const tolerance = k.computeDType === "bfloat16" ? 3 * unitRoundoff.bfloat16 : 2e-5;
          const found = k.readSync(k.linear(upload(k, x), weight));
          assertNear(found, Float32Array.from(linear(x, seen, none).data), tolerance, format.name);
        }
      });
    }
  });

  test("weights in files are those of their bytes", async (k) => {
    if (!k.files) return;
    const path = await Deno.makeTempFile();
    const format = blockFormats.find(({ name }) => name === "Q4_K")!;
    const shape = [3, 600, 4096], bytes = randomBlocks(format, sizeOf(shape) / 256, 5);
    const plain = grid([40, 30], 46).data;
    const content = new Uint8Array(bytes.length + 4 * plain.length + 100);
    content.set(bytes, 32);
    content.set(new Uint8Array(Float32Array.from(plain).buffer), bytes.length + 36);
    await Deno.writeFile(path, content);
    const { ino, size } = await Deno.stat(path);
    const file = { path, shownAs: "a file", inode: ino!, size };
    const { files } = k;
    k.scope(() => {
      const mapped = files.packedWeight({ file, ranges: [[32, bytes.length]] }, format, shape);
      const held = k.packedWeight(bytes, format, shape);
      const seen = (weight: Tensor) => {
        const second = k.reshape(k.slice(weight, [1, 0, 0], [1, -1, -1]), [600, 4096]);
        const x = upload(k, grid([1, 4096], 47));
        return [k.slice(second, [598, 0], [2, -1]), k.linear(x, second)].map(k.readSync);
      };
      assertEquals(seen(mapped), seen(held));
      const half = bytes.length / 2;
      const ranges = [[32 + half, half], [32, half]] as const; // read, not mapped
      const turned = files.packedWeight({ file, ranges }, format, [1800, 4096]);
      const rows = k.tensor(Int32Array.of(900, 1), [2]);
      const wanted = k.gather(k.reshape(held, [1800, 4096]), k.tensor(Int32Array.of(0, 901), [2]));
      assertEquals(k.readSync(k.gather(turned, rows)), k.readSync(wanted));
      const lying = { file, ranges: [[bytes.length + 36, 4 * plain.length]] as const };
      const own = files.weight(lying, "F32", [40, 30]);
      assertEquals(k.readSync(own), rounded(k, { shape: [40, 30], data: plain }).data);
      for (const stored of ["F16", "BF16"] as const) { // the same bytes as other numbers
        const halves = content.subarray(bytes.length + 36, bytes.length + 36 + 4 * plain.length);
        for (const count of [2400, 1201]) { // in one range, and from two that follow each other
          const first = 2 * (2400 - count), start = bytes.length + 36;
          const ranges = [[start, 2 * 1199], [start + 2 * 1199, 2 * 1201]] as const;
          const own = count === 2400 ? { file, ranges } : { file, ranges: [ranges[1]] };
          const wanted = k.weight(halves.slice(first, first + 2 * count), stored, [count]);
          assertEquals(k.readSync(files.weight(own, stored, [count])), k.readSync(wanted));
        }
      }
      assertThrows(() => files.weight(lying, "F32", [40, 31]), InputError, "needs 4960");
      for (const other of [{ ...file, inode: 1 }, { ...file, size: 1 }]) {
        const changed = { ...lying, file: other };
        assertThrows(
          () => files.weight(changed, "F32", [40, 30]),
          InputError,
          "changed or replaced",
        );
      }
      const missing = { ...lying, file: { ...file, path: `${path}.gone` } };
      assertThrows(
        () => files.weight(missing, "F32", [40, 30]),
        InputError,
        "a file: the file cannot",
      );
    });
    await Deno.remove(path);
  });

  test("a weight in blocks of another size is refused", (k) => {
    const format = blockFormats.find(({ name }) => name === "Q8_0")!;
    const bytes = randomBlocks(format, 6, 1);
    for (const shape of [[6, 33], [5, 32], [192], [32, 6]]) {
      assertThrows(() => k.packedWeight(bytes, format, shape), Error, "whole blocks");
    }
  });

  test("a format that nobody knows is unpacked", (k) => {
    const format: BlockFormat = {
      ...{ name: "twos", elements: 4, bytes: 1 },
      unpack: (bytes) => new Float32Array(4 * bytes.length).fill(2),
    };
    assertEquals(k.keepsPacked(format), false);
    k.scope(() => {
      const weight = k.packedWeight(new Uint8Array(2), format, [2, 4]);
      const y = k.linear(k.tensor(new Float32Array(4).fill(1), [1, 4]), weight);
      assertEquals([...k.readSync(y)], [8, 8]);
    });
  });
}
