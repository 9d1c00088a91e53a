/**
 * Inputs and comparisons of the kernel suite.
 * @module
 */
import { assertEquals, AssertionError } from "@std/assert";
import type { Kernels, Tensor } from "../../lib/nn/kernels.ts";
import { widenToFloat32 } from "../../lib/backend/widen.ts";
import { Random } from "../../lib/stats/random.ts";
import { float32ToBfloat16 } from "../../lib/weights/dtypes.ts";
import { type Grid, sizeOf } from "./kernel_loops.ts";
import { unitRoundoff } from "./near.ts";

/** Declares one test: a body that leaves no tensor behind. */
export type KernelTest = (what: string, body: (k: Kernels) => void | Promise<void>) => void;

const made = new Map<string, Grid>();

/** Random values of a shape, made once for all runs of the suite. */
export function grid(shape: readonly number[], seed: number, deviation = 1): Grid {
  const name = `${shape} ${seed} ${deviation}`;
  let found = made.get(name);
  if (!found) {
    const random = new Random(seed);
    const data = Float32Array.from({ length: sizeOf(shape) }, () => random.normal(0, deviation));
    made.set(name, found = { shape, data });
  }
  return found;
}

/** The same values rounded to what the kernels multiply: the loops then begin where they begin. */
export function rounded(k: Kernels, { shape, data }: Grid): Grid {
  const values = Float32Array.from(data);
  if (k.computeDType === "float32") return { shape, data: values };
  const words = float32ToBfloat16(values);
  return { shape, data: widenToFloat32(new Uint8Array(words.buffer), "BF16") };
}

/** A tensor of ours from a grid. */
export const upload = (k: Kernels, g: Grid): Tensor => k.tensor(Float32Array.from(g.data), g.shape);

/** Terms of the longest sum in the suite. */
const longestSum = 1056;
/**
 * What float32 arithmetic may err by, relative to the largest value: the roundings of a sum of n terms
 * add up to sqrt(n) u. Six times that, for Strassen's method (twice as coarse) and for exponentials.
 */
const floatTolerance = 6 * Math.sqrt(longestSum) * unitRoundoff.float32;

/** How near a result must be; by default two roundings. */
export interface Bound {
  /**
   * Roundings to the compute type between inputs and result, each of at most u of the largest value.
   * A matrix product counts as two, since its result may be cut off instead (see `near.ts`); another
   * result as one, and one more for an intermediate that an implementation may keep. 0: equal.
   */
  readonly roundings?: number;
}

/**
 * Checks a kernel against plain loops, from float32 inputs and from inputs in the compute type. Inputs
 * are what the compute type holds exactly.
 *
 * @param loop what the kernel must give; where its result says `allowed` for each value, that much in
 * place of roundings
 */
export function compare(
  k: Kernels,
  inputs: readonly Grid[],
  kernel: (...tensors: Tensor[]) => Tensor,
  loop: (...grids: Grid[]) => Grid & { readonly allowed?: ArrayLike<number> },
  { roundings = 2 }: Bound = {},
): void {
  const narrow = k.computeDType === "bfloat16";
  const exact = inputs.map((g) => rounded(k, g));
  const { shape, data: wanted, allowed } = loop(...exact);
  let scale = 0;
  for (let i = 0; i < wanted.length; i++) {
    if (Number.isFinite(wanted[i])) scale = Math.max(scale, Math.abs(wanted[i]));
  }
  const plain = scale * (roundings === 0 ? 0 : floatTolerance) +
    (narrow && !allowed ? scale * roundings * unitRoundoff.bfloat16 : 0);
  for (const computed of narrow ? [false, true] : [false]) {
    const found = k.scope(() => {
      const tensors = exact.map((g) => upload(k, g));
      const y = kernel(...tensors.map((x) => computed ? k.cast(x, k.computeDType) : x));
      assertEquals(y.shape, [...shape]);
      return k.readSync(y);
    });
    assertEquals(found.length, wanted.length);
    for (let i = 0; i < wanted.length; i++) {
      const bound = plain + (narrow && allowed ? allowed[i] : 0);
      if (Math.abs(found[i] - wanted[i]) <= bound || Object.is(found[i], wanted[i])) continue;
      throw new AssertionError(
        `of inputs [${inputs.map((g) => g.shape).join("] [")}]${computed ? " in bfloat16" : ""} ` +
          `value ${i} is ${found[i]}, wanted ${wanted[i]} within ${bound.toPrecision(3)} ` +
          `(largest ${scale.toPrecision(3)})`,
      );
    }
  }
}
