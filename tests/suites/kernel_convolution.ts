/**
 * The part of the kernel suite about convolutions.
 * @module
 */
import { assertEquals } from "@std/assert";
import { compare, grid, type KernelTest, upload } from "./kernel_check.ts";
import * as loops from "./kernel_loops.ts";
import type { Grid } from "./kernel_loops.ts";

/** Borders before the first row and column, worked out by hand: of a side, a kernel and a stride. */
const before: Readonly<Record<"same" | "symmetric", Readonly<Record<string, number>>>> = {
  same: { "6,3,1": 1, "7,3,1": 1, "6,3,2": 0, "7,3,2": 1, "6,5,2": 1, "7,5,2": 2, "1,3,2": 1 },
  symmetric: { "6,3,1": 1, "7,3,1": 1, "6,3,2": 1, "7,3,2": 1, "6,5,2": 2, "7,5,2": 2, "1,3,2": 1 },
};

/** Declares the tests of convolutions. */
export function convolutionTests(test: KernelTest): void {
  for (const padding of ["same", "symmetric"] as const) {
    for (const depthwise of [false, true]) {
      const kind = depthwise ? "depthwise convolution" : "convolution";
      test(`${kind} with a ${padding} border, bias and activation`, (k) => {
        for (const [height, width] of [[6, 7], [7, 6], [1, 6]]) {
          for (const [side, stride] of [[3, 1], [3, 2], [5, 2]]) {
            const border = [height, width].map((size) =>
              before[padding][`${size},${side},${stride}`]
            );
            if (border.includes(undefined as never)) continue;
            const size = [height, width].map((s) => Math.ceil(s / stride));
            const out = depthwise ? 2 : 4; // 3 channels, each to 2, or all to 4
            const x = grid([2, height, width, 3], 1), kernel = grid([side, side, 3, out], 2);
            const bias = grid([depthwise ? 6 : 4], 3);
            const plain = (a: Grid, b: Grid, c: Grid) =>
              loops.convolve(a, b, c, {
                ...{ stride, depthwise },
                ...{ border: border as [number, number], size: size as [number, number] },
              });
            const call = { stride, padding, depthwise };
            compare(
              k,
              [x, kernel, bias],
              (a, b, c) => k.convolution({ x: a, kernel: b, bias: c, ...call }),
              plain,
            );
            compare(
              k,
              [x, kernel, bias],
              (a, b, c) =>
                k.convolution({ x: a, kernel: b, bias: c, ...call, activation: "relu6" }),
              (a, b, c) => {
                const { shape, data } = plain(a, b, c);
                return { shape, data: Array.from(data, (v) => Math.min(Math.max(v, 0), 6)) };
              },
            );
          }
        }
      });
    }
  }

  test("a convolution of single pixels is a product of matrices", (k) => {
    const x = grid([2, 3, 4, 5], 1), matrix = grid([7, 5], 2), bias = grid([7], 3);
    for (const activation of [undefined, "gelu", "relu6"] as const) {
      compare(
        k,
        [x, matrix, bias],
        (a, b, c) =>
          k.convolution({
            ...{ x: a, kernel: b, bias: c, stride: 1, padding: "same", depthwise: false },
            activation,
          }),
        (a, b, c) => {
          const { shape, data } = loops.convolve(
            a,
            loops.transpose({ shape: [1, 1, ...b.shape], data: b.data }, [0, 1, 3, 2]),
            c,
            { stride: 1, depthwise: false, border: [0, 0], size: [3, 4] },
          );
          const active = activation === "gelu"
            ? loops.activations.gelu
            : (v: number) => activation ? Math.min(Math.max(v, 0), 6) : v;
          return { shape, data: Array.from(data, active) };
        },
        { roundings: 3 },
      );
    }
  });

  test("a convolution without bias, and its element type", (k) => {
    k.scope(() => {
      const x = upload(k, grid([1, 4, 4, 2], 1)), kernel = upload(k, grid([3, 3, 2, 1], 2));
      const call = { bias: null, stride: 1, padding: "same", depthwise: true } as const;
      const y = k.convolution({ x: k.cast(x, k.computeDType), kernel, ...call });
      assertEquals([y.dtype, y.shape], ["float32", [1, 4, 4, 2]]);
    });
  });
}
