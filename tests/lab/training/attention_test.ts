import * as tf from "@tensorflow/tfjs";
import { assert, assertEquals } from "@std/assert";
import { type GradientOps, gradientOps } from "../../../lib/backend/native_gradients.ts";
import { portableKernels } from "../../../lib/backend/portable.ts";
import { useBackend } from "../../../lib/backend/select.ts";
import { denseAttention } from "../../../lib/nn/attention.ts";
import {
  type AttentionStatistics,
  type LocalWindow,
  maySee,
  TrainingAttention,
} from "../../../lab/training/attention.ts";
import { type BlockLayout, sequenceLength } from "../../../lab/training/layout.ts";
import { asKernelTensor, asTfjs } from "../../../lab/training/tensors.ts";

await useBackend("auto");
const k = portableKernels();

const heads = 6, keyValueHeads = 2, headDim = 8, batch = 2;

function inputs(length: number): [tf.Tensor4D, tf.Tensor4D, tf.Tensor4D] {
  return [
    tf.randomNormal([batch, heads, length, headDim], 0, 1, "float32", 1),
    tf.randomNormal([batch, keyValueHeads, length, headDim], 0, 1, "float32", 2),
    tf.randomNormal([batch, keyValueHeads, length, headDim], 0, 1, "float32", 3),
  ];
}

/** The definition with plain operations, which TensorFlow.js differentiates by itself. */
function naive(
  q: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  hidden: (h: number, i: number, j: number) => boolean,
) {
  const length = q.shape[2]!;
  const group = heads / keyValueHeads;
  const spread = (x: tf.Tensor) =>
    tf.gather(
      x,
      tf.tensor1d(Array.from({ length: heads }, (_, h) => Math.floor(h / group)), "int32"),
      1,
    );
  const mask = tf.buffer([heads, length, length]);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < length; i++) {
      for (let j = 0; j < length; j++) if (hidden(h, i, j)) mask.set(-1e30, h, i, j);
    }
  }
  const scores = tf.add(tf.matMul(q, spread(key), false, true), mask.toTensor());
  return tf.matMul(tf.softmax(scores), spread(value));
}

function difference(a: tf.Tensor, b: tf.Tensor): number {
  return tf.tidy(() => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]);
}

function run(
  attention: TrainingAttention,
  q: tf.Tensor,
  key: tf.Tensor,
  value: tf.Tensor,
  layer = 0,
) {
  return asTfjs(attention.attend(k, {
    query: asKernelTensor(q),
    segments: [{ key: asKernelTensor(key), value: asKernelTensor(value) }],
    layer,
  }));
}

/** A test with our own operations, where they are, and with portable ones. */
function bothWays(name: string, body: (ops: GradientOps | null) => void) {
  for (const ops of new Set([gradientOps(), null])) {
    Deno.test(`${name} (${ops ? "our own" : "portable"} operations)`, () => body(ops));
  }
}

const layouts: BlockLayout[] = [
  { context: 5, block: 3, blocks: 2 },
  { context: 1, block: 1, blocks: 4 },
  { context: 300, block: 7, blocks: 40 }, // several blocks of rows on both sides
];

bothWays("values and gradients are those of plain operations with the mask", (ops) => {
  for (const layout of [...layouts.slice(0, 2), { context: 37, block: 3, blocks: 2 }]) {
    const attention = new TrainingAttention(layout, [], null, ops);
    tf.tidy(() => {
      const length = sequenceLength(layout);
      const [q, key, value] = inputs(length);
      const hidden = (_: number, i: number, j: number) => !maySee(layout, i, j);
      assert(difference(run(attention, q, key, value), naive(q, key, value, hidden)) < 1e-5);
      const weigh = tf.randomNormal(q.shape, 0, 1, "float32", 4);
      const ours = tf.grads((a, b, c) => tf.sum(tf.mul(run(attention, a, b, c), weigh)))([
        q,
        key,
        value,
      ]);
      const plain = tf.grads((a, b, c) => tf.sum(tf.mul(naive(a, b, c, hidden), weigh)))([
        q,
        key,
        value,
      ]);
      ours.forEach((gradient, i) => assert(difference(gradient, plain[i]) < 1e-4));
    });
    attention.dispose();
  }
});

bothWays("each block gets what the model gives for the context and that block alone", (ops) => {
  for (const layout of layouts) {
    const attention = new TrainingAttention(layout, [], null, ops);
    tf.tidy(() => {
      const [q, key, value] = inputs(sequenceLength(layout));
      const all = run(attention, q, key, value);
      for (const block of [0, layout.blocks - 1]) {
        const start = layout.context + block * layout.block;
        const alone = (x: tf.Tensor) =>
          tf.concat([
            tf.slice(x, [0, 0, 0, 0], [-1, -1, layout.context, -1]),
            tf.slice(x, [0, 0, start, 0], [-1, -1, layout.block, -1]),
          ], 2);
        const dense = denseAttention(k, {
          query: asKernelTensor(alone(q)),
          segments: [{ key: asKernelTensor(alone(key)), value: asKernelTensor(alone(value)) }],
          layer: 0,
        });
        assert(difference(alone(all), asTfjs(dense)) < 1e-5);
      }
    });
    attention.dispose();
  }
});

bothWays("restricted heads see sink and window, by their place after the context", (ops) => {
  const layout = { context: 9, block: 3, blocks: 3 };
  const local: LocalWindow = { sink: 2, window: 4, heads: [true, false, true, true, false, false] };
  const attention = new TrainingAttention(layout, [null, local], null, ops);
  tf.tidy(() => {
    const [q, key, value] = inputs(sequenceLength(layout));
    const place = (i: number) => i < 9 ? i : 9 + (i - 9) % 3;
    const hidden = (h: number, i: number, j: number) =>
      !maySee(layout, i, j) || (local.heads[h] && place(j) >= 2 && place(j) <= place(i) - 4);
    const full = (_: number, i: number, j: number) => !maySee(layout, i, j);
    assert(difference(run(attention, q, key, value, 1), naive(q, key, value, hidden)) < 1e-5);
    assert(difference(run(attention, q, key, value, 0), naive(q, key, value, full)) < 1e-5);
  });
  attention.dispose();
});

bothWays("gradients keep no tensors", (ops) => {
  const attention = new TrainingAttention(layouts[2], [], null, ops);
  const [q, key, value] = inputs(sequenceLength(layouts[2]));
  const before = tf.memory().numTensors;
  tf.tidy(() => void tf.grads((a, b, c) => tf.sum(run(attention, a, b, c)))([q, key, value]));
  assertEquals(tf.memory().numTensors, before);
  attention.dispose();
  tf.dispose([q, key, value]);
});

bothWays("watched keys: mass and sharpness, with gradients; the output stays", (ops) => {
  const layout = { context: 5, block: 3, blocks: 2 };
  const attention = new TrainingAttention(layout, [], Int32Array.of(1, 2, 4), ops);
  const hidden = (_: number, i: number, j: number) => !maySee(layout, i, j);
  tf.tidy(() => {
    const [q, key, value] = inputs(sequenceLength(layout));
    const each = tf.tile(tf.reshape(tf.eye(11), [1, 1, 11, 11]), [batch, keyValueHeads, 1, 1]);
    const marks = tf.tensor1d([0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 0]);
    const wanted = (a: tf.Tensor, b: tf.Tensor) => {
      const p = naive(a, b, each, hidden);
      return {
        mass: tf.sum(tf.mul(p, marks), -1),
        sharpness: tf.sum(tf.mul(tf.square(p), marks), -1),
      };
    };
    assert(difference(run(attention, q, key, value), naive(q, key, value, hidden)) < 1e-5);
    const [statistics] = attention.statistics, told = wanted(q, key);
    assert(difference(statistics.mass, told.mass) < 1e-5);
    assert(difference(statistics.sharpness, told.sharpness) < 1e-5);
    const weigh = tf.randomNormal([batch, heads, 11], 0, 1, "float32", 4);
    const weighZ = tf.randomNormal(q.shape, 0, 1, "float32", 5);
    const both = (z: tf.Tensor, { mass, sharpness }: AttentionStatistics) =>
      tf.addN([
        tf.sum(tf.mul(z, weighZ)),
        tf.sum(tf.mul(sharpness, weigh)),
        tf.sum(tf.mul(tf.square(mass), weigh)),
      ]) as tf.Scalar;
    const ours = tf.grads((a, b, c) => {
      const z = run(attention, a, b, c);
      return both(z, attention.statistics.at(-1)!);
    })([q, key, value]);
    const plain = tf.grads((a, b, c) => both(naive(a, b, c, hidden), wanted(a, b)))([
      q,
      key,
      value,
    ]);
    ours.forEach((gradient, i) => assert(difference(gradient, plain[i]) < 1e-4));
  });
  attention.dispose();
});
