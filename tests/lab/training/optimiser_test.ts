import * as tf from "@tensorflow/tfjs";
import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { bfloat16Arithmetic } from "../../../lib/backend/native_gradients.ts";
import { useBackend } from "../../../lib/backend/select.ts";
import {
  gradientNorm,
  Optimiser,
  orthogonalise,
  type Parameter,
} from "../../../lab/training/optimiser.ts";

await useBackend("auto");

/** The numbers that the reference run used for weights and gradients. */
const sequence = (n: number, a: number, b: number) =>
  Array.from({ length: n }, (_, i) => ((i * a + b) % 17 - 8) / 8);

/**
 * Weights after four steps of PyTorch 2.13: AdamW(lr .01, betas .9 .99, weight decay .1) and
 * Muon(lr .01, weight decay .1, momentum .95, Nesterov), gradients `sequence(n, 7, step)`.
 */
const pytorch = {
  adamw: [
    ...[-0.5831004977226257, 0.01068168506026268, 0.5888547301292419],
    ...[-0.83360356092453, -0.2888242304325104, 0.4127669632434845],
  ],
  muon2x3: [
    ...[-0.5912626385688782, -0.00010029060649685562, 0.6006287336349487],
    ...[-0.858401894569397, -0.2668514847755432, 0.4004139304161072],
  ],
  muon4x2: [
    ...[-0.5831714868545532, 0.012907596305012703, 0.6011858582496643, -0.8540338277816772],
    ...[-0.26084715127944946, 0.41421473026275635, 0.9941988587379456, -0.5117802619934082],
  ],
};

function fourSteps(rule: Parameter["rule"], shape: [number, number]): number[] {
  const size = shape[0] * shape[1];
  const variable = tf.variable(tf.tensor(sequence(size, 5, 3), shape));
  const optimiser = new Optimiser([{ name: "w", variable, rule }], {
    muonRate: 0.01,
    adamRate: 0.01,
    betas: [0.9, 0.99],
    adamDecay: 0.1,
  });
  for (let step = 0; step < 4; step++) {
    tf.tidy(() => void optimiser.step({ w: tf.tensor(sequence(size, 7, step), shape) }));
  }
  const values = [...variable.dataSync()];
  variable.dispose();
  optimiser.dispose();
  return values;
}

function largestDifference(a: readonly number[], b: readonly number[]): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i])));
}

Deno.test("AdamW gives PyTorch's weights", () => {
  assert(largestDifference(fourSteps("adamw", [2, 3]), pytorch.adamw) < 2e-6);
});

Deno.test("Muon gives PyTorch's weights, up to its bfloat16", () => {
  // PyTorch orthogonalises in bfloat16: 1e-2 of four steps of .01, times sqrt(2) for the tall one
  assert(largestDifference(fourSteps("muon", [2, 3]), pytorch.muon2x3) < 8e-4);
  assert(largestDifference(fourSteps("muon", [4, 2]), pytorch.muon4x2) < 8e-4);
});

Deno.test("orthogonalise follows the quintic polynomial on the singular values", () => {
  const diagonal = [3, 1, 0.5];
  const norm = Math.hypot(...diagonal);
  const expected = diagonal.map((value) => {
    let s = value / norm;
    for (let i = 0; i < 5; i++) s = 3.4445 * s - 4.775 * s ** 3 + 2.0315 * s ** 5;
    return s;
  });
  for (const [rows, columns] of [[3, 5], [5, 3]] as const) {
    const got = tf.tidy(() => {
      const data = new Float32Array(rows * columns);
      diagonal.forEach((value, i) => data[i * columns + i] = value);
      return orthogonalise(tf.tensor(data, [1, rows, columns])).dataSync();
    });
    expected.forEach((value, i) => assertAlmostEquals(got[i * columns + i], value, 1e-5));
    assertAlmostEquals(got[1], 0, 1e-6);
  }
});

const arithmetic = bfloat16Arithmetic();
if (!arithmetic) {
  Deno.test.ignore("orthogonalise in bfloat16 (only native TensorFlow has it)", () => {});
}
if (arithmetic) {
  Deno.test("orthogonalise in bfloat16 is the one in float32 up to its rounding", () => {
    for (const shape of [[3, 64, 64], [2, 64, 96], [2, 96, 32]]) {
      const before = tf.memory().numTensors;
      tf.tidy(() => {
        const x = tf.randomNormal(shape, 0, 1, "float32", 1);
        const wanted = orthogonalise(x);
        const error = tf.norm(tf.sub(orthogonalise(x, arithmetic), wanted));
        // bfloat16 has 8 bits: 2^-9 of each of about 20 roundings, more where directions are weak
        assert(tf.div(error, tf.norm(wanted)).dataSync()[0] < 0.05);
      });
      assertEquals(tf.memory().numTensors, before);
    }
  });
}

Deno.test("clipping scales all gradients together and reports the norm before it", () => {
  const variable = tf.variable(tf.tensor([1, 1]));
  const optimiser = new Optimiser([{ name: "w", variable, rule: "adamw" }], {
    muonRate: 1,
    adamRate: 1,
    adamDecay: 0,
    epsilon: 1e6, // so large that AdamW's move is proportional to the gradient
    clipNorm: 1,
  });
  const gradient = tf.tensor([30, 40]);
  assertAlmostEquals(gradientNorm({ w: gradient }), 50, 1e-4);
  assertAlmostEquals(optimiser.step({ w: gradient }), 50, 1e-4);
  const [x, y] = variable.dataSync();
  assertAlmostEquals((1 - x) * 1e6, 0.6, 0.1);
  assertAlmostEquals((1 - y) * 1e6, 0.8, 0.1);
  tf.dispose([variable, gradient]);
  optimiser.dispose();
});

Deno.test("Muon refuses what is no matrix; nothing is left allocated", () => {
  const before = tf.memory().numTensors;
  const variable = tf.tidy(() => tf.variable(tf.zeros([3])));
  assertThrows(
    () => new Optimiser([{ name: "gain", variable, rule: "muon" }], { muonRate: 1, adamRate: 1 }),
    Error,
    'Cannot move "gain" with Muon',
  );
  variable.dispose();
  assertEquals(tf.memory().numTensors, before);
});
