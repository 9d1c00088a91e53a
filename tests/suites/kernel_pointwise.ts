/**
 * The part of the kernel suite about norms, rotary embedding and activations.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Activation } from "../../lib/nn/kernels.ts";
import { compare, grid, type KernelTest, rounded, upload } from "./kernel_check.ts";
import * as loops from "./kernel_loops.ts";
import type { Grid } from "./kernel_loops.ts";
import { normShapes, rotateShapes } from "./kernel_shapes.ts";
import { assertBelow } from "./near.ts";

const times = (a: Grid, b: Grid) => loops.broadcast(a, b, (p, q) => p * q);

/** Declares the tests of norms, rotary embedding and activations. */
export function pointwiseTests(test: KernelTest): void {
  test("rmsNorm with and without gain", (k) => {
    for (const shape of normShapes) {
      const x = grid(shape, 14, 3), gain = grid(shape.slice(-1), 15);
      const unit = (g: Grid) => loops.rmsNorm(g, 1e-2);
      compare(k, [x, gain], (t, g) => k.rmsNorm(t, g, 1e-2), (t, g) => times(unit(t), g));
      compare(k, [x], (t) => k.rmsNorm(t, null, 1e-2), unit);
    }
    k.scope(() => {
      const x = k.scale(upload(k, grid([2, 4], 14)), 1e-6); // eps keeps a tiny input tiny
      const found = k.rmsNorm(x, null, 1);
      assertEquals(found.dtype, k.computeDType);
      k.readSync(found).forEach((v) => assertBelow(Math.abs(v), 1e-4, "a norm of tiny numbers"));
    });
  });

  test("layerNorm with gain and bias", (k) => {
    for (const shape of normShapes) {
      const x = grid(shape, 16, 3);
      const gain = grid(shape.slice(-1), 17), bias = grid(shape.slice(-1), 18);
      compare(
        k,
        [x, gain, bias],
        (t, g, b) => k.layerNorm(t, g, b, 1e-6),
        (t, g, b) => loops.broadcast(times(loops.layerNorm(t, 1e-6), g), b, (p, q) => p + q),
        { roundings: 3 }, // before the bias is added, too
      );
    }
    k.scope(() => {
      const x = upload(k, grid([2, 4], 16)), one = upload(k, grid([4], 17));
      assertEquals(k.layerNorm(x, one, one, 1e-6).dtype, k.computeDType);
    });
  });

  test("rotate turns each pair (i, i + H/2) by its angle", (k) => {
    for (const shape of rotateShapes) {
      const [tokens, width] = shape.slice(-2);
      const x = grid(shape, 19), cos = grid([tokens, width], 20), sin = grid([tokens, width], 21);
      // both products and their sum
      compare(k, [x, cos, sin], k.rotate, loops.rotate, { roundings: 3 });
      k.scope(() => { // tables stay in float32 where the input is narrow
        const narrow = k.cast(upload(k, rounded(k, x)), k.computeDType);
        assertEquals(k.rotate(narrow, upload(k, cos), upload(k, sin)).dtype, k.computeDType);
      });
      compare(
        k,
        [x],
        (t) => k.rotate(t, upload(k, cos), upload(k, sin)),
        (t) => loops.rotate(t, cos, sin),
      );
    }
  });

  for (const activation of Object.keys(loops.activations) as Activation[]) {
    test(`${activation} is its formula`, (k) => {
      const at = [-30, -8, -3, -1.5, -0.7, -0.1, -1e-4, 0, 1e-4, 0.2, 0.5, 1, 2.5, 5, 9, 40];
      const formula = ({ shape, data }: Grid): Grid => ({
        shape,
        data: Array.from(data, loops.activations[activation]),
      });
      for (const shape of [[16], [4, 4], [2, 2, 2, 2]]) {
        const x = { shape, data: at }, up = grid(shape, 22);
        compare(k, [x], (t) => k.activation(t, activation), formula);
        compare(
          k,
          [x, up],
          (g, u) => k.gatedActivation(g, u, activation),
          (g, u) => times(formula(g), u),
          { roundings: 3 }, // the activation, its product
        );
      }
      compare(k, [grid([0, 3], 1)], (t) => k.activation(t, activation), formula);
      const near = { shape: [8], data: at.slice(3, 11) }; // not hidden by the largest value
      compare(k, [near], (t) => k.activation(t, activation), formula);
    });
  }
}
