/**
 * The part of the kernel suite about gradients: those of norms, gates and softmax equal central
 * differences of the plain loops.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Activation, Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { compare, grid, type KernelTest, upload } from "./kernel_check.ts";
import * as loops from "./kernel_loops.ts";
import type { Grid } from "./kernel_loops.ts";

const times = (a: Grid, b: Grid) => loops.broadcast(a, b, (p, q) => p * q);
const total = (x: Grid) => Array.from(x.data).reduce((a, b) => a + b, 0);

/** The gradient of the sum of `dy` times a function of `x`, by central differences. */
function slopes(f: (x: Grid) => Grid, { shape, data }: Grid, dy: Grid, step = 1e-4): Grid {
  const moved = (at: number, by: number) =>
    total(times(dy, f({ shape, data: Array.from(data, (v, i) => i === at ? v + by : v) })));
  const found = Array.from(data, (_, i) => (moved(i, step) - moved(i, -step)) / (2 * step));
  return { shape, data: found };
}

/** Declares the tests of gradients. */
export function gradientTests(test: KernelTest): void {
  test("the gradient of rmsNorm with and without gain", (k) => {
    for (const shape of [[6], [3, 8], [2, 2, 3, 4]]) {
      const x = grid(shape, 90, 2), dy = grid(shape, 91), gain = grid(shape.slice(-1), 92);
      const unit = (g: Grid) => loops.rmsNorm(g, 1e-2);
      const bound = { roundings: 4 }; // the gradient cancels
      compare(
        k,
        [x, gain, dy],
        (t, g, d) => k.rmsNormGradient(t, g, d, 1e-2),
        (t, g, d) => slopes((own) => times(unit(own), g), t, d),
        bound,
      );
      compare(
        k,
        [x, dy],
        (t, d) => k.rmsNormGradient(t, null, d, 1e-2),
        (t, d) => slopes(unit, t, d),
        bound,
      );
    }
  });

  for (const activation of Object.keys(loops.activations) as Activation[]) {
    test(`the gradients of a gate by ${activation}`, (k) => {
      const at = [-30, -8, -3, -1.5, -0.7, -0.1, -1e-2, 1e-2, 0.2, 0.5, 1, 1.7, 2.5, 5, 9, 40];
      const formula = ({ shape, data }: Grid): Grid => ({
        shape,
        data: Array.from(data, loops.activations[activation]),
      });
      for (const shape of [[16], [2, 2, 4]]) {
        const gate = { shape, data: at }, up = grid(shape, 93), dy = grid(shape, 94);
        const one = (which: 0 | 1) => (g: Tensor, u: Tensor, d: Tensor) => {
          const both = k.gatedActivationGradient(g, u, d, activation);
          assertEquals(both.map(({ dtype }) => dtype), ["float32", "float32"]);
          return both[which];
        };
        const bound = { roundings: 4 };
        compare(
          k,
          [gate, up, dy],
          one(0),
          (g, u, d) => slopes((own) => times(formula(own), u), g, d),
          bound,
        );
        compare(
          k,
          [gate, up, dy],
          one(1),
          (g, u, d) => slopes((own) => times(formula(g), own), u, d),
          bound,
        );
      }
    });
  }

  test("the gradient of softmax", (k: Kernels) => {
    for (const shape of [[5], [2, 7], [2, 3, 2, 9]]) {
      const x = grid(shape, 95, 2), dp = grid(shape, 96);
      compare(
        k,
        [x, dp],
        (t, d) => k.softmaxGradient(k.softmax(t), d),
        (t, d) => slopes(loops.softmax, t, d),
        { roundings: 6 },
      );
    }
    k.scope(() => { // keys that are hidden have no part
      const p = upload(k, { shape: [3], data: [0.25, 0.75, 0] });
      const dp = upload(k, { shape: [3], data: [1, 2, 1e30] });
      assertEquals(k.readSync(k.softmaxGradient(p, dp))[2], 0);
    });
  });
}
